using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x where it is greater than alpha, else 0.</summary>
internal sealed class ThresholdedRelu : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, 22];

    protected override Action<Node> Experimental => _ => { };

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => x > Alpha(node) ? x : 0;

    protected override double Slope(Node node, double x, double y) => x > Alpha(node) ? 1 : 0;

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        TfliteTensor above = steps.Compare(BuiltinOperator.Greater, x, steps.Scalar(Alpha(node), x));
        steps.Select(above, x, steps.Scalar(0, x), y);
    }

    private static float Alpha(Node node) => node.Float("alpha", 1);
}
