using System.Diagnostics;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>Builds that end at any moment, beside others that use the same cache.</summary>
[TestClass]
internal sealed class KilledBuildTests
{
    private const string Item = """
        <ModelItem Include="tiny.onnx" CalibrationData="data.npy" Sparsity="0.7" PruningCriterion="Magnitude"
            FineTune="Distill" Epochs="6" BatchSize="8" />
        """;

    // What a build has done by then differs: restored, resolved, compressing, storing. Milliseconds.
    private static readonly int[] Moments = [2500, 5000, 8000];

    [TestMethod]
    public void A_killed_build_harms_neither_the_next_nor_one_beside_it_that_shares_the_cache()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        using Consumer killed = New("killed"), beside = New("beside"), reference = New("reference");
        string shared = $"<ModelOptCacheDirectory>{killed.Cache}</ModelOptCacheDirectory>";
        beside.Edit("app.csproj", "<RootNamespace>", $"{shared}<RootNamespace>");
        reference.Build().Clean();
        Dictionary<string, byte[]> right = Artifacts(reference);
        Assert.IsNotEmpty(right);
        foreach (int moment in Moments)
        {
            // Both compress, as if the model were new.
            if (Directory.Exists(killed.Cache)) Directory.Delete(killed.Cache, recursive: true);
            foreach (Consumer app in new[] { killed, beside })
            {
                if (Directory.Exists(app.Artifacts)) Directory.Delete(app.Artifacts, recursive: true);
            }

            using Process build = killed.StartBuild(), other = beside.StartBuild();
            Task<(int ExitCode, string Output)> ended = Task.Run(() => Dotnet.Finish(other));
            Thread.Sleep(moment);
            build.Kill(entireProcessTree: true);
            (int exitCode, string output) = ended.Result;
            Assert.AreEqual(0, exitCode, output);
            AssertRight(right, beside, $"beside, killed after {moment} ms");
            killed.Build().Clean();
            AssertRight(right, killed, $"the next, killed after {moment} ms");
        }

        Assert.AreEqual(Consumer.Printed, killed.Run());
    }

    private static Consumer New(string folder)
    {
        Consumer app = Consumer.App(Item, folder: folder);
        TinyModel.WriteWide(app.PathOf("tiny.onnx"));
        TinyModel.WriteData(app.PathOf("data.npy"), samples: 400);
        return app;
    }

    private static Dictionary<string, byte[]> Artifacts(Consumer app) => Directory.GetFiles(app.Artifacts)
        .Where(file => Path.GetExtension(file) is ".tflite" or ".onnx" or ".embedded")
        .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private static void AssertRight(Dictionary<string, byte[]> right, Consumer app, string when)
    {
        Dictionary<string, byte[]> made = Artifacts(app);
        CollectionAssert.AreEquivalent(right.Keys, made.Keys, when);
        foreach ((string name, byte[] content) in right) CollectionAssert.AreEqual(content, made[name], $"{name}, {when}");
    }
}
