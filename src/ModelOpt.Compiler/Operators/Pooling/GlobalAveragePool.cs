using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>The mean of each channel of X [N, C, …], with the other axes kept as 1.</summary>
internal sealed class GlobalAveragePool : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 22];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node, [0, 1]);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        if (x.Rank < 3)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"an input {x} has no axes to take the mean of");
        node.Define(0, node.CommonFloatType(), new Shape(x.Select((d, i) => i < 2 ? d : 1)));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        context.Output = MeanReduction.Mean(context.Node, x, [.. Enumerable.Range(2, x.Rank - 2)], keep: true);
    }

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context) =>
        MeanReduction.Backward(context, [.. Enumerable.Range(2, context.Input(0).Rank - 2)], divide: true);

    public override void Lower(Lowering context, Node node) =>
        MeanReduction.Lower(context, node, [.. Enumerable.Range(2, node.ShapeOf(0).Rank - 2)], keep: true);
}
