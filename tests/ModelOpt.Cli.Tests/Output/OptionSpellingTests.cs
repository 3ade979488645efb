using System.Reflection;
using System.Text.RegularExpressions;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Tests.Output;

[TestClass]
internal sealed class OptionSpellingTests
{
    [TestMethod]
    [DataRow("Give the sizes by InputShape.", "Give the sizes by --input-shape.")]
    [DataRow("Set Quantization to Float16 or Int8, or use Sparsity, Clusters or ChannelPruning.",
        "Set --quantization to float16 or Int8, or use --sparsity, Clusters or --channel-pruning.")]
    [DataRow("FineTune=Distill, Quantization=WeightOnlyInt8", "--fine-tune distill, --quantization weight-only-int8")]
    [DataRow("Decomposition: 30 % cannot be removed", "--decompose: 30 % cannot be removed")]
    [DataRow("Sparsity is set, but no layer takes part.", "--sparsity is set, but no layer takes part.")]
    [DataRow("the input 'InputShape' of the layer's model", "the input 'InputShape' of the layer's model")]
    [DataRow("the model's Seed and State grow; InputStd", "the model's Seed and State grow; --std")]
    [DataRow("EvaluationLabels is set, but EvaluationData is not.", "--evaluation-labels is set, but --evaluation-data is not.")]
    public void Options_are_spelled_as_on_the_command_line(string message, string expected) =>
        Assert.AreEqual(expected, OptionSpelling.AtCommandLine(message));

    [TestMethod]
    public void No_diagnostic_speaks_of_metadata()
    {
        string[] metadata = [.. OptionCatalog.OfItems.Select(o => o.Name).Where(n => n.Count(char.IsAsciiLetterUpper) > 1)];
        DiagnosticDescriptor[] all = [.. typeof(DiagnosticDescriptor).Assembly.GetTypes()
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(f => f.FieldType == typeof(DiagnosticDescriptor)).Select(f => (DiagnosticDescriptor)f.GetValue(null)!)];
        Assert.IsGreaterThan(100, all.Length);
        int spelled = 0;
        foreach (string text in all.SelectMany(d => new[] { d.Format, d.Remedy }))
        {
            string spoken = OptionSpelling.AtCommandLine(text);
            if (spoken != text) spelled++;
            foreach (string name in metadata)
                Assert.DoesNotMatchRegex(new Regex($@"(?<!'[^']*)\b{name}\b"), spoken);
        }

        Assert.IsGreaterThan(20, spelled);
    }
}
