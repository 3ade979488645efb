using System.Text;
using System.Xml.Linq;
using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Compiler.Tests.Emit.Reports;

[TestClass]
internal sealed class ReportPageTests
{
    private static readonly Report Sample = new()
    {
        Model = "a <b> & \"c\"",
        OnnxBytes = 4000,
        FileBytes = 1000,
        ZipBytes = 500,
        EmbeddedBytes = 400,
        OnnxMacs = 2000,
        Techniques = ["int8", "50 % sparse (1x4)"],
        Layers =
        [
            Layer("conv<1>", 800, 0.5, "1x4 (80 %)", 4, 1000),
            Layer("dense", 200, 0, "", 200, 500) with { DistinctWeightsInChannel = 90 },
            new() { Name = "relu", Operator = "Relu", OutputShape = ["N", "8"], Macs = 0, Parameters = 0, ActivationBits = 8 },
        ],
        Passes = [new("SparsityPass", 1, [new("dense", "it has only 200 weights & more")]), new("Int8Quantization", 3, [])],
        Diagnostics = [OptionDiagnostics.NoEffect.At(null, "conv<1>", "ClusterScope", "<Channel>", "Clusters")],
    };

    [TestMethod]
    public void The_page_is_well_formed_needs_nothing_else_and_is_always_the_same()
    {
        byte[] bytes = Sample.ToHtml();
        CollectionAssert.AreEqual(bytes, Sample.ToHtml());
        string page = Encoding.UTF8.GetString(bytes);
        XElement html = Parse(page);
        Assert.AreEqual("a <b> & \"c\"", html.Descendants("h1").Single().Value);
        foreach (string outside in (string[])["<script", "http", "url(", "src=", "href="])
            Assert.IsFalse(page.Contains(outside, StringComparison.Ordinal), outside);
        StringAssert.Contains(html.Value, "ClusterScope '<Channel>' has no effect, as Clusters is not set.");
        StringAssert.Contains(html.Value, "1,500 multiply-accumulates, 25.0 % less than the 2,000 before.");
        // A model of which nothing can be said is a page, too.
        Parse(Encoding.UTF8.GetString(
            (Sample with { Layers = [], Passes = [], Diagnostics = [], Techniques = [], OnnxBytes = 0, OnnxMacs = 0 }).ToHtml()));
    }

    [TestMethod]
    public void Each_layer_with_weights_has_a_row_whose_bars_are_its_figures()
    {
        XElement[] rows = [.. Parse(Encoding.UTF8.GetString(Sample.ToHtml())).Descendants("tr").Where(r => r.Elements("td").Count() == 9)];
        Assert.AreEqual(2, rows.Length);
        // 800 weights are the most: of 3200 bytes in float32, 800 in the file, 2 bits of entropy each.
        CollectionAssert.AreEqual((string[])["100%", "25%", "6.25%", "50%", "100%"], Widths(rows[0]));
        // 200 weights on the same scale; no zeros, no bar; half the multiply-accumulates.
        CollectionAssert.AreEqual((string[])["25%", "6.25%", "1.56%", "50%"], Widths(rows[1]));
        CollectionAssert.IsSubsetOf(
            (string[])["conv<1> Conv", "N×8", "0.8 KB", "50.0 %", "1x4 (80 %)", "4", "8 → 2.0", "1,000"],
            rows[0].Elements().Select(c => c.Value).ToArray());
        StringAssert.Contains(rows[1].Value, "Sparsity: it has only 200 weights & more");
        StringAssert.Contains(rows[1].Value, "20090 a channel");

        static string[] Widths(XElement row) => [.. row.Descendants("i").Select(i => i.Attribute("style")!.Value["width:".Length..])];
    }

    private static LayerReport Layer(string name, int weights, double sparsity, string pattern, int distinct, long macs) => new()
    {
        Name = name,
        Operator = "Conv",
        OutputShape = ["N", "8"],
        Macs = macs,
        Parameters = weights + 8,
        WeightBits = 8,
        Weights = weights,
        Sparsity = sparsity,
        Pattern = pattern,
        DistinctWeights = distinct,
        DistinctWeightsInChannel = distinct,
        BitsPerWeight = 2,
        ActivationBits = 8,
        Scale = 0.5f,
        ZeroPoint = -128,
    };

    // The page is written so that it is XML as well, but for the line that says it is HTML.
    private static XElement Parse(string page) => XDocument.Parse(page["<!DOCTYPE html>\n".Length..], LoadOptions.PreserveWhitespace).Root!;
}
