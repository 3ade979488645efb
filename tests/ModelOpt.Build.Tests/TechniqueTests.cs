using System.Text.Json;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>Sparsity, clustering, channel pruning and decomposition by metadata and recipe, in builds.</summary>
[TestClass]
internal sealed class TechniqueTests
{
    // What the wrapper computes from the packed resource, beside what the plain file gives.
    private const string Compared = """
        using Tiny.Output output = model.Run(image);
                        string[] arguments = System.Environment.GetCommandLineArgs();
                        byte[] file = System.IO.File.ReadAllBytes(arguments[1]);
                        using ModelOpt.Runtime.TfliteModel plain = ModelOpt.Runtime.TfliteModel.Load(file);
                        float[] expected = new float[Tiny.ScoresLength];
                        plain.Run<float, float>(image, expected);
                        bool isSame = System.MemoryExtensions.SequenceEqual(output.Scores, System.MemoryExtensions.AsSpan(expected));
                        using System.IO.Stream resource = typeof(Program).Assembly.GetManifestResourceStream("ModelOpt.Tiny.tflite")!;
                        System.Console.WriteLine("same " + isSame + ", packed " + (resource.Length < 0.9 * file.Length));
        """;

    [TestMethod]
    public void Metadata_and_recipes_of_all_techniques_make_models_and_are_followed_item_by_item()
    {
        const string rest = """CalibrationData="data.npy" EmbedArtifact="false" Artifacts="report" />""";
        using Consumer app = Consumer.App($"""
            <ModelItem Include="tiny.onnx" CalibrationData="data.npy" Sparsity="0.5" SparsityPattern="1x4" SparsityDistribution="Uniform"
                       Clusters="8" ClusterScope="Channel" />
            <ModelItem Include="tiny.onnx" ClassName="TwoFour" SparsityPattern="2:4" PruningCriterion="Magnitude" {rest}
            <ModelItem Include="tiny.onnx" ClassName="Pruned" ChannelPruning="0.4" Recipe="experts.json" {rest}
            <ModelItem Include="tiny.onnx" ClassName="Split" Decomposition="0.3" {rest}
            <ModelItem Include="tiny.onnx" ClassName="Named" Recipe="recipe.json" {rest}
            """);
        TinyModel.WriteWide(app.PathOf("tiny.onnx"));
        app.Write("recipe.json", """{ "layers": [ { "match": "wide", "clusters": 5 } ] }""");
        app.Write("experts.json", """{ "expert": { "channelPruningTarget": "Bytes", "channelScore": "L2" } }""");
        app.Edit("Program.cs", "using Tiny.Output output = model.Run(image);\n            int batch", Compared + "\n            int batch");

        BuildLog first = app.Build().Clean();
        Assert.AreEqual(5, first.Compressions);
        JsonElement tiny = Report(app, "Tiny"), layer = Wide(tiny);
        Assert.IsTrue(first.Says($"KB {string.Join(", ", tiny.GetProperty("techniques").EnumerateArray())} (was "), first.Output);
        Assert.IsTrue(first.Says(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"%), {tiny.GetProperty("embeddedBytes").GetInt64() / 1000.0:0.#} KB embedded, ")), first.Output);
        StringAssert.StartsWith(layer.GetProperty("pattern").GetString(), "1x4");
        Assert.IsGreaterThan(0.49, layer.GetProperty("sparsity").GetDouble());
        Assert.IsLessThanOrEqualTo(8, layer.GetProperty("distinctWeightsInChannel").GetInt32());
        StringAssert.StartsWith(Wide(Report(app, "TwoFour")).GetProperty("pattern").GetString(), "2:4");
        string[] pruned = [.. Report(app, "Pruned").GetProperty("techniques").EnumerateArray().Select(t => t.GetString()!)];
        StringAssert.EndsWith(pruned[^1], "% fewer MACs");
        CollectionAssert.Contains(
            Report(app, "Split").GetProperty("passes").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToArray(),
            "Decomposition");
        Assert.AreEqual(5, Wide(Report(app, "Named")).GetProperty("distinctWeights").GetInt32());

        string printed = app.Run(arguments: Path.Combine(app.Artifacts, "Tiny.tflite"));
        StringAssert.StartsWith(printed, "same True, packed True");
        StringAssert.EndsWith(printed, Consumer.Printed);

        BuildLog second = app.Build("--no-restore").Clean();
        Assert.AreEqual(0, second.Compressions);
        Assert.IsTrue(second.WasUpToDate("_CompressModels"));

        Dictionary<string, DateTime> times = Times(app);
        app.Edit("app.csproj", "Sparsity=\"0.5\"", "Sparsity=\"0.75\"");
        Assert.AreEqual(1, app.Build("--no-restore").Clean().Compressions, "changed metadata");
        CollectionAssert.AreEqual((string[])["Tiny.tflite"], Changed(app, times));
        Assert.IsGreaterThan(0.74, Wide(Report(app, "Tiny")).GetProperty("sparsity").GetDouble());

        times = Times(app);
        app.Edit("recipe.json", "5", "3");
        Assert.AreEqual(1, app.Build("--no-restore").Clean().Compressions, "changed recipe");
        CollectionAssert.AreEqual((string[])["Named.tflite"], Changed(app, times));
        Assert.AreEqual(3, Wide(Report(app, "Named")).GetProperty("distinctWeights").GetInt32());
    }

    private static JsonElement Report(Consumer app, string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(app.Artifacts, $"{name}.report.json"))).RootElement;

    private static JsonElement Wide(JsonElement report) =>
        report.GetProperty("layers").EnumerateArray().Single(l => l.GetProperty("name").GetString() == "wide");

    private static Dictionary<string, DateTime> Times(Consumer app) =>
        Directory.GetFiles(app.Artifacts, "*.tflite").ToDictionary(f => Path.GetFileName(f), File.GetLastWriteTimeUtc);

    private static string[] Changed(Consumer app, Dictionary<string, DateTime> before) =>
        [.. Times(app).Where(now => before[now.Key] != now.Value).Select(now => now.Key)];
}
