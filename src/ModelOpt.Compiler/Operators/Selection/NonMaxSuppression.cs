using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels.Detection;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>
/// The boxes of each class from the highest score down, without those that cover one of them too much: a row (sample, class, box) for each.
/// Boxes are [samples, count, 4], scores [samples, classes, count].
/// </summary>
internal sealed class NonMaxSuppression : Operator
{
    private const int Limit = 2;
    private const int Overlap = 3;
    private const int Least = 4;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, 11];

    public override Arity Arity => new(2, 5);

    public override ElementKinds Takes(Node node) => ElementKinds.Floats;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 2;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override void InferShapes(Node node)
    {
        Shape boxes = node.ShapeOf(0), scores = node.ShapeOf(1);
        bool fits = boxes.Rank == 3 && scores.Rank == 3 && boxes[2] == 4 && Same(boxes[0], scores[0]) && Same(boxes[1], scores[2]);
        if (!fits) throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"scores {scores} do not fit boxes {boxes}");
        for (int i = Limit; i <= Least; i++)
        {
            if (node.InputOrNull(i)?.Shape is { IsKnown: true } shape && shape.CountOfOne() != 1)
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"input {i} is not one number");
        }

        node.Define(0, ElementType.Int64, new Shape(Dim.Unknown, 3));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor boxes = Casting.To(context.Input(0), ElementType.Float32), scores = Casting.To(context.Input(1), ElementType.Float32);
        int samples = scores.Dims[0], classes = scores.Dims[1], count = scores.Dims[2];
        long most = context.InputOrNull(Limit) is { } limit ? Math.Clamp(limit.ToInt64s()[0], 0, count) : 0;
        long[] rows = new long[checked(3 * samples * classes * most)];
        bool isCentered = context.Node.Int("center_point_box", 0) != 0;
        int taken = new BoxSuppression(boxes.As<float>(), scores.As<float>(), isCentered, most).Take(
            samples, classes, count, Number(Overlap) ?? 0, Number(Least), rows, new ulong[count]);
        context.Output = Tensor.Of<long>([taken, 3], rows.AsSpan(0, 3 * taken));

        float? Number(int index) =>
            context.InputOrNull(index) is { } given ? Casting.To(given, ElementType.Float32).As<float>()[0] : null;
    }

    public override bool TakesComputedSizes(Node node) =>
        node.Inputs.Take(2).All(i => i!.Shape!.Skip(1).All(d => d.IsKnown) && !Lowering.IsComputed(i));

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor boxes = context.Input(node, 0), scores = context.Input(node, 1);
        if (boxes.OpenAxis >= 0 || scores.OpenAxis >= 0)
            throw EmitDiagnostics.UnsupportedForm.Error(node.Label, Type, "how many boxes there may be is open");
        Tensor? given = node.InputOrNull(Limit) is { } limit ? ShapeContents.Tensor(limit) : Tensor.Scalar(0L);
        int most = (int)Math.Clamp(given?.ToInt64s()[0] ?? int.MaxValue, 0, scores.Dims[2]);
        TfliteTensor rows = Lowering.Temporary(node, TensorType.Int64, [scores.Dims[0] * scores.Dims[1] * most, 3]);
        TfliteTensor?[] inputs = [boxes, scores, given is null ? context.Input(node, Limit) : null, Optional(Overlap), Optional(Least)];
        context.Emit(
            BuiltinOperator.NonMaxSuppression, inputs, [rows], new NonMaxSuppressionOptions(node.Int("center_point_box", 0) != 0, most));
        TfliteTensor samples = steps.Gather(rows, 1, [0]);
        TfliteTensor kept = steps.Reshape(steps.Compare(BuiltinOperator.GreaterEqual, samples, steps.Scalar(0, samples)), [rows.Dims[0]]);
        TfliteTensor places = steps.Reshape(NonZero.Places(context, node, kept), [-1]);
        context.Emit(BuiltinOperator.Gather, [rows, places], [context.Output(node, 0)], new GatherOptions(0));

        TfliteTensor? Optional(int index) => node.InputOrNull(index) is null ? null : context.Input(node, index);
    }

    private static bool Same(Dim a, Dim b) => !a.IsKnown || !b.IsKnown || a == b;
}
