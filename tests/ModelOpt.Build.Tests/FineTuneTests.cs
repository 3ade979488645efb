using System.Diagnostics;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>Models that are trained in builds.</summary>
[TestClass]
internal sealed class FineTuneTests
{
    private const string Item =
        """
        <ModelItem Include="tiny.onnx" CalibrationData="data.npy" Sparsity="0.7" PruningCriterion="Magnitude"
            FineTune="Distill" Epochs="60" BatchSize="8" />
        """;

    [TestMethod]
    public void A_killed_build_goes_on_where_it_was_and_gives_the_same_model()
    {
        using Consumer whole = App(), killed = App();
        Assert.AreEqual(1, whole.Build().Clean().Compressions);
        string checkpoint = Path.Combine(killed.Artifacts, "Tiny.checkpoint");
        Kill(killed, checkpoint);
        CollectionAssert.DoesNotContain(Files(killed), "Tiny.tflite", "nothing half-written");
        byte[] state = File.ReadAllBytes(checkpoint);
        Assert.AreEqual(1, killed.Build().Clean().Compressions);
        CollectionAssert.AreEqual(Files(whole), Files(killed));
        Assert.IsFalse(File.Exists(checkpoint));
        foreach (string name in (string[])["Tiny.tflite", "Tiny.onnx", "Tiny.report.json"])
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(whole.Artifacts, name)),
                File.ReadAllBytes(Path.Combine(killed.Artifacts, name)), name);
        Assert.AreEqual(Consumer.Printed, killed.Run());

        // It is read: a damaged one is reported.
        state[^1] ^= 1;
        File.WriteAllBytes(checkpoint, state);
        killed.Edit("app.csproj", "Epochs=\"60\"", "Epochs=\"2\"");
        StringAssert.StartsWith(killed.Build().Warnings.Single(), "MOPT4606");
        Assert.IsFalse(File.Exists(checkpoint));
    }

    private static Consumer App()
    {
        Consumer app = Consumer.App(Item);
        TinyModel.WriteWide(app.PathOf("tiny.onnx"));
        TinyModel.WriteData(app.PathOf("data.npy"), samples: 400);
        return app;
    }

    private static string[] Files(Consumer app) =>
        [.. Directory.GetFiles(app.Artifacts).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    /// <summary>Starts a build and ends it, as a crash does, once a file is there.</summary>
    private static void Kill(Consumer app, string file)
    {
        using Process build = app.StartBuild();
        for (int i = 0; i < 1200 && !File.Exists(file) && !build.HasExited; i++) Thread.Sleep(50);
        Assert.IsFalse(build.HasExited, "The build ended before it was killed.");
        build.Kill(entireProcessTree: true);
        build.WaitForExit();
    }
}
