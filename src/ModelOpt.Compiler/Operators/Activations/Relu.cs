using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>max(x, 0).</summary>
internal sealed class Relu : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13, 14];

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous | OperatorTraits.HidesFarNumbers;

    public override bool ReadsInputs => false;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node)
    {
        if (node.Output.Type.IsFloat())
        {
            LowerElements(context, node, BuiltinOperator.Relu);
            return;
        }

        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order);
        steps.Binary(BuiltinOperator.Maximum, x, steps.Scalar(0, x), context.Output(node, 0, order));
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> target = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < wide.Length; i++) target[i] = Vector.Max(wide[i], Vector<float>.Zero);
        for (int i = wide.Length * Vector<float>.Count; i < x.Length; i++) y[i] = MathF.Max(x[i], 0);
    }

    protected override T Apply<T>(Node node, T x) => T.Max(x, T.Zero);

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Clip.Gradient(y, float.Epsilon, float.PositiveInfinity, dy, dx);
}
