using System.Globalization;
using System.Net;
using System.Text;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>
/// Writes a <see cref="Report"/> as a page for people: one HTML file without scripts and without anything from elsewhere.
/// </summary>
internal sealed class ReportPage
{
    private const string Style = """
        :root { color-scheme: light dark; --text: #1d2430; --soft: #667085; --line: #e4e7ec; --back: #ffffff; --a: #d0d5dd; --b: #7fb2ff;
          --c: #175cd3; --d: #f79009; }
        @media (prefers-color-scheme: dark) { :root { --text: #e6e9ef; --soft: #98a2b3; --line: #344054; --back: #101828; --a: #475467;
          --b: #2e6fdb; --c: #9cc4ff; --d: #f7b267; } }
        body { font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 2rem auto; max-width: 1240px;
        overflow-x: auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; margin: 0 0 .4rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; }
        p { margin: .3rem 0 .8rem; max-width: 54rem; } small, .soft { color: var(--soft); font-size: 12px; }
        .chip { display: inline-block; border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .7rem; margin-right: .4rem; }
        table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12px;
        vertical-align: bottom; }
        th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.l { overflow-wrap: anywhere;
        min-width: 17rem; }
        .bar { position: relative; height: 14px; min-width: 76px; } .bar i { position: absolute; inset: 0 auto 0 0; border-radius: 2px;
        min-width: 1px; }
        .size { width: 160px; } .a { background: var(--a); } .b { background: var(--b); } .c { background: var(--c); }
        .d { background: var(--d); }
        .frame { outline: 1px solid var(--line); } .key { display: inline-block; width: 12px; height: 12px; border-radius: 2px;
        margin: 0 .3rem 0 .9rem; vertical-align: -1px; }
        details { margin: .4rem 0; } summary { cursor: pointer; } ul { margin: .3rem 0; }
        """;

    private readonly StringBuilder _html = new();

    private ReportPage()
    {
    }

    /// <summary>The page as UTF-8. The same report gives the same bytes.</summary>
    public static byte[] Write(Report report)
    {
        var page = new ReportPage();
        page.Add(report);
        return Encoding.UTF8.GetBytes(page._html.ToString());
    }

