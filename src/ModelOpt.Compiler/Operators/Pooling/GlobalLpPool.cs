using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>The norm (Σ|x|ᵖ)^(1/p) of each channel of X [N, C, …], with the other axes kept as 1.</summary>
internal sealed class GlobalLpPool : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, OpsetStep.ToInteger(2, "p"), 22];

    public override Arity Arity => new(1, 1);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node, [0, 1]);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        PowerNorm.Exponent(node);
        if (x.Rank < 3)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"an input {x} has no axes to take the norm of");
        node.Define(0, node.CommonFloatType(), new Shape(x.Select((d, i) => i < 2 ? d : 1)));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        int p = PowerNorm.Exponent(context.Node);
        int[] axes = Spatial(x.Rank), dims = ReductionSums.KeptDims(x, axes), targets = ReductionSums.Targets(x, axes);
        double[] powers = PowerNorm.Powers(x, p), sums = new double[x.Dims[0] * x.Dims[1]];
        for (int i = 0; i < powers.Length; i++) sums[targets[i]] += powers[i];
        context.Output = PowerNorm.Roots(sums, dims, p, x.Type);
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Allocate(x.Dims);
        int p = PowerNorm.Exponent(context.Node);
        int[] targets = ReductionSums.Targets(x, Spatial(x.Rank));
        ReadOnlySpan<float> from = x.As<float>(), y = context.Output.As<float>(), dy = context.OutputGradient.As<float>();
        for (int i = 0; i < from.Length; i++)
            dx.As<float>()[i] = (float)(dy[targets[i]] * PowerNorm.Share(y[targets[i]], p) * PowerNorm.Slope(from[i], p));
        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int p = PowerNorm.Exponent(node);
        int[] order = context.OrderOf(node.Input(0)), axes = [.. Enumerable.Range(0, order.Length).Where(i => order[i] >= 2)];
        TfliteTensor powers = PowerNorm.LowerPowers(steps, context.Input(node, 0, order), p), y = context.Output(node, 0, order);
        if (p == 1) steps.Reduce(BuiltinOperator.Sum, powers, axes, keep: true, y);
        else PowerNorm.LowerRoots(steps, steps.Reduce(BuiltinOperator.Sum, powers, axes, keep: true), p, y);
    }

    private static int[] Spatial(int rank) => [.. Enumerable.Range(2, rank - 2)];
}
