using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ModelOpt.Reproduce;

/// <summary>What a variant came to.</summary>
/// <param name="Right">How many test images are classified right.</param>
/// <param name="ZipBytes">The TFLite file in a ZIP archive.</param>
/// <param name="EmbeddedBytes">The TFLite file as a build embeds it.</param>
internal sealed record MnistResult(
    MnistVariant Variant, int Right, int Tested, long OnnxBytes, long TfliteBytes, long ZipBytes, long EmbeddedBytes)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Median time of one image on one thread, in milliseconds.</summary>
    public double Single { get; init; }

    /// <summary>Median time of an image of a batch on one thread, in milliseconds.</summary>
    public double Batch { get; init; }

    /// <summary>Median time of an image of a batch on all processors, in milliseconds.</summary>
    public double ThreadedBatch { get; init; }

    /// <summary>The headings of the table; those that begin with &gt; are of numbers.</summary>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="threads">Threads of the last column.</param>
    public static string[] Columns(int batch, int threads) =>
    [
        "model", ">right", ">published", ">.tflite", ">in a ZIP", ">embedded", ">ONNX / embedded", ">published bytes", ">1 image, µs",
        $">of {batch}, µs", $">on {threads} threads, µs",
    ];

    /// <summary>The cells of the row.</summary>
    public string[] Row() =>
    [
        Variant.Name, MnistVariant.Text($"{100.0 * Right / Tested:F2} %"), Variant.PublishedAccuracy,
        MnistVariant.Text($"{TfliteBytes:N0}"),
        MnistVariant.Text($"{ZipBytes:N0}"), MnistVariant.Text($"{EmbeddedBytes:N0}"),
        MnistVariant.Text($"{(double)OnnxBytes / EmbeddedBytes:F1}"),
        Variant.PublishedBytes, MnistVariant.Text($"{1e3 * Single:F1}"), MnistVariant.Text($"{1e3 * Batch:F1}"),
        MnistVariant.Text($"{1e3 * ThreadedBatch:F1}"),
    ];

    /// <summary>The table in Markdown, each row with the options that make it.</summary>
    public static byte[] Markdown(IReadOnlyList<MnistResult> results, IReadOnlyList<string> columns, string machine)
    {
        var text = new StringBuilder($"{machine}. The ONNX file of the float model has {MnistVariant.Text($"{results[0].OnnxBytes:N0}")} "
            + "bytes.\n\n");
        text.Append($"| {string.Join(" | ", columns.Select(c => c.TrimStart('>')))} | options of `modelopt compress` |\n");
        text.Append($"| {string.Join(" | ", columns.Select(c => c.StartsWith('>') ? "---:" : "---"))} | --- |\n");
        foreach (MnistResult result in results) text.Append($"| {string.Join(" | ", result.Row())} | `{result.Variant.Arguments}` |\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The numbers as JSON, times in milliseconds.</summary>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="threads">Threads of the batch on all processors.</param>
    public static byte[] Json(IReadOnlyList<MnistResult> results, string machine, int batch, int threads) =>
        JsonSerializer.SerializeToUtf8Bytes(
        new JsonObject
        {
            ["machine"] = machine, ["batch"] = batch, ["threads"] = threads, ["onnxBytes"] = results[0].OnnxBytes,
            ["models"] = new JsonArray([.. results.Select(r => new JsonObject
            {
                ["name"] = r.Variant.Name, ["options"] = r.Variant.Arguments, ["right"] = r.Right, ["tested"] = r.Tested,
                ["tfliteBytes"] = r.TfliteBytes, ["zipBytes"] = r.ZipBytes, ["embeddedBytes"] = r.EmbeddedBytes,
                ["singleMs"] = r.Single, ["batchMs"] = r.Batch, ["threadedBatchMs"] = r.ThreadedBatch,
            })]),
        },
        Indented);
}
