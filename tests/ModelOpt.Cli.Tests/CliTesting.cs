using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Tests;

/// <summary>How a command ended and what it wrote.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    public string LastLine => Output.TrimEnd().Split('\n')[^1].TrimEnd();
}

internal static class CliTesting
{
    /// <summary>Runs a command line in this process.</summary>
    public static CliResult Run(params string[] args) => Run(CancellationToken.None, args);

    public static CliResult Run(CancellationToken cancellation, params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        using var terminal = new Terminal(output, error, showProgress: false);
        int exitCode = CommandLine.RunAsync(args, terminal, cancellation).GetAwaiter().GetResult();
        Assert.IsFalse($"{output}{error}".Contains('\e'), "plain output has no escape sequences");
        return new CliResult(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Writes a model that finds the brightest of four pixels [N, 1, 2, 2], in float.</summary>
    public static string WriteBrightest(this TempFolder folder, string name = "brightest.onnx")
    {
        var graph = new TestGraph();
        Value pixels = graph.Add("Flatten", graph.Input("pixels", -1, 1, 2, 2));
        Value identity = graph.Constant(Tensor.Of<float>([4, 4], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]));
        graph.Output(graph.Add("Gemm", pixels, identity));
        return folder.Write(name, OnnxWriter.Write(graph.Build()));
    }

    /// <summary>Writes images [count, 2, 2] of bytes; pixel i mod 4 of image i is the brightest.</summary>
    public static string WriteImages(this TempFolder folder, int count = 8)
    {
        byte[] images = [.. Enumerable.Range(0, count * 4).Select(i => (byte)(i / 4 % 4 == i % 4 ? 200 + (i % 50) : i * 7 % 190))];
        return folder.Write("images.npy", DataTesting.Npy("|u1", $"{count}, 2, 2", images));
    }

    /// <summary>Writes labels, the right class plus an offset, except that the first is wrong.</summary>
    public static string WriteLabels(this TempFolder folder, int count = 8, int offset = 0) => folder.Write(
        "labels.npy",
        DataTesting.Npy("|u1", $"{count}", [.. Enumerable.Range(0, count).Select(i => (byte)((i == 0 ? 1 : i % 4) + offset))]));
}
