using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>An operator that maps each element of input 0 by itself; type and shape stay.</summary>
internal abstract class MapOperator : Operator
{
    public sealed override Arity Arity => new(1, 1);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public sealed override int DataInputs => 1;

    public override bool TakesComputedSizes(Node node) => true;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node);

    public override void InferShapes(Node node) => node.Define(0, node.CommonFloatType(), node.ShapeOf(0));

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        Tensor source = x.Type is ElementType.Float16 or ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        Tensor y = context.Allocate(source.Type, x.Dims);
        if (source.Type == ElementType.Float32)
            ElementRanges.Run(y.Count, context.Pool, (start, length) => Apply(
                context.Node, source.As<float>().Slice(start, length), y.As<float>().Slice(start, length)));
        else ElementDispatch.Numbers(source.Type, new Action(this, context.Node, source, y));
        context.Output = Casting.To(y, x.Type);
    }

    /// <summary>Writes a node as one TFLite operator, in the order in which its input is stored.</summary>
    protected static void LowerElements(Lowering context, Node node, BuiltinOperator op, IOperatorOptions? options = null)
    {
        int[] order = context.OrderOf(node.Input(0));
        context.Emit(op, [context.Input(node, 0, order)], [context.Output(node, 0, order)], options);
    }

    /// <summary>Writes a node as one TFLite operator of floats; integers are cast to these and back.</summary>
    protected static void LowerAsFloat(Lowering context, Node node, BuiltinOperator op, IOperatorOptions? options = null)
    {
        if (node.Output.Type.IsFloat())
        {
            LowerElements(context, node, op, options);
            return;
        }

        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = steps.Cast(context.Input(node, 0, order), TensorType.Float32), y = context.Output(node, 0, order);
        TfliteTensor result = Lowering.Temporary(node, x, x.Dims);
        context.Emit(op, [x], [result], options);
        steps.Cast(result, y.Type, y);
    }

    /// <summary>Maps float32 elements.</summary>
    protected abstract void Apply(Node node, ReadOnlySpan<float> x, Span<float> y);

    /// <summary>Maps an element of another type.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    protected abstract T Apply<T>(Node node, T x) where T : unmanaged, INumber<T>;

    private readonly struct Action(MapOperator op, Node node, Tensor x, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> source = x.As<T>();
            Span<T> target = y.As<T>();
            for (int i = 0; i < target.Length; i++) target[i] = op.Apply(node, source[i]);
        }
    }
}
