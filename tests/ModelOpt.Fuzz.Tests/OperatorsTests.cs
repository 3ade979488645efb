using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Fuzz.Operators;

namespace ModelOpt.Fuzz.Tests;

/// <summary>
/// Each operator against ONNX Runtime, on the same few cases every time; <c>modelopt-fuzz operators</c> runs others for hours.
/// </summary>
[TestClass]
internal sealed class OperatorsTests
{
    private const double MostUnlisted = 0.02;
    private const double MostRefusedOpen = 0.15;
    private const int OpenCases = 15;

    [TestMethod]
    public void Every_operator_has_a_schema_and_a_generator()
    {
        Assert.AreEqual("", string.Join(' ', OperatorGenerators.Drawn.Except(OperatorGenerators.Operators)));
        Assert.AreEqual("", string.Join(' ', OperatorGenerators.Drawn.Except(OperatorSchema.Operators)));
        Assert.AreEqual("", string.Join(' ', OperatorGenerators.Operators.Except(OperatorGenerators.Drawn)));
        Assert.AreEqual("", string.Join(' ', OperatorGenerators.NotDrawn.Keys.Except(Operator.Names)));
    }

    [TestMethod]
    public void Results_agree_with_ONNX_Runtime_and_no_more_is_refused_than_is_written_down()
    {
        Dictionary<string, RefusalRow> written = RefusalTable.Read(Table()).ToDictionary(r => r.Operator);
        IReadOnlyList<OperatorTally> tallies = OperatorRun.Run(new OperatorRunOptions(Seed: 1, RefusalTable.First));
        Assert.AreEqual("", string.Join('\n', tallies.SelectMany(t => t.Kinds.Select(k => $"{t.Name} {k.Index}: {k.What}\n  {k.Case}"))));
        Assert.AreEqual("", string.Join(' ', tallies.Where(t => t.Late > 0).Select(t => t.Name)), "refused after reading");
        Assert.AreEqual("", string.Join(' ', tallies.Where(t => t.Refused > written[t.Name].First).Select(t => t.Name)), "refuse more");
    }

    [TestMethod]
    public void Results_agree_with_ONNX_Runtime_where_sizes_are_open()
    {
        IReadOnlyList<OperatorTally> tallies = OperatorRun.Run(new OperatorRunOptions(Seed: 1, OpenCases, LeavesOpen: true));
        Assert.AreEqual("", string.Join('\n', tallies.SelectMany(t => t.Kinds.Select(k => $"{t.Name} {k.Index}: {k.What}\n  {k.Case}"))));
        // Sizes that a weight or an attribute says fit no others; what is refused may only fall.
        double refused = tallies.Sum(t => t.Refused), valid = tallies.Sum(t => t.Valid);
        Assert.IsLessThan(MostRefusedOpen * valid, refused);
    }

    [TestMethod]
    public void Of_each_operator_hardly_anything_is_refused_but_what_is_listed()
    {
        IReadOnlyList<RefusalRow> rows = RefusalTable.Read(Table());
        Assert.HasCount(OperatorGenerators.Drawn.Count(), rows);
        Assert.AreEqual("", string.Join(' ', rows.Where(r => r.Unlisted > MostUnlisted * r.Valid).Select(r => r.Operator)));
    }

    [TestMethod]
    public void The_same_seed_draws_the_same_cases()
    {
        foreach (string name in OperatorGenerators.Drawn)
            Assert.AreEqual($"{OperatorGenerators.Make(name, 7, 3, null, out _)}", $"{OperatorGenerators.Make(name, 7, 3, null, out _)}");
    }

    private static string Table()
    {
        using Stream stream = typeof(RefusalTable).Assembly.GetManifestResourceStream("refused.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
