using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>An operator on pairs of elements, with broadcasting, that has no gradient and runs on plain numbers.</summary>
internal abstract class PairOperator : Operator
{
    public sealed override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 2;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Broadcast(node);

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    /// <summary>The type of the result.</summary>
    protected virtual ElementType ResultType(Node node) => node.CommonType(1);

    public sealed override void InferShapes(Node node)
    {
        node.CommonType(1);
        node.Define(0, ResultType(node), Broadcasting.Combine(node, node.ShapeOf(0), node.ShapeOf(1)));
    }

    public sealed override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        int[] dims = Broadcasting.Combine(node, context.Input(0).Shape, context.Input(1).Shape).ToSizes()!;
        context.Output = Compute(
            node, Broadcasting.Expand(node, context.Input(0), dims), Broadcasting.Expand(node, context.Input(1), dims));
    }

    public sealed override bool TakesComputedSizes(Node node) => true;

    public sealed override void Lower(Lowering context, Node node)
    {
        int[] order = context.BroadcastOrder(node);
        TfliteTensor a = context.BroadcastInput(node, 0, order), b = context.BroadcastInput(node, 1, order);
        Lower(new LoweringSteps(context, node), node, a, b, context.Output(node, 0, order));
    }

    /// <summary>Computes the result.</summary>
    /// <param name="a">The first operand, of the result's sizes, as is the second.</param>
    protected abstract Tensor Compute(Node node, Tensor a, Tensor b);

    /// <summary>Writes the steps.</summary>
    protected abstract void Lower(LoweringSteps steps, Node node, TfliteTensor a, TfliteTensor b, TfliteTensor y);
}

/// <summary>A comparison.</summary>
internal abstract class ComparisonOperator : PairOperator
{
    /// <summary>TFLite's operator.</summary>
    protected abstract BuiltinOperator Builtin { get; }

    protected sealed override ElementType ResultType(Node node) => ElementType.Bool;

    /// <summary>Whether it holds.</summary>
    /// <typeparam name="T">The type of the operands.</typeparam>
    protected abstract bool Holds<T>(T a, T b) where T : unmanaged, INumber<T>;

    protected sealed override Tensor Compute(Node node, Tensor a, Tensor b)
    {
        Tensor y = node.Allocate(ElementType.Bool, a.Dims);
        ElementType type = a.Type == ElementType.BFloat16 ? ElementType.Float32 : a.Type;
        ElementDispatch.Numbers(type, new Action(this, Casting.To(a, type), Casting.To(b, type), y));
        return y;
    }

    protected sealed override void Lower(LoweringSteps steps, Node node, TfliteTensor a, TfliteTensor b, TfliteTensor y) =>
        steps.Compare(Builtin, a, b, y);

    private readonly struct Action(ComparisonOperator op, Tensor a, Tensor b, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> left = a.As<T>(), right = b.As<T>();
            Span<byte> target = y.As<byte>();
            for (int i = 0; i < target.Length; i++) target[i] = op.Holds(left[i], right[i]) ? (byte)1 : (byte)0;
        }
    }
}

/// <summary>An operator on the bits of integers, or on bools.</summary>
internal abstract class BitsOperator : PairOperator
{
    /// <summary>Combines bits; those beyond the type's size are dropped.</summary>
    protected abstract ulong Combine(Node node, ulong a, ulong b, int bits);

    protected sealed override Tensor Compute(Node node, Tensor a, Tensor b)
    {
        Tensor wide = Casting.To(a, ElementType.UInt64), other = Casting.To(b, ElementType.UInt64);
        Tensor y = node.Allocate(ElementType.UInt64, a.Dims);
        ReadOnlySpan<ulong> left = wide.As<ulong>(), right = other.As<ulong>();
        Span<ulong> target = y.As<ulong>();
        for (int i = 0; i < target.Length; i++) target[i] = Combine(node, left[i], right[i], 8 * a.Type.Size());
        return Casting.To(y, a.Type);
    }
}
