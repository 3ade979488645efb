using System.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Tests;

/// <summary>The program itself, in a process of its own.</summary>
[TestClass]
internal sealed class ProcessTests
{
    private static readonly (string, object) Pads = ("pads", new[] { 1, 1, 1, 1 });

    [TestMethod]
    public void Exit_codes_and_streams_are_those_of_the_command()
    {
        using var folder = new TempFolder();
        CliResult right = CliProcess.Run(
            "evaluate", folder.WriteBrightest(), "--data", folder.WriteImages(), "--labels", folder.WriteLabels());
        Assert.AreEqual((0, "top-1 87.50 % (7/8)", ""), (right.ExitCode, right.Output.TrimEnd(), right.Error));

        CliResult wrong = CliProcess.Run("inspect", folder["absent.onnx"]);
        Assert.AreEqual((1, ""), (wrong.ExitCode, wrong.Output));
        StringAssert.StartsWith(wrong.Error, $"{folder["absent.onnx"]} : error MOPT1001: ");

        CliResult usage = CliProcess.Run("inspct");
        Assert.AreEqual((2, ""), (usage.ExitCode, usage.Output));
        StringAssert.Contains(usage.Error, "Did you mean 'inspect'?");
    }

    [TestMethod]
    public void The_number_of_processors_does_not_change_a_byte() => SameBytes(
        ["PROCESSOR_COUNT=1", "PROCESSOR_COUNT=2", "PROCESSOR_COUNT=5"],
        "--sparsity", "0.5", "--sparsity-pattern", "1x4", "--clusters", "8", "--channel-pruning", "0.2", "--decompose", "0.2");

    [TestMethod]
    public void Instructions_and_processors_do_not_change_a_byte_of_what_is_trained()
    {
        string report = SameBytes(
            ["PROCESSOR_COUNT=2", "PROCESSOR_COUNT=3", "EnableAVX512=0", "EnableAVX2=0"],
            "--sparsity", "0.8", "--pruning-criterion", "magnitude", "--fine-tune", "distill", "--epochs", "3", "--batch-size", "16");
        StringAssert.Contains(report, "which was kept", "nothing was trained");
    }

    /// <summary>
    /// Compresses a small network with data once for each variable of the .NET runtime, <c>NAME=VALUE</c> without their prefix.
    /// </summary>
    /// <returns>The report of the first, in JSON.</returns>
    private static string SameBytes(string[] variables, params string[] options)
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Add("Relu", graph.Add("Conv", [graph.Input("image", -1, 8, 8, 8), graph.Random(1, 32, 8, 3, 3)], Pads));
        x = graph.Add("Relu", graph.Add("Conv", [x, graph.Random(2, 32, 32, 3, 3)], Pads));
        x = graph.Add("Flatten", graph.Add("GlobalAveragePool", x));
        graph.Output(graph.Add("Gemm", [x, graph.Random(3, 10, 32)], ("transB", 1)));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));
        byte[] data = new byte[64 * 8 * 8 * 8];
        new Random(4).NextBytes(data);
        string calibration = folder.Write("data.npy", DataTesting.Npy("|u1", "64, 8, 8, 8", data));
        foreach (string variable in variables)
        {
            using Process process = CliProcess.Start(
                $"DOTNET_{variable}", ["compress", model, "-o", folder[variable], "--calibration", calibration, "--calibration-samples",
                    "16", "--std", "255", .. options]);
            CliResult result = CliProcess.End(process);
            Assert.AreEqual(0, result.ExitCode, result.Error);
        }

        string[] files = [.. Directory.GetFiles(folder[variables[0]]).Select(f => Path.GetFileName(f))];
        Assert.HasCount(4, files);
        foreach (string file in files)
        {
            byte[] first = File.ReadAllBytes(folder[$"{variables[0]}/{file}"]);
            foreach (string other in variables[1..])
                CollectionAssert.AreEqual(first, File.ReadAllBytes(folder[$"{other}/{file}"]), $"{other} {file}");
        }

        return File.ReadAllText(folder[$"{variables[0]}/model.report.json"]);
    }

    [TestMethod]
    public void Interrupting_leaves_nothing_behind()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Windows has no SIGINT to send to another process.");
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["out"]);
        string[] arguments =
        [
            "compress", folder.WriteBrightest(), "-o", folder["out"],
            "--calibration", folder.WriteImages(2_000_000), "--calibration-samples", "2000000",
        ];
        using Process process = Interruption.Heeded(() => CliProcess.Start(null, arguments));
        // Starting takes less work than this, calibrating far more.
        var clock = Stopwatch.StartNew();
        while (process.TotalProcessorTime < TimeSpan.FromSeconds(1.5) && clock.Elapsed < CliProcess.Limit) Thread.Sleep(20);
        Assert.IsFalse(process.HasExited, "it is still calibrating");
        Interruption.Send(process);
        CliResult result = CliProcess.End(process);
        Assert.AreEqual(130, result.ExitCode);
        StringAssert.Contains(result.Error, "cancelled");
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder["out"]));
    }
}