    private void Add(Report report)
    {
        string name = Text(report.Model);
        _html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
            + $"<title>{name} – ModelOpt report</title>\n<style>\n");
        _html.Append(Style.ReplaceLineEndings("\n")).Append("\n</style>\n</head>\n<body>\n");
        _html.Append($"<h1>{name}</h1>\n<p>{string.Concat(report.Techniques.Select(t => $"<span class=\"chip\">{Text(t)}</span>"))}</p>\n");
        AddTotals(report);
        AddStates(report);
        AddErrors(report);
        AddMessages(report);
        AddWeights(report);
        AddLayers(report);
        AddPasses(report);
        _html.Append("</body>\n</html>\n");
    }

    private void AddTotals(Report report)
    {
        double most = Math.Max(1, Math.Max(report.OnnxBytes, report.FileBytes));
        _html.Append("<h2>Size and work</h2>\n<table>\n");
        Row("ONNX file", report.OnnxBytes, "a", "what was compressed");
        Row("TFLite file", report.FileBytes, "b", "runs in ModelOpt.Runtime and LiteRT");
        Row("… in a ZIP archive", report.ZipBytes, "b", "the figure that papers publish");
        Row("… as it is embedded", report.EmbeddedBytes, "c", "packed in the assembly, expands to the TFLite file");
        _html.Append("</table>\n");

        long macs = report.Layers.Sum(l => l.Macs);
        _html.Append($"<p>One run takes <b>{Number(macs)}</b> multiply-accumulates");
        if (macs != report.OnnxMacs) _html.Append(
            $", {Percent(1 - ((double)macs / Math.Max(1, report.OnnxMacs)))} less than the {Number(report.OnnxMacs)} before");
        _html.Append(".</p>\n");

        void Row(string what, long bytes, string color, string note) => _html.Append(
            $"<tr><td>{what}</td><td class=\"n\">{Bytes(bytes)}</td>"
                + $"<td class=\"n\">{Percent((double)bytes / Math.Max(1, report.OnnxBytes))}</td>"
            + $"<td>{Bar("size", (color, bytes / most))}</td><td class=\"soft\">{note}</td></tr>\n");
    }

    private void AddStates(Report report)
    {
        if (report.States.Count == 0) return;
        _html.Append("<h2>State</h2>\n<p>Goes from call to call: ");
        _html.AppendJoin(", ", report.States.Select(s => $"<b>{Text(s.Output)}</b> is the next <b>{Text(s.Input)}</b>"));
        _html.Append(". A Stream of the class carries it; the first call gets zeros.</p>\n");
    }

    private void AddErrors(Report report)
    {
        if (report.OutputErrors.Count == 0) return;
        _html.Append("<h2>Outputs against the original model's</h2>\n<table>\n");
        foreach (OutputError error in report.OutputErrors)
        {
            _html.Append($"<tr><td>{Text(error.Output)}</td><td class=\"n\">{Percent(error.Error)}</td>"
                + $"<td>{Bar("size", ("b", Math.Min(1, error.Error)))}</td></tr>\n");
        }

        _html.Append("</table>\n<p class=\"soft\">Root mean square of the difference, as a share of the output's own, on calibration "
            + "samples. What it costs a task, <code>modelopt evaluate</code> measures.</p>\n");
        if (report.Agreement is not { } agreement) return;
        _html.Append($"<p>It chooses the original's class for {Percent(agreement.Share)} of {agreement.Count} samples "
            + (agreement.AreUnseen ? "that calibration did not use" : "that calibration used, too"));
        if (agreement is { FloatRight: { } floatRight, Right: { } right })
            _html.Append($", and is right on {Percent((double)right / agreement.Count)} (the original: "
                + $"{Percent((double)floatRight / agreement.Count)})");
        _html.Append(".</p>\n");
    }

    private void AddMessages(Report report)
    {
        if (report.Diagnostics.Count == 0) return;
        _html.Append("<h2>Messages</h2>\n<ul>\n");
        foreach (Diagnostic d in report.Diagnostics)
        {
            string layer = d.Layer is null ? "" : $"{Text(d.Layer)}: ";
            _html.Append($"<li><b>{d.Descriptor.Severity} {d.Descriptor.Code}</b> {layer}{Text(d.Message)} "
                + $"<span class=\"soft\">{Text(d.Descriptor.Remedy)}</span></li>\n");
        }

        _html.Append("</ul>\n");
    }

    private void AddWeights(Report report)
    {
        LayerReport[] layers = [.. report.Layers.Where(l => l.Weights > 0)];
        if (layers.Length == 0) return;
        long total = layers.Sum(l => (long)l.Weights!), zeros = (long)Math.Round(layers.Sum(l => l.Weights!.Value * l.Sparsity!.Value));
        double most = layers.Max(l => 4.0 * l.Weights!.Value), macs = Math.Max(1, layers.Max(l => l.Macs));
        _html.Append(
            $"""
            <h2>Weights, layer by layer</h2>
            <p>{Number(total)} weights, {Percent((double)zeros / total)} of them zero.
            Layers named NAME/0, NAME/1 are what NAME was split into.<br/>
            Size, one scale for all layers: <span class="key a"></span>in float32 <span class="key b"></span>in the file
            <span class="key c"></span>at least, if each weight is coded by itself (entropy)</p>
            <table>
            <tr><th>layer</th><th>output</th><th class="size">size of the weights</th><th class="n">bytes in<br/>the file</th><th>zeros</th>
            <th>pattern<br/>of zeros</th><th class="n">different<br/>values</th>
            <th class="n">bits in file<br/>→ entropy</th><th>multiply-<br/>accumulates</th></tr>

            """.ReplaceLineEndings("\n"));
        foreach (LayerReport l in layers)
        {
            double weights = l.Weights!.Value, file = weights * l.WeightBits!.Value / 8, entropy = weights * l.BitsPerWeight!.Value / 8;
            string values = l.DistinctWeightsInChannel < l.DistinctWeights
                ? $"{Number(l.DistinctWeights!.Value)}<br/><small>{Number(l.DistinctWeightsInChannel.Value)} a channel</small>"
                : Number(l.DistinctWeights!.Value);
            _html.Append($"<tr><td class=\"l\"><b>{Text(l.Name)}</b> <small>{Text(l.Operator)}</small>"
                + $"{Remarks(report, l)}</td><td><small>{Shape(l)}</small></td>");
            _html.Append($"<td>{Bar("size", ("a", 4 * weights / most), ("b", file / most), ("c", entropy / most))}</td>"
                + $"<td class=\"n\">{Bytes((long)file)}</td>");
            _html.Append($"<td>{Bar("frame", ("d", l.Sparsity!.Value))}<small>{Percent(l.Sparsity.Value)}</small></td>"
                + $"<td>{Text(l.Pattern ?? "")}</td>");
            _html.Append($"<td class=\"n\">{values}</td><td class=\"n\">{l.WeightBits} → "
                + $"{l.BitsPerWeight.Value.ToString("0.0", CultureInfo.InvariantCulture)}</td>");
            _html.Append($"<td>{Bar("frame", ("b", l.Macs / macs))}<small>{Number(l.Macs)}</small></td></tr>\n");
        }

        _html.Append("</table>\n");
    }

    private void AddLayers(Report report)
    {
        _html.Append("<h2>All layers</h2>\n<details><summary>");
        _html.Append($"{report.Layers.Count} layers in the order in which they run, with the form of what each gives</summary>\n<table>\n");
        _html.Append("<tr><th>layer</th><th>operator</th><th>output</th><th class=\"n\">bits</th><th class=\"n\">scale</th>"
            + "<th class=\"n\">zero<br/>point</th><th class=\"n\">weights to<br/>rounding, dB</th><th>remark</th></tr>\n");
        foreach (LayerReport l in report.Layers)
        {
            _html.Append($"<tr><td class=\"l\">{Text(l.Name)}</td><td>{Text(l.Operator)}</td><td>{Shape(l)}</td>"
                + $"<td class=\"n\">{l.ActivationBits}</td>");
            _html.Append(CultureInfo.InvariantCulture,
                $"<td class=\"n\">{l.Scale:G4}</td><td class=\"n\">{l.ZeroPoint}</td><td class=\"n\">{l.WeightSqnr:0.0}</td>");
            _html.Append($"<td class=\"soft\">{Text(l.Reason ?? "")}</td></tr>\n");
        }

        _html.Append("</table>\n</details>\n");
    }

    private void AddPasses(Report report)
    {
        _html.Append("<h2>What was done, in order</h2>\n");
        foreach (PassReport pass in report.Passes)
        {
            string head = $"<b>{Text(pass.Name)}</b> <span class=\"soft\">{Number(pass.Changes)} "
                + $"change{(pass.Changes == 1 ? "" : "s")}</span>";
            if (pass.Notes.Count == 0)
            {
                _html.Append($"<p>{head}</p>\n");
                continue;
            }

            _html.Append($"<details><summary>{head}, {pass.Notes.Count} remark{(pass.Notes.Count == 1 ? "" : "s")}</summary>\n<ul>\n");
            foreach (PassNote note in pass.Notes) _html.Append($"<li>{Text(note.ToString())}</li>\n");
            _html.Append("</ul>\n</details>\n");
        }
    }

    /// <summary>Bars over each other, the first at the back; each a color and a share of the width.</summary>
    private static string Bar(string kind, params (string Color, double Share)[] parts) => $"<div class=\"bar {kind}\">" + string.Concat(
        parts.Where(p => p.Share > 0).Select(p => string.Create(
            CultureInfo.InvariantCulture, $"<i class=\"{p.Color}\" style=\"width:{100 * Math.Clamp(p.Share, 0, 1):0.##}%\"></i>")))
                + "</div>";

    /// <summary>The notes of each pass about a layer.</summary>
    private static string Remarks(Report report, LayerReport layer) => string.Concat(
        from pass in report.Passes
        from note in pass.Notes
        where note.Layer == layer.Name
        select $"<br/><small>{Text(pass.Name.Replace("Pass", "", StringComparison.Ordinal))}: {Text(note.Text)}</small>");

    private static string Shape(LayerReport layer) => Text(string.Join('×', layer.OutputShape));

    private static string Bytes(long bytes) => bytes < 1_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} KB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.00} MB");

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(Printable.Escape(text));
}
