using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>The largest element of each channel of X [N, C, …], with the other axes kept as 1.</summary>
internal sealed class GlobalMaxPool : GlobalPool
{
    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override OperatorTraits Traits(Node node) =>
        OperatorTraits.Moves | OperatorTraits.Homogeneous | OperatorTraits.HidesFarNumbers;

    public override void Forward(ForwardContext context)
    {
        Tensor x = Casting.To(context.Input(0), ElementType.Float64);
        int planes = x.Dims[0] * x.Dims[1], plane = planes == 0 ? 0 : x.Count / planes;
        Tensor y = Tensor.Zeros(ElementType.Float64, Dims(x));
        for (int p = 0; p < planes; p++)
        {
            double most = double.NegativeInfinity;
            foreach (double element in x.As<double>().Slice(p * plane, plane)) most = Math.Max(most, element);
            y.As<double>()[p] = most;
        }

        context.Output = Casting.To(y, context.Input(0).Type);
    }

    /// <summary>The gradient goes to the first of the largest elements.</summary>
    public override void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Zeros(x.Dims);
        int planes = x.Dims[0] * x.Dims[1], plane = planes == 0 ? 0 : x.Count / planes;
        for (int p = 0; p < planes; p++)
        {
            ReadOnlySpan<float> elements = x.As<float>().Slice(p * plane, plane);
            int first = 0;
            for (int i = 1; i < plane; i++) first = elements[i] > elements[first] ? i : first;
            dx.As<float>()[(p * plane) + first] = context.OutputGradient.As<float>()[p];
        }

        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        int[] axes = [.. Enumerable.Range(0, order.Length).Where(i => order[i] >= 2)];
        new LoweringSteps(context, node).Reduce(
            BuiltinOperator.ReduceMax, context.Input(node, 0, order), axes, keep: true, context.Output(node, 0, order));
    }

    private static int[] Dims(Tensor x) => [x.Dims[0], x.Dims[1], .. Enumerable.Repeat(1, x.Rank - 2)];
}
