using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x · Φ(x), where Φ is the normal distribution; or its approximation through tanh.</summary>
internal sealed class Gelu : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [20];

    // LiteRT has it in 8 bits, as a table.
    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => !IsApproximate(node)
        ? x / 2 * (1 + Erf.Of(x / Math.Sqrt(2)))
        : x / (1 + Math.Exp(-2 * Inner(x)));

    protected override double Slope(Node node, double x, double y) => !IsApproximate(node)
        ? (0.5 * (1 + Erf.Of(x / Math.Sqrt(2)))) + (x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI))
        : (0.5 * (1 + Math.Tanh(Inner(x))))
            + (x / 2 * (1 - (Math.Tanh(Inner(x)) * Math.Tanh(Inner(x)))) * Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715 * x * x)));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Unary(BuiltinOperator.Gelu, x, y, new GeluOptions(IsApproximate(node)));

    private static bool IsApproximate(Node node) => node.String("approximate", "none") switch
    {
        "none" => false,
        "tanh" => true,
        string other => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "approximate", $"is '{other}', not none or tanh"),
    };

    private static double Inner(double x) => Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x));
}
