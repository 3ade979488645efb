using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>A property of floats, as bools.</summary>
internal abstract class FloatTest : Operator
{
    public sealed override Arity Arity => new(1, 1);

    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 1;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node);

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public sealed override void InferShapes(Node node)
    {
        node.CommonFloatType();
        node.Define(0, ElementType.Bool, node.ShapeOf(0));
    }

    public sealed override void Forward(ForwardContext context)
    {
        Tensor x = Casting.To(context.Input(0), ElementType.Float64), y = context.Node.Allocate(ElementType.Bool, x.Dims);
        ReadOnlySpan<double> source = x.As<double>();
        Span<byte> target = y.As<byte>();
        for (int i = 0; i < target.Length; i++) target[i] = Holds(context.Node, source[i]) ? (byte)1 : (byte)0;
        context.Output = y;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public sealed override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        Lower(new LoweringSteps(context, node), node, context.Input(node, 0, order), context.Output(node, 0, order));
    }

    /// <summary>Whether a number has it.</summary>
    protected abstract bool Holds(Node node, double x);

    /// <summary>Writes the steps.</summary>
    protected abstract void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y);
}
