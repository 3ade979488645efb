using System.Text;

namespace ModelOpt.Cli.Tests.Commands;

[TestClass]
internal sealed class TrainCommandTests
{
    [TestMethod]
    public void Writes_a_model_that_ONNX_Runtime_finds_as_right_as_it_says()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages(80), labels = Labels(folder, 80, 0);
        CliResult trained = CliTesting.Run([
            "train", model, "-o", folder["new/out.onnx"], "--training-data", data, "--training-labels", labels, "--evaluation-data", data,
            "--evaluation-labels", labels, "--std", "255", "--from-scratch", "--epochs", "60", "--batch-size", "8", "--seed", "3",
            "--recipe", folder.Write("recipe.json", Encoding.UTF8.GetBytes(
                """
                {
                  "fineTune": "None",
                  "expert": { "optimizer": "AdamW", "learningRateSchedule": "OneCycle", "earlyStop": 5 },
                  "layers": [ { "match": "none" } ]
                }
                """))]);
        Assert.AreEqual("", trained.Error);
        Assert.AreEqual(0, trained.ExitCode);
        StringAssert.StartsWith(trained.Output, "before ");
        StringAssert.Contains(trained.Output, "after   100.00 % right");
        StringAssert.Contains(trained.LastLine, "out.onnx");
        Assert.AreEqual("out.onnx", Path.GetFileName(Directory.GetFiles(folder["new"]).Single()));
        CliResult evaluated = CliTesting.Run(
            "evaluate", folder["new/out.onnx"], "--data", data, "--labels", labels, "--std", "255", "--engine", "onnxruntime");
        Assert.AreEqual("top-1 100.00 % (80/80)", evaluated.LastLine);
    }

    [TestMethod]
    public void What_fails_writes_nothing()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages(), labels = Labels(folder, 8, 0);
        string[] command = ["train", model, "-o", folder["out.onnx"], "--training-data", data, "--std", "255"];
        Refused("MOPT4601", command);
        Refused("MOPT3011", [.. command, "--training-labels", Labels(folder, 7, 0)]);
        Refused("MOPT4503", [.. command, "--training-labels", Labels(folder, 8, 3)]);
        Refused("MOPT4604", [.. command, "--training-labels", Labels(folder, 8, 1, 4), "--evaluation-data", data, "--evaluation-labels",
            labels]);
        Refused("MOPT3001", [.. command, "--training-labels", folder["missing.npy"]]);
        Refused("MOPT7007", ["train", model, "-o", model, "--training-data", data, "--training-labels", labels]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.AreEqual(130, CliTesting.Run(cancelled.Token, [.. command, "--training-labels", labels]).ExitCode);
        Assert.IsFalse(File.Exists(folder["out.onnx"]));
        Assert.AreEqual(2, CliTesting.Run("train", model, "-o", folder["out.onnx"]).ExitCode);
        Assert.AreEqual(2, CliTesting.Run([.. command, "--sparsity", "0.5"]).ExitCode);

        static void Refused(string code, string[] command)
        {
            CliResult result = CliTesting.Run(command);
            Assert.AreEqual(1, result.ExitCode);
            StringAssert.Contains(result.Error, $"error {code}");
            Assert.AreEqual(1, result.Error.TrimEnd().Split('\n').Length, result.Error);
        }
    }

    private static string Labels(TempFolder folder, int count, int added, int classes = int.MaxValue) => folder.Write(
        $"labels{count}{added}{classes}.txt",
        Encoding.ASCII.GetBytes(string.Join('\n', Enumerable.Range(0, count).Select(i => ((i % 4) + added) % classes))));
}
