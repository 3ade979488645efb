using ModelOpt.Compiler.Techniques.LowRank;

namespace ModelOpt.Compiler.Tests.Techniques.LowRank;

[TestClass]
internal sealed class RankBudgetTests
{
    [TestMethod]
    public void The_choice_is_near_the_best_of_all_choices_and_within_the_budget()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 20; trial++)
        {
            List<List<RankChoice>> curves = [.. Enumerable.Range(0, 4).Select(_ =>
            {
                double scale = random.NextDouble();
                return Enumerable.Range(0, 7).Select(i => new RankChoice(
                    i == 0 ? null : FactorForm.Channel, [8 - i], 700 - (100 * i), scale * i * i * (1 + (0.1 * random.NextDouble()))))
                        .ToList();
            })];
            RankChoice[] chosen = RankBudget.Choose(curves, 1500, 0);
            Assert.IsTrue(chosen.Sum(c => c.Macs) <= 1500);
            double best = (from a in curves[0] from b in curves[1] from c in curves[2] from d in curves[3]
                           where a.Macs + b.Macs + c.Macs + d.Macs <= 1500 select a.Error + b.Error + c.Error + d.Error).Min();
            Assert.IsTrue(chosen.Sum(c => c.Error) <= 1.1 * best, $"{chosen.Sum(c => c.Error)} against {best}");
        }
    }

    [TestMethod]
    public void Layers_stay_as_they_are_where_the_budget_allows_it()
    {
        List<RankChoice> curve = [new(null, [], 100, 0), new(FactorForm.Channel, [1], 10, 1)];
        Assert.IsNull(RankBudget.Choose([curve, curve], 200, 0)[0].Form);
        CollectionAssert.AreEqual(new[] { 10L, 10L }, RankBudget.Choose([curve, curve], 5, 0).Select(c => c.Macs).ToArray());
    }
}
