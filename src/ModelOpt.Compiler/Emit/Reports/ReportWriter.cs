using System.Text.Encodings.Web;
using System.Text.Json;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>Writes a <see cref="Report"/> as JSON.</summary>
internal static class ReportWriter
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The report as UTF-8 JSON, indented, ending in a line feed. The same report gives the same bytes.</summary>
    public static byte[] Write(Report report)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Options))
        {
            json.WriteStartObject();
            json.WriteString("model", report.Model);
            json.WriteNumber("onnxBytes", report.OnnxBytes);
            json.WriteNumber("fileBytes", report.FileBytes);
            json.WriteNumber("zipBytes", report.ZipBytes);
            json.WriteNumber("embeddedBytes", report.EmbeddedBytes);
            json.WriteNumber("onnxMacs", report.OnnxMacs);
            WriteStrings(json, "techniques", report.Techniques);
            if (report.States.Count > 0) WriteList(json, "states", report.States, WriteState);
            if (report.OutputErrors.Count > 0) WriteList(json, "outputErrors", report.OutputErrors, WriteOutputError);
            if (report.Agreement is { } agreement) WriteAgreement(json, agreement);
            WriteList(json, "layers", report.Layers, WriteLayer);
            WriteList(json, "passes", report.Passes, WritePass);
            WriteList(json, "diagnostics", report.Diagnostics, WriteDiagnostic);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void WriteState(Utf8JsonWriter json, StatePair state)
    {
        json.WriteString("input", state.Input);
        json.WriteString("output", state.Output);
    }

    private static void WriteOutputError(Utf8JsonWriter json, OutputError error)
    {
        json.WriteString("output", error.Output);
        json.WriteNumber("error", Math.Round(error.Error, 4));
    }

    private static void WriteAgreement(Utf8JsonWriter json, ClassAgreement agreement)
    {
        json.WriteStartObject("agreement");
        json.WriteNumber("same", agreement.Same);
        json.WriteNumber("count", agreement.Count);
        json.WriteBoolean("unseen", agreement.AreUnseen);
        if (agreement.FloatRight is { } floatRight) json.WriteNumber("floatRight", floatRight);
        if (agreement.Right is { } right) json.WriteNumber("right", right);
        json.WriteEndObject();
    }

    private static void WriteLayer(Utf8JsonWriter json, LayerReport layer)
    {
        json.WriteString("name", layer.Name);
        json.WriteString("operator", layer.Operator);
        WriteStrings(json, "outputShape", layer.OutputShape);
        json.WriteNumber("macs", layer.Macs);
        json.WriteNumber("parameters", layer.Parameters);
        if (layer.WeightBits is { } bits) json.WriteNumber("weightBits", bits);
        if (layer.Weights is { } weights) json.WriteNumber("weights", weights);
        if (layer.Sparsity is { } sparsity) json.WriteNumber("sparsity", sparsity);
        if (layer.Pattern is { Length: > 0 } pattern) json.WriteString("pattern", pattern);
        if (layer.DistinctWeights is { } distinct) json.WriteNumber("distinctWeights", distinct);
        if (layer.DistinctWeightsInChannel is { } inChannel) json.WriteNumber("distinctWeightsInChannel", inChannel);
        if (layer.BitsPerWeight is { } entropy) json.WriteNumber("bitsPerWeight", entropy);
        json.WriteNumber("activationBits", layer.ActivationBits);
        if (layer.Scale is { } scale) json.WriteNumber("scale", scale);
        if (layer.ZeroPoint is { } zeroPoint) json.WriteNumber("zeroPoint", zeroPoint);
        if (layer.WeightSqnr is { } sqnr) json.WriteNumber("weightSqnr", sqnr);
        if (layer.Reason is { } reason) json.WriteString("reason", reason);
    }

    private static void WritePass(Utf8JsonWriter json, PassReport pass)
    {
        json.WriteString("name", pass.Name);
        json.WriteNumber("changes", pass.Changes);
        if (pass.Notes.Count > 0) WriteStrings(json, "notes", [.. pass.Notes.Select(n => n.ToString())]);
    }

    private static void WriteDiagnostic(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteString("code", diagnostic.Descriptor.Code);
        json.WriteString("severity", diagnostic.Descriptor.Severity.ToString());
        if (diagnostic.Layer is { } layer) json.WriteString("layer", layer);
        json.WriteString("message", diagnostic.Message);
        json.WriteString("remedy", diagnostic.Descriptor.Remedy);
    }

    private static void WriteList<T>(
        Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> items)
    {
        json.WriteStartArray(name);
        foreach (string item in items) json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
