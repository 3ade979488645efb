using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>A function of two numbers.</summary>
internal interface IBinaryFunction
{
    /// <summary>Computes it.</summary>
    /// <typeparam name="T">Their type.</typeparam>
    static abstract T Apply<T>(T a, T b) where T : unmanaged, INumber<T>;

    /// <summary>Its derivatives by both numbers.</summary>
    static abstract (float A, float B) Slopes(float a, float b);
}

/// <summary>An operator that applies a function to its inputs element by element, from left to right, with broadcasting.</summary>
/// <typeparam name="TFunction">The function, a struct so that the loops are specialized.</typeparam>
internal abstract class BinaryOperator<TFunction> : Operator, IDifferentiable where TFunction : struct, IBinaryFunction
{
    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public sealed override int DataInputs => int.MaxValue;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Broadcast(node);

    /// <summary>Properties of a sum or difference.</summary>
    protected static OperatorTraits Additive(Node node) => OperatorTraits.Adds | OperatorTraits.TakesActivation
        | (node.Inputs.All(i => i is { IsConstant: false }) ? OperatorTraits.Homogeneous : OperatorTraits.None);

    /// <summary>The function on elements of a shape computation.</summary>
    protected virtual Dim Combine(Dim a, Dim b) => Dim.Unknown;

    public override bool TakesComputedSizes(Node node) => true;

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        IReadOnlyList<Dim>? content = ShapeContents.Of(node.Input(0));
        for (int i = 1; i < node.Inputs.Count; i++)
        {
            node.CommonType(i);
            shape = Broadcasting.Combine(node, shape, node.ShapeOf(i));
            content = Combine(content, ShapeContents.Of(node.Input(i)));
        }

        node.Define(0, node.Input(0).Type, shape, content);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor result = context.Input(0);
        for (int i = 1; i < context.InputCount; i++)
            result = Apply(context.Node, result, context.Input(i), context.Allocate, context.Pool);
        context.Output = result;
    }

    public bool ReadsOutputs => false;

    public virtual void Backward(BackwardContext context)
    {
        Node node = context.Node;
        var partial = new Tensor[context.InputCount];
        partial[0] = context.Input(0);
        for (int i = 1; i < partial.Length - 1; i++)
            partial[i] = Apply(node, partial[i - 1], context.Input(i), node.Allocate, context.Pool);
        Tensor gradient = context.OutputGradient;
        for (int i = partial.Length - 1; i > 0; i--)
            (gradient, context.Gradients[i]) = Backward(context, partial[i - 1], context.Input(i), gradient);
        context.Gradients[0] = gradient;
    }

    private static (Tensor A, Tensor B) Backward(BackwardContext context, Tensor a, Tensor b, Tensor gradient)
    {
        int[] dims = gradient.Dims.ToArray();
        Tensor left = Broadcasting.Expand(context.Node, a, dims), right = Broadcasting.Expand(context.Node, b, dims);
        Tensor da = context.Allocate(dims), db = context.Allocate(dims);
        ElementRanges.Run(gradient.Count, context.Pool, (start, length) =>
        {
            ReadOnlySpan<float> x = left.As<float>().Slice(start, length), y = right.As<float>().Slice(start, length);
            ReadOnlySpan<float> dz = gradient.As<float>().Slice(start, length);
            Span<float> dx = da.As<float>().Slice(start, length), dy = db.As<float>().Slice(start, length);
            for (int i = 0; i < dz.Length; i++)
            {
                (float byA, float byB) = TFunction.Slopes(x[i], y[i]);
                (dx[i], dy[i]) = (dz[i] * byA, dz[i] * byB);
            }
        });
        return (Broadcasting.Reduce(context.Node, da, a.Dims), Broadcasting.Reduce(context.Node, db, b.Dims));
    }

    private Dim[]? Combine(IReadOnlyList<Dim>? a, IReadOnlyList<Dim>? b)
    {
        if (a is null || b is null || (a.Count != b.Count && a.Count != 1 && b.Count != 1)) return null;
        var result = new Dim[a.Count == 1 ? b.Count : a.Count];
        for (int i = 0; i < result.Length; i++) result[i] = Combine(a[a.Count == 1 ? 0 : i], b[b.Count == 1 ? 0 : i]);
        return result;
    }

    private delegate Tensor Allocation(ElementType type, ReadOnlySpan<int> dims);

    private static Tensor Apply(Node node, Tensor a, Tensor b, Allocation allocate, WorkerPool? pool)
    {
        if (a.Type == ElementType.BFloat16)
        {
            Tensor wide = Apply(node, Casting.To(a, ElementType.Float32), Casting.To(b, ElementType.Float32), node.Allocate, pool);
            return Casting.To(wide, ElementType.BFloat16);
        }

        int[] dims = Broadcasting.Combine(node, a.Shape, b.Shape).ToSizes()!;
        Tensor result = allocate(a.Type, dims);
        ElementDispatch.Numbers(
            a.Type, new Loop(Broadcasting.Expand(node, a, dims), Broadcasting.Expand(node, b, dims), result, pool));
        return result;
    }

    private readonly struct Loop(Tensor a, Tensor b, Tensor result, WorkerPool? pool) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            (Tensor left, Tensor right, Tensor both) = (a, b, result);
            ElementRanges.Run(result.Count, pool, (start, length) =>
            {
                ReadOnlySpan<T> x = left.As<T>().Slice(start, length), y = right.As<T>().Slice(start, length);
                Span<T> z = both.As<T>().Slice(start, length);
                for (int i = 0; i < z.Length; i++) z[i] = TFunction.Apply(x[i], y[i]);
            });
        }
    }
}
