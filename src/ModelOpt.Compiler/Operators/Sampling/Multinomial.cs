using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>Draws <c>sample_size</c> classes for each row of the input, whose numbers are logarithms of the classes' shares.</summary>
internal sealed class Multinomial : SamplingOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [7, 22];

    public override Arity Arity => new(1, 1);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        if (shape.Rank != 2) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{shape} has no rows of classes");
        if (shape[1] == 0) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "there are no classes");
        node.Define(0, TypeOf(node), new Shape(shape[0], Samples(node)));
    }

    /// <summary>The number of the first class at which the shares so far exceed a number of [0, 1).</summary>
    public override void Forward(ForwardContext context)
    {
        Tensor logits = Casting.To(context.Input(0), ElementType.Float32);
        int rows = logits.Dims[0], classes = logits.Dims[1], samples = Samples(context.Node);
        Tensor y = context.Node.Allocate(ElementType.Int32, [rows, samples]);
        float[] drawn = new float[y.Count], sums = new float[classes];
        Numbers(context.Node).Uniform(drawn);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> own = logits.As<float>().Slice(row * classes, classes);
            float most = own[0], sum = 0;
            foreach (float logit in own) most = MathF.Max(most, logit);
            for (int k = 0; k < classes; k++) sums[k] = sum += MathF.Exp(own[k] - most);
            for (int i = row * samples; i < (row + 1) * samples; i++)
                y.As<int>()[i] = Math.Min(sums.Count(s => s / sum <= drawn[i]), classes - 1);
        }

        context.Output = Casting.To(y, TypeOf(context.Node));
    }

    // LiteRT's MULTINOMIAL does not draw classes as often as their logits say.
    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor logits = context.Input(node, 0), y = context.Output(node, 0);
        int classes = logits.Dims[1], open = logits.OpenAxis;
        TfliteTensor shares = Lowering.Temporary(node, logits, logits.Dims), sums = Lowering.Temporary(node, logits, logits.Dims);
        context.Emit(BuiltinOperator.Softmax, [logits], [shares], new SoftmaxOptions(1));
        context.Emit(
            BuiltinOperator.Cumsum, [shares, context.Constant("axis", Tensor.Scalar(1))], [sums], new CumsumOptions(false, false));
        bool isKnown = open < 0 && !y.IsComputed;
        TfliteTensor sizes = isKnown ? steps.Ints(y.Dims) : steps.Join(Rows(context, node, logits), steps.Ints(y.Dims[1]));
        TfliteTensor drawn = Draw(
            context, node, BuiltinOperator.RandomUniform, sizes, Lowering.Temporary(node, TensorType.Float32, y.Dims, y.OpenAxis));
        TfliteTensor below = steps.Compare(
            BuiltinOperator.LessEqual, steps.Reshape(sums, [logits.Dims[0], 1, classes], open),
            steps.Reshape(drawn, [.. y.Dims, 1], open));
        TfliteTensor count = steps.Reduce(BuiltinOperator.Sum, steps.Cast(below, TensorType.Int32), [2], keep: false);
        TfliteTensor last = steps.Scalar(classes - 1, count);
        if (y.Type == TensorType.Int32) steps.Binary(BuiltinOperator.Minimum, count, last, y);
        else steps.Cast(steps.Binary(BuiltinOperator.Minimum, count, last), y.Type, y);
    }

    private static TfliteTensor Rows(Lowering context, Node node, TfliteTensor logits)
    {
        var steps = new LoweringSteps(context, node);
        return steps.Gather(steps.Sizes(logits), 0, [0]);
    }

    private static ElementType TypeOf(Node node) =>
        TypeOf(node, ElementType.Int32, t => t is ElementType.Int32 or ElementType.Int64);

    private static int Samples(Node node) => node.Int("sample_size", 1) is >= 0 and <= int.MaxValue and var count ? (int)count
        : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "sample_size", "is no count");
}
