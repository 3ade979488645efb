using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>x to the power of input 1, with broadcasting; the exponent may have another type than x.</summary>
internal sealed class Pow : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, EarlyBroadcast.End, 12, 13, 15];

    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 2;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Broadcast(node);

    // A square is bounded; a root or an inverse is not.
    public override OperatorTraits Traits(Node node) =>
        node.Input(1).Constant is { Type: ElementType.Float32, Count: 1 } exponent && exponent.Span<float>()[0] >= 1
            ? OperatorTraits.None : OperatorTraits.MagnifiesRounding;

    public override void InferShapes(Node node) =>
        node.Define(0, node.Input(0).Type, Broadcasting.Combine(node, node.ShapeOf(0), node.ShapeOf(1)));

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), exponent = context.Input(1);
        int[] dims = Broadcasting.Combine(context.Node, x.Shape, exponent.Shape).ToSizes()!;
        Tensor a = Casting.To(Broadcasting.Expand(context.Node, x, dims), ElementType.Float64);
        Tensor b = Casting.To(Broadcasting.Expand(context.Node, exponent, dims), ElementType.Float64);
        Tensor y = context.Node.Allocate(ElementType.Float64, dims);
        ReadOnlySpan<double> bases = a.Span<double>(), exponents = b.Span<double>();
        Span<double> target = y.Span<double>();
        for (int i = 0; i < target.Length; i++) target[i] = Power(bases[i], exponents[i]);
        bool wraps = !x.Type.IsFloat() && context.Node.Input(1).IsConstant && exponent.Count == 1 && exponents is [2 or 3, ..]
            && dims.Length == x.Rank;
        context.Output = wraps ? Product(x, dims, exponents[0] == 3, context.Node) : Casting.To(y, x.Type);
    }

    /// <summary>A square or cube of integers, which are products that wrap, as in ONNX Runtime.</summary>
    private static Tensor Product(Tensor x, int[] dims, bool isCube, Node node)
    {
        Tensor a = Casting.To(Broadcasting.Expand(node, x, dims), ElementType.UInt64), y = node.Allocate(ElementType.UInt64, dims);
        for (int i = 0; i < a.Count; i++)
        {
            ulong number = a.As<ulong>()[i];
            y.As<ulong>()[i] = unchecked(number * number * (isCube ? number : 1));
        }

        return Casting.To(y, x.Type);
    }

    /// <summary>The gradient of the base; exponents count as constant.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient;
        int[] dims = dy.Dims.ToArray();
        Tensor a = Broadcasting.Expand(context.Node, x, dims);
        Tensor b = Casting.To(Broadcasting.Expand(context.Node, context.Input(1), dims), ElementType.Float64);
        Tensor dx = context.Node.Allocate(ElementType.Float32, dims);
        ReadOnlySpan<float> bases = a.As<float>(), from = dy.As<float>();
        ReadOnlySpan<double> exponents = b.As<double>();
        Span<float> to = dx.As<float>();
        for (int i = 0; i < to.Length; i++)
            to[i] = (float)(from[i] * exponents[i] * Power(bases[i], exponents[i] - 1));
        context.Gradients[0] = Broadcasting.Reduce(context.Node, dx, x.Dims);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order);
        double? exponent = node.Input(1).Constant is { Count: 1 } constant && node.ShapeOf(0).Rank == node.Output.Shape!.Rank
            ? Casting.To(constant, ElementType.Float64).Span<double>()[0] : null;
        switch (exponent)
        {
            case 0.5 when !node.Output.Type.IsFloat():
                LowerAny(context, node, exponent);
                break;
            case 1:
                context.Alias(node.Output, node.Input(0));
                break;
            case 2:
                new LoweringSteps(context, node).Multiply(x, x, context.Output(node, 0, order));
                break;
            case 0.5:
                context.Emit(BuiltinOperator.Sqrt, [x], [context.Output(node, 0, order)]);
                break;
            default:
                LowerAny(context, node, exponent);
                break;
        }
    }

    private static void LowerAny(Lowering context, Node node, double? exponent)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.BroadcastOrder(node);
        TfliteTensor x = context.BroadcastInput(node, 0, order);
        TfliteTensor y = context.Output(node, 0, order), power = context.BroadcastInput(node, 1, order);
        if (exponent == 3 && !node.Output.Type.IsFloat())
        {
            steps.Multiply(steps.Multiply(x, x), x, y);
            return;
        }

        // TFLite has POW for float32 and int32. The runtime has it for float64 too, in which ONNX Runtime computes integers.
        bool isNarrow = node.Input(1).Type is ElementType.Int8 or ElementType.UInt8 or ElementType.Int16 or ElementType.UInt16
            or ElementType.Int32;
        TensorType type = node.Output.Type.IsFloat() ? TensorType.Float32
            : node.Output.Type == ElementType.Int32 && isNarrow ? TensorType.Int32 : TensorType.Float64;
        TfliteTensor result = type == y.Type ? y : Lowering.Temporary(node, type, y.Dims, y.OpenAxis);
        context.Emit(BuiltinOperator.Pow, [steps.Cast(x, type), steps.Cast(power, type)], [result]);
        if (result != y) steps.Cast(result, y.Type, y);
    }

    // The exponents that networks have are computed in operations that round the same everywhere.
    private static double Power(double x, double exponent) => exponent switch
    {
        0 => 1,
        1 => x,
        2 => x * x,
        3 => x * x * x,
        0.5 => Math.Sqrt(x),
        -0.5 => 1 / Math.Sqrt(x),
        -1 => 1 / x,
        _ => Math.Pow(x, exponent),
    };
}
