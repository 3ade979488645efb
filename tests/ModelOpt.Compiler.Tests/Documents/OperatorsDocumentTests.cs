using System.Text;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Onnx.Rewrites.Learned;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Recurrent;
using ModelOpt.Compiler.Operators.Trigonometry;
using ModelOpt.Compiler.Tests.Conformance;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Documents;

/// <summary>Writes docs/operators.md: every operator that a model may have, and what works with it.</summary>
[TestClass]
internal sealed class OperatorsDocumentTests
{
    private const string Head = """
        # Operators

        Written by a test, from what operators say of themselves and from ONNX's conformance cases (those of ONNX 1.12, which Debian has).
        A model with any other operator is refused when it is read, and `modelopt inspect` says so.

        - **opsets**: the opsets whose forms are read. What a form says differently is brought to the newest one.
        - **cases**: of ONNX's cases of this operator alone, how many pass in the interpreter, in the runtime and in LiteRT. An operator
          without cases came later, or ONNX has none: other tests compare it with ONNX Runtime. What does not pass is training, text, or has
          a size that depends on values; LiteRT does not run custom operators (`modelopt.NAME`), tensors without elements, a few types, and
          does not fill outputs that depend on no input.
        - **LiteRT**: "custom" is an operator that TFLite lacks; "composite" is one, too, but the file has what computes it in operators of
          TFLite beside it, which LiteRT runs. Everything else is written as builtin operators.
        - **int8**: "yes" computes in int8; "moves" takes int8 from what computes beside it; "float" stays float.
        - **gradient**: whether fine-tuning and distillation go through it.
        - **channels**: whether channels can be pruned through it, in cases with axes to prune; "–" where no case has any.
        - **open sizes**: whether it follows sizes that a call says, besides a batch of samples that stay apart. "no" works out positions,
          points or windows from the sizes when the model is compiled; `InputShape` fixes them. A "yes" may still need some to be known, as
          the channels of a weight.

        Operators of the second and third list are read as others, in whose place they stand: what holds for those holds for them.

        """;

    [TestMethod]
    public void The_table_of_operators_is_current()
    {
        if (!ConformanceCase.Installed) Assert.Inconclusive("Debian's package libonnx-testdata is not installed.");
        ILookup<string, string> cases = Cases().ToLookup(c => c.Operator, c => c.Case, StringComparer.Ordinal);
        var text = new StringBuilder(Head);
        text.Append($"\n## Operators of graphs ({Operator.Names.Count()})\n\n");
        text.Append("| operator | opsets | cases | LiteRT | int8 | gradient | channels | open sizes |\n");
        text.Append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (string name in Operator.Names) text.Append(Row(Operator.Find(name)!, [.. cases[name]]));
        string[] own = [.. NodeRewrites.Names("")];
        text.Append($"\n## Operators of ONNX that others express ({own.Length})\n\n| operator | cases |\n| --- | --- |\n");
        foreach (string name in own) text.Append($"| {name} | {Counts([.. cases[name]])} |\n");
        text.Append("\n## Operators of other domains that others express\n\n");
        foreach (string domain in new[] { NodeRewrite.Microsoft, LearnedRewrite.MachineLearning })
            text.Append($"`{domain}`: {string.Join(", ", NodeRewrites.Names(domain))}.\n\n");
        text.Append("ZipMap of `ai.onnx.ml` is left out: probabilities stay a tensor. Labels that are text become their positions.\n");
        Snapshot.Equal("docs/operators.md", text.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>The cases that consist of one operator.</summary>
    private static IEnumerable<(string Operator, string Case)> Cases()
    {
        foreach (ConformanceCase test in ConformanceCase.All())
        {
            string[] types = [.. test.Model.Graph.Node.Select(n => n.OpType).Where(t => t != "Constant").Distinct()];
            if (types.Length == 1) yield return (types[0], test.Name);
            else if (types.Length == 0) yield return ("Constant", test.Name);
        }
    }

    private static string Row(Operator op, string[] cases)
    {
        string opsets = $"{op.Versions[0].Opset}–{Graph.Opset}";
        if (op is ComposedOperator)
            return $"| {op.Type} | {opsets} | {Counts(cases)} | its parts | its parts | its parts | its parts | its parts |\n";
        string gradient = op is IDifferentiable ? "yes" : "no", open = TakesOpenSizes(op) ? "yes" : "no";
        return $"| {op.Type} | {opsets} | {Counts(cases)} | {Written(op)} | {Int8(op)} | {gradient} | {Channels(op, cases)} | {open} |\n";
    }

    private static string Counts(string[] cases)
    {
        if (cases.Length == 0) return "none";
        (bool Interpreter, bool Runtime, bool LiteRt)[] passes = Array.ConvertAll(cases, ConformanceTests.Passes);
        return $"{cases.Length}: {passes.Count(p => p.Interpreter)}, {passes.Count(p => p.Runtime)}, {passes.Count(p => p.LiteRt)}";
    }

    private static string Written(Operator op) => op switch
    {
        Erf or Sinh or Asinh or Acosh or Atanh => "composite",
        RecurrentOperator => $"composite to {RecurrentDecomposition.MostSteps} steps",
        _ => IsCustom(op) ? "custom" : "yes",
    };

    private static bool IsCustom(Operator op) =>
        Enum.GetNames<BuiltinOperator>().Any(n => n.Equals(op.Type, StringComparison.OrdinalIgnoreCase)
            && Enum.Parse<BuiltinOperator>(n) > BuiltinOperator.FirstCustom) || op.Type == "BitShift";

    // A ConvTranspose is written as convolutions before it is asked.
    private static bool TakesOpenSizes(Operator op) => op is ConvTranspose
        || op.GetType().GetMethod(nameof(Operator.TakesComputedSizes))!.DeclaringType != typeof(Operator);

    private static string Int8(Operator op) => op is ConvTranspose ? "as Conv" : op.Quantization switch
    {
        QuantizationRule.Float => "float",
        QuantizationRule.SharesInput or QuantizationRule.SharesAll => "moves",
        _ => "yes",
    };

    /// <summary>Whether an axis behind the first leads from an input to an output in some case.</summary>
    private static string Channels(Operator op, string[] cases)
    {
        bool hasAxes = false;
        foreach (string name in cases.Where(c => ConformanceTests.Passes(c).Interpreter))
        {
            foreach (Node node in ConformanceTests.Load(name).Graph.Nodes.Where(n => n.Type == op.Type))
            {
                if (node.Inputs is not [{ Shape.Rank: > 1 }, ..]) continue;
                hasAxes = true;
                if (op.Axes(node).Any(Prunes)) return "yes";
            }
        }

        return hasAxes ? "no" : "–";
    }

    private static bool Prunes(AxisRoute route) => !route.IsRigid && route.Places.Any(p => p.IsOutput && p.Axis > 0)
        && route.Places.Any(p => !p.IsOutput && (p.Position > 0 || p.Axis > 0));
}
