using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>Random numbers in the shape of attribute <c>shape</c>, or of input 0.</summary>
/// <param name="isLike">Whether input 0 says the shape, and the type where <c>dtype</c> does not.</param>
internal abstract class RandomTensor(bool isLike) : SamplingOperator
{
    public sealed override IReadOnlyList<OpsetStep> Versions { get; } = [1, 22];

    public sealed override Arity Arity => isLike ? new(1, 1) : new(0, 0);

    /// <summary>Whether numbers are distributed normally, not uniformly.</summary>
    protected abstract bool IsNormal { get; }

    public sealed override void InferShapes(Node node)
    {
        ElementType type = TypeOf(node, isLike ? node.Input(0).Type : ElementType.Float32, t => t.IsFloat());
        if (isLike)
        {
            node.Define(0, type, node.ShapeOf(0));
            return;
        }

        long[] sizes = node.Ints("shape") ?? throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "shape", "is absent");
        if (sizes.Any(s => s is < 0 or > int.MaxValue))
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "shape", "has no such size");
        node.Define(0, type, new Shape(sizes.Select(s => (Dim)s)));
    }

    public sealed override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        ElementType type = TypeOf(node, isLike ? context.Input(0).Type : ElementType.Float32, t => t.IsFloat());
        int[] dims = isLike ? [.. context.Input(0).Dims] : Array.ConvertAll(node.Ints("shape")!, s => (int)s);
        Tensor y = node.Allocate(ElementType.Float32, dims);
        if (IsNormal) Numbers(node).Normal(y.As<float>());
        else Numbers(node).Uniform(y.As<float>());
        (float scale, float offset) = Line(node);
        foreach (ref float number in y.As<float>()) number = (number * scale) + offset;
        context.Output = Casting.To(y, type);
    }

    public sealed override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor y = context.Output(node, 0), shape = SizesOf(context, node, y, () => context.Input(node, 0));
        TfliteTensor drawn = Lowering.Temporary(node, TensorType.Float32, y.Dims, y.OpenAxis);
        (float scale, float offset) = Line(node);
        Draw(context, node, IsNormal ? BuiltinOperator.RandomStandardNormal : BuiltinOperator.RandomUniform, shape, drawn);
        steps.Add(steps.Multiply(drawn, steps.Scalar(scale, drawn)), steps.Scalar(offset, drawn), y);
    }

    /// <summary>What the numbers of [0, 1), or those of mean 0 and deviation 1, are multiplied by, and what is added.</summary>
    private (float Scale, float Offset) Line(Node node)
    {
        if (IsNormal) return (node.Float("scale", 1), node.Float("mean", 0));
        float low = node.Float("low", 0);
        return (node.Float("high", 1) - low, low);
    }
}
