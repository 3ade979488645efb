using System.Globalization;
using System.Text;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Build;

/// <summary>The artifacts of a model as they are written, fresh from the compiler or from the cache.</summary>
/// <param name="Diagnostics">What <see cref="LoggedDiagnostic.Write"/> wrote.</param>
/// <param name="Summary">Sizes and techniques, for people.</param>
internal sealed record CompressedModel(
    byte[] Tflite, byte[] Embedded, byte[] Onnx, byte[] Report, byte[] ReportPage, byte[] Diagnostics, string Summary)
{
    /// <summary>Takes what the compiler gave.</summary>
    /// <param name="diagnostics">What it reported.</param>
    public static CompressedModel Of(CompiledModel model, IEnumerable<Diagnostic> diagnostics) => new(
        model.Tflite, model.Embedded, model.Onnx, model.Report.ToJson(), model.Report.ToHtml(), LoggedDiagnostic.Write(diagnostics),
        SummaryOf(model));

    /// <summary>What a build says of the model: sizes and techniques.</summary>
    /// <param name="embeds">Whether the embedded form is used.</param>
    public string Say(bool embeds) =>
        embeds && Embedded.Length < Tflite.Length ? $"{Summary}, {Size(Embedded.Length)} embedded" : Summary;

    /// <summary>The parts by which the cache stores it.</summary>
    public Dictionary<string, byte[]> ToParts() => new(StringComparer.Ordinal)
    {
        [nameof(Tflite)] = Tflite,
        [nameof(Embedded)] = Embedded,
        [nameof(Onnx)] = Onnx,
        [nameof(Report)] = Report,
        [nameof(ReportPage)] = ReportPage,
        [nameof(Diagnostics)] = Diagnostics,
        [nameof(Summary)] = Encoding.UTF8.GetBytes(Summary),
    };

    /// <summary>Takes what the cache found.</summary>
    /// <returns>Null if it found nothing, or not all parts.</returns>
    public static CompressedModel? FromParts(IReadOnlyDictionary<string, byte[]>? parts)
    {
        if (parts is null) return null;
        byte[]?[] p = [.. new[]
            { nameof(Tflite), nameof(Embedded), nameof(Onnx), nameof(Report), nameof(ReportPage), nameof(Diagnostics), nameof(Summary) }
            .Select(name => parts.GetValueOrDefault(name))];
        return p.Contains(null) ? null : new(p[0]!, p[1]!, p[2]!, p[3]!, p[4]!, p[5]!, Encoding.UTF8.GetString(p[6]!));
    }

    private static string SummaryOf(CompiledModel model)
    {
        long before = model.Report.OnnxBytes;
        string summary = string.Create(CultureInfo.InvariantCulture,
            $"{Size(model.Tflite.Length)} {string.Join(", ", model.Report.Techniques)} (was {Size(before)}, "
            + $"{100.0 * model.Tflite.Length / Math.Max(before, 1):0} %)");
        if (model.Report.Agreement is not { } agreement) return summary;
        double percent = 100.0 / agreement.Count;
        summary += string.Create(CultureInfo.InvariantCulture,
            $", same class as in float for {percent * agreement.Same:0.#} % of {agreement.Count} samples");
        return agreement is { Right: { } right, FloatRight: { } floatRight }
            ? string.Create(CultureInfo.InvariantCulture, $"{summary}, right {percent * right:0.#} % (float {percent * floatRight:0.#} %)")
            : summary;
    }

    private static string Size(long bytes) => bytes < 1_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:0.#} KB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");
}
