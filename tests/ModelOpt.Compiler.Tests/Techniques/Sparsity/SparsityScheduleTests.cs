using ModelOpt.Compiler.Techniques.Sparsity;

namespace ModelOpt.Compiler.Tests.Techniques.Sparsity;

[TestClass]
internal sealed class SparsityScheduleTests
{
    [TestMethod]
    public void A_polynomial_rises_as_the_paper_says_and_a_constant_does_not()
    {
        SparsitySchedule polynomial = new(PruningSchedule.Polynomial, 100, 300, 50);
        // s_f + (s_i − s_f)(1 − (t − t₀)/(nΔt))³ with s_i = 0 and s_f = 1.
        CollectionAssert.AreEqual(new[] { 0, 0.578125, 0.875, 0.984375, 1 },
            new[] { 100, 150, 200, 250, 300 }.Select(polynomial.ShareOf).ToArray());
        Assert.AreEqual(1, (polynomial with { Kind = PruningSchedule.Constant }).ShareOf(100));
    }

    [TestMethod]
    public void Zeros_are_chosen_at_the_begin_at_every_so_many_steps_and_at_the_end()
    {
        SparsitySchedule schedule = new(PruningSchedule.Polynomial, 10, 35, 10);
        CollectionAssert.AreEqual(new[] { 10, 20, 30, 35 }, Enumerable.Range(0, 100).Where(schedule.IsDue).ToArray());
    }

    [TestMethod]
    public void What_options_leave_open_ends_in_time_for_the_weights_to_recover()
    {
        Assert.AreEqual(new SparsitySchedule(PruningSchedule.Polynomial, 0, 60, 20),
            SparsitySchedule.Of(new() { PruningSchedule = PruningSchedule.Polynomial }, 90));
        Assert.AreEqual(1, SparsitySchedule.Of(new() { PruningSchedule = PruningSchedule.Polynomial }, 1).End);
    }

    [TestMethod]
    [DataRow(50, 40, "MOPT4105", "51")]
    [DataRow(0, 101, "MOPT4106", "100")]
    public void What_cannot_be_names_what_can(int begin, int end, string code, string possible)
    {
        ModelOptions options = new() { PruningSchedule = PruningSchedule.Constant, PruningBegin = begin, PruningEnd = end };
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => SparsitySchedule.Of(options, 100)).Diagnostic;
        Assert.AreEqual(code, diagnostic.Descriptor.Code);
        StringAssert.Contains(diagnostic.Message, possible);
    }
}
