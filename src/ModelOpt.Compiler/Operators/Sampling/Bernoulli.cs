using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>1 as often as the input says, else 0.</summary>
internal sealed class Bernoulli : SamplingOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [15, 22];

    public override Arity Arity => new(1, 1);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    public override void InferShapes(Node node) =>
        node.Define(0, TypeOf(node, node.Input(0).Type, t => Enum.IsDefined(t)), node.ShapeOf(0));

    public override void Forward(ForwardContext context)
    {
        Tensor shares = Casting.To(context.Input(0), ElementType.Float32), y = context.Node.Allocate(ElementType.Float32, shares.Dims);
        Numbers(context.Node).Uniform(y.As<float>());
        Span<float> to = y.As<float>();
        for (int i = 0; i < to.Length; i++) to[i] = to[i] < shares.As<float>()[i] ? 1 : 0;
        context.Output = Casting.To(y, TypeOf(context.Node, context.Input(0).Type, t => Enum.IsDefined(t)));
    }

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        // In ONNX's order, in which the interpreter draws.
        TfliteTensor shares = context.Input(node, 0), y = context.Output(node, 0);
        TfliteTensor drawn = Draw(
            context, node, BuiltinOperator.RandomUniform, SizesOf(context, node, y, () => shares),
            Lowering.Temporary(node, TensorType.Float32, y.Dims, y.OpenAxis));
        TfliteTensor hits = steps.Compare(BuiltinOperator.Less, drawn, shares, y.Type == TensorType.Bool ? y : null);
        if (hits != y) steps.Cast(hits, y.Type, y);
    }
}
