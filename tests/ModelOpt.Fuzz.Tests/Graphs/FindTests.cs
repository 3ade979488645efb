using ModelOpt.Fuzz.Graphs;

namespace ModelOpt.Fuzz.Tests.Graphs;

/// <summary>Models that fuzzing found, shrunk: what was wrong with them is mended.</summary>
[TestClass]
internal sealed class FindTests
{
    public static IEnumerable<object[]> Finds => Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Graphs", "Finds"), "*.onnx")
        .Order(StringComparer.Ordinal).Select(file => new object[] { Path.GetFileName(file) });

    [TestMethod]
    [DynamicData(nameof(Finds))]
    public void What_was_found_is_mended(string find)
    {
        byte[] model = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Graphs", "Finds", find));
        Finding? finding = GraphCommands.Replay(model, liteRt: true);
        Assert.IsFalse(finding is { IsFault: true }, $"{finding}");
    }
}
