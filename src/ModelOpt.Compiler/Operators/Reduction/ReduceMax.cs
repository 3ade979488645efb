using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The greatest element over axes; of no elements, the least number of the type.</summary>
internal sealed class ReduceMax() : ReduceOperator(BuiltinOperator.ReduceMax), IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 12, 13, OpsetStep.ToInputs(18, ("axes", 1)), 20];

    public override string Type => "ReduceMax";

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override OperatorTraits Traits(Node node) =>
        OperatorTraits.Moves | OperatorTraits.Homogeneous | OperatorTraits.HidesFarNumbers;

    public override int MinimumOpset(Node node) =>
        node.Input(0).Type == ElementType.Bool ? 20 : ReducedAxes.IsNoOp(node) ? 18 : Graph.WrittenOpset;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (opset < 18) ReducedAxes.ToAttribute(node, inputs, attributes);
    }

    public override void InferShapes(Node node) => node.Define(0, node.Input(0).Type, ReducedAxes.Shape(node));

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), source = x.Type == ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        int[] axes = ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1));
        Tensor y = context.Node.Allocate(source.Type, KeptDims(x, axes));
        ElementDispatch.Numbers(source.Type, new Action(source, Targets(x, axes), y));
        bool keep = ReducedAxes.Keep(context.Node);
        int[] dims = [.. y.Dims.ToArray().Where((_, axis) => keep || !axes.Contains(axis))];
        context.Output = Casting.To(y, x.Type).Reshape(dims);
    }

    /// <summary>The gradient goes to the greatest elements, in equal parts where there are several.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Zeros(x.Dims);
        int[] targets = Targets(x, ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)));
        ReadOnlySpan<float> from = x.As<float>(), y = context.Output.As<float>(), dy = context.OutputGradient.As<float>();
        int[] winners = new int[y.Length];
        for (int i = 0; i < from.Length; i++) winners[targets[i]] += from[i] == y[targets[i]] ? 1 : 0;
        for (int i = 0; i < from.Length; i++)
            if (from[i] == y[targets[i]]) dx.As<float>()[i] = dy[targets[i]] / winners[targets[i]];
        context.Gradients[0] = dx;
    }

    private static int[] KeptDims(Tensor x, int[] axes) => [.. x.Dims.ToArray().Select((d, i) => axes.Contains(i) ? 1 : d)];

    /// <summary>For each element of the input, the element of the result that it belongs to.</summary>
    private static int[] Targets(Tensor x, int[] axes)
    {
        int[] strides = DataMovement.Strides(KeptDims(x, axes)), targets = new int[x.Count];
        foreach (int axis in axes) strides[axis] = 0;
        Span<int> index = stackalloc int[x.Rank];
        for (int i = 0, at = 0; i < targets.Length; i++)
        {
            targets[i] = at;
            for (int axis = x.Rank - 1; axis >= 0; axis--)
            {
                at += strides[axis];
                if (++index[axis] < x.Dims[axis]) break;
                at -= strides[axis] * x.Dims[axis];
                index[axis] = 0;
            }
        }

        return targets;
    }

    private readonly struct Action(Tensor x, int[] targets, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> from = x.As<T>();
            Span<T> to = y.As<T>();
            to.Fill(T.CreateSaturating(double.NegativeInfinity));
            for (int i = 0; i < from.Length; i++) to[targets[i]] = T.Max(to[targets[i]], from[i]);
        }
    }
}
