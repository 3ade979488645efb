using System.Diagnostics;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>Builds that cannot succeed: one diagnostic, nothing half-written, and the next build recovers.</summary>
[TestClass]
internal sealed class FailureTests
{
    private const string Item = """<ModelItem Include="tiny.onnx" CalibrationData="data.npy" />""";

    [TestMethod]
    public void Wrong_items_are_named_and_the_corrected_project_builds()
    {
        using Consumer app = Consumer.App(Item);
        app.Edit("app.csproj", "CalibrationData=", "Quantization=\"Int88\" CalibrationData=");
        app.Build().FailedWith("MOPT6001", "tiny.onnx", "'Int88'", "Int8, Float16, WeightOnlyInt8, None", "Did you mean 'Int8'");

        app.Edit("app.csproj", "Quantization=\"Int88\"", "InputMean=\"1,2,x\"");
        app.Build("--no-restore").FailedWith("MOPT6002", "tiny.onnx", "InputMean", "'1,2,x'");

        app.Edit("app.csproj", "InputMean=\"1,2,x\"", "ClassName=\"my-model\"");
        app.Build("--no-restore").FailedWith("MOPT6005", "tiny.onnx", "'my-model'");

        app.Edit("app.csproj", " ClassName=\"my-model\"", "");
        app.Edit("app.csproj", "data.npy", "absent.npy");
        app.Build("--no-restore").FailedWith("MOPT6003", "tiny.onnx", "CalibrationData", "'absent.npy'");

        app.Edit("app.csproj", "absent.npy", "data.npy");
        app.Edit("app.csproj", Item, Item + """<ModelItem Include="./tiny.onnx" />""");
        app.Build("--no-restore").FailedWith("MOPT6004", "./tiny.onnx", "'Tiny'");

        app.Edit("app.csproj", """<ModelItem Include="./tiny.onnx" />""", "");
        byte[] model = File.ReadAllBytes(app.PathOf("tiny.onnx"));
        File.WriteAllBytes(app.PathOf("tiny.onnx"), model[..(model.Length / 2)]);
        BuildLog broken = app.Build("--no-restore");
        Assert.AreNotEqual(0, broken.ExitCode);
        Assert.IsTrue(broken.Errors.All(e => e.StartsWith("MOPT1", StringComparison.Ordinal)), broken.Output);
        Assert.IsFalse(File.Exists(Path.Combine(app.Artifacts, "Tiny.tflite")));

        File.WriteAllBytes(app.PathOf("tiny.onnx"), model);
        Assert.AreEqual(1, app.Build("--no-restore").Clean().Compressions);
        Assert.AreEqual(Consumer.Printed, app.Run());
    }

    [TestMethod]
    public void A_place_that_cannot_be_written_is_named()
    {
        using Consumer app = Consumer.App(Item);
        Directory.CreateDirectory(Path.Combine(app.Artifacts, "Tiny.tflite"));
        app.Build().FailedWith("MOPT6006", "tiny.onnx", "Tiny.tflite");
        Assert.AreEqual(0, Directory.GetFiles(app.Artifacts, "*.tmp").Length);

        Directory.Delete(Path.Combine(app.Artifacts, "Tiny.tflite"));
        app.Build("--no-restore").Clean();
    }

    [TestMethod]
    public void Warnings_are_repeated_while_the_model_is_up_to_date_and_can_be_errors()
    {
        // Without calibration data only the weights are compressed, which is worth a warning.
        using Consumer app = Consumer.App("""<ModelItem Include="tiny.onnx" CalibrationSample="4" />""");
        BuildLog first = app.Build(), second = app.Build("--no-restore");
        Assert.AreEqual(0, first.ExitCode, first.Output);
        Assert.AreEqual(1, first.Compressions);
        Assert.AreEqual(0, second.Compressions);
        Assert.AreEqual(2, first.Warnings.Count, first.Output);
        CollectionAssert.AreEqual(first.Warnings.ToArray(), second.Warnings.ToArray());
        Assert.IsTrue(first.Warnings.Any(
            w => w.StartsWith("MOPT6009 tiny.onnx", StringComparison.Ordinal)
            && w.Contains("'CalibrationSamples'", StringComparison.Ordinal)));

        string code = first.Warnings.Single(w => !w.StartsWith("MOPT6009", StringComparison.Ordinal))[..8];
        app.Edit("app.csproj", "CalibrationSample=\"4\"", "");
        app.Build("--no-restore", $"-p:MSBuildWarningsAsErrors={code}").FailedWith(code, "tiny.onnx");
        Assert.AreEqual(1, app.Build("--no-restore").Warnings.Count);
    }

    [TestMethod]
    public void An_interrupted_build_leaves_nothing_half_done()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("The test interrupts the build as a Unix terminal does.");
        using Consumer app = Consumer.App(
            """<ModelItem Include="tiny.onnx" CalibrationData="data.npy" CalibrationSamples="100000000" />""");
        TinyModel.WriteData(app.PathOf("data.npy"), samples: 2_000_000);
        using (Process build = Interruption.Heeded(() => app.StartBuild()))
        {
            string started = Path.Combine(app.Artifacts, "Tiny.inputs");
            for (int i = 0; i < 1200 && !File.Exists(started) && !build.HasExited; i++) Thread.Sleep(100);
            Thread.Sleep(1500);
            Assert.IsFalse(build.HasExited, "The build ended before it was interrupted.");
            Interruption.Send(build);
            (int exitCode, string output) = Dotnet.Finish(build);
            Assert.AreNotEqual(0, exitCode, output);
        }

        CollectionAssert.AreEqual(new[] { "Tiny.inputs" }, Directory.GetFiles(app.Artifacts).Select(Path.GetFileName).ToArray());
        app.Edit("app.csproj", "100000000", "8");
        Assert.AreEqual(1, app.Build().Clean().Compressions);
        Assert.AreEqual(Consumer.Printed, app.Run());
    }
}
