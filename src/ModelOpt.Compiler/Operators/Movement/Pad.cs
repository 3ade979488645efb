using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>
/// Adds elements before and behind each axis, or with negative pads takes some away. Pads (input 1) are all befores, then all
/// behinds; mode <c>constant</c> fills with input 2 (zero where absent), <c>reflect</c>, <c>edge</c> and <c>wrap</c> with the data.
/// </summary>
internal sealed class Pad : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } =
    [
        1, new(2, (_, node) => Rename(node)) { Dropped = ["paddings"] }, new(11, ToInputs) { Dropped = ["pads", "value"] },
        13, 18, 19, 21, 23, 24, 25,
    ];

    public override Arity Arity => new(2, 4);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override Value? Fill(Node node) => node.InputOrNull(2);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves
        | (Mode(node) != "constant" || node.InputOrNull(2) is null ? OperatorTraits.Homogeneous : OperatorTraits.None);

    public override string? WhyFloat(Node node) =>
        Fill(node) is { IsConstant: false } ? "the value that it pads with is computed at run time" : null;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        if (ConstantPads(node) is not { } pads) yield break;
        Shape x = node.ShapeOf(0);
        string mode = Mode(node);
        bool isRigid = mode != "constant" || Array.Exists(pads, p => p.Before < 0 || p.Behind < 0);
        for (int axis = 0; axis < pads.Length; axis++)
        {
            if (pads[axis] == (0, 0)) yield return AxisRoutes.Kept(node, [axis]).Single();
            else if (x[axis].IsKnown)
                yield return new AxisRoute(isRigid, AxisPlace.In(0, axis), AxisPlace.Out(0, axis, PadSources.Along(
                    node, mode, (int)x[axis].Size, pads[axis].Before, (int)node.Output.Shape![axis].Size)));
        }
    }

    private static void Rename(Node node)
    {
        if (node.Ints("paddings") is not { } pads) return;
        node.Attributes.Remove("paddings");
        node.Attributes["pads"] = pads;
    }

    private static void ToInputs(Graph graph, Node node)
    {
        OpsetStep.ToInput(graph, node, "pads", 1);
        float value = node.Float("value", 0);
        node.Attributes.Remove("value");
        if (value != 0) node.SetInput(2, graph.AddConstant($"{node.Label}_value", Tensor.Scalar(value)));
    }

    public override int MinimumOpset(Node node) => Mode(node) == "wrap" ? 19 : Graph.WrittenOpset;

    public override void InferShapes(Node node)
    {
        node.FollowType(2);
        ElementType type = node.CommonType(2);
        Shape x = node.ShapeOf(0);
        Mode(node);
        if (node.InputOrNull(3) is not null) DropAxes(node, x.Rank);
        if (ShapeContents.Tensor(node.Input(1)) is not { } constant)
        {
            node.Define(0, type, new Shape(Enumerable.Repeat(Dim.Unknown, x.Rank)));
            return;
        }

        long[] pads = Pads(node, constant, x.Rank);
        node.Define(0, type, new Shape(x.Select((d, i) => Padded(node, d, pads[i], pads[i + x.Rank]))));
    }

    /// <summary>The constant pads of a node, before and behind each axis; null where they are computed.</summary>
    public static (int Before, int Behind)[]? ConstantPads(Node node)
    {
        if (node.Input(1).Constant is not { } constant) return null;
        int rank = node.ShapeOf(0).Rank;
        long[] pads = Pads(node, constant, rank);
        return [.. Enumerable.Range(0, rank).Select(i => ((int)pads[i], (int)pads[i + rank]))];
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        long[] pads = Pads(context.Node, context.Input(1), context.InputOrNull(3), x.Rank);
        var dims = new int[x.Rank];
        for (int i = 0; i < x.Rank; i++)
            dims[i] = (int)Math.Min(Padded(context.Node, x.Dims[i], pads[i], pads[i + x.Rank]).Size, int.MaxValue);
        Tensor y = context.Node.Allocate(x.Type, dims);
        int[][] sources = PadSources.Of(context.Node, Mode(context.Node), x, pads, dims);
        if (y.Count > 0)
            ElementDispatch.Bits(x.Type, new Action(x, context.InputOrNull(2), sources, y));
        context.Output = y;
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient, dx = context.Node.Allocate(ElementType.Float32, x.Dims);
        int[][] sources = PadSources.Of(
            context.Node, Mode(context.Node), x, Pads(context.Node, context.Input(1), context.InputOrNull(3), x.Rank), dy.Dims);
        AddToSources(0, 0, dy.As<float>(), dx.As<float>());
        context.Gradients[0] = dx;

        void AddToSources(int axis, int to, ReadOnlySpan<float> from, Span<float> target)
        {
            if (axis == sources.Length)
            {
                target[to] += from[0];
                return;
            }

            int part = from.Length / Math.Max(1, sources[axis].Length);
            for (int i = 0; i < sources[axis].Length; i++)
            {
                if (sources[axis][i] >= 0)
                    AddToSources(axis + 1, (to * x.Dims[axis]) + sources[axis][i], from.Slice(i * part, part), target);
            }
        }
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (ConstantPads(node) is not { } pads)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "pads that are computed");
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        if (x.Quantization != y.Quantization)
            throw GraphDiagnostics.InvalidGraph.Error(node.Label, "Pad changes the scale");
        pads = Array.ConvertAll(order, axis => pads[axis]);
        string mode = Mode(node);
        if (pads.Where((p, axis) => axis == x.OpenAxis && p != (0, 0)).Any())
            throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        if (!Array.TrueForAll(pads, p => p.Before >= 0 && p.Behind >= 0) && pads.Where((p, axis) => x.Dims[axis] < 0 && p != (0, 0)).Any())
            throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        var steps = new List<(int[] Dims, Action<TfliteTensor, TfliteTensor> Emit)>();
        if (mode == "constant") ConstantSteps(context, node, x, pads, steps);
        else GatherSteps(context, node, mode, x, pads, steps);
        if (steps.Count == 0) context.EmitReshape(x, y);
        for (int i = 0; i < steps.Count; i++)
        {
            TfliteTensor result = i == steps.Count - 1 ? y : Lowering.Temporary(node, x, steps[i].Dims);
            steps[i].Emit(x, result);
            x = result;
        }
    }

    private static void ConstantSteps(
        Lowering context, Node node, TfliteTensor x, (int Before, int Behind)[] pads,
        List<(int[] Dims, Action<TfliteTensor, TfliteTensor> Emit)> steps)
    {
        int[] dims = [.. x.Dims];
        if (Array.Exists(pads, p => p.Before < 0 || p.Behind < 0))
        {
            int[] begin = Array.ConvertAll(pads, p => Math.Max(0, -p.Before));
            for (int i = 0; i < dims.Length; i++) dims[i] -= begin[i] + Math.Max(0, -pads[i].Behind);
            int[] size = [.. dims.Select((d, i) => i == x.OpenAxis ? -1 : d)];
            steps.Add(([.. dims], (from, to) => context.Emit(
                BuiltinOperator.Slice, [from, Ints(begin), Ints(size)], [to], new EmptyOptions(BuiltinOptionsType.Slice))));
        }

        if (!Array.Exists(pads, p => p.Before > 0 || p.Behind > 0)) return;
        Tensor paddings = Tensor.Of<int>(
            [pads.Length, 2], [.. pads.SelectMany(p => new[] { Math.Max(0, p.Before), Math.Max(0, p.Behind) })]);
        Tensor? value = node.InputOrNull(2)?.Constant;
        bool isZero = node.InputOrNull(2) is null || (value is not null && Casting.To(value, ElementType.Float64).As<double>()[0] == 0);
        steps.Add((dims, (from, to) =>
        {
            TfliteTensor table = context.Constant($"{node.Label}/pads", paddings);
            if (isZero)
                context.Emit(BuiltinOperator.Pad, [from, table], [to], new EmptyOptions(BuiltinOptionsType.Pad));
            else
            {
                TfliteTensor fill = value is null ? context.Input(node, 2) : context.Constant(node.Input(2).Name, value, x.Quantization);
                context.Emit(BuiltinOperator.PadV2, [from, table, fill], [to], new EmptyOptions(BuiltinOptionsType.PadV2));
            }
        }));

        TfliteTensor Ints(int[] values) => context.Constant($"{node.Label}/slice", Tensor.Vector<int>(values));
    }

    /// <summary>Axis by axis, a GATHER of the positions that <c>reflect</c> or <c>edge</c> repeat.</summary>
    private static void GatherSteps(
        Lowering context, Node node, string mode, TfliteTensor x, (int Before, int Behind)[] pads,
        List<(int[] Dims, Action<TfliteTensor, TfliteTensor> Emit)> steps)
    {
        int[] dims = [.. x.Dims];
        for (int i = 0; i < pads.Length; i++)
        {
            if (pads[i] == (0, 0)) continue;
            int axis = i, padded = dims[i] + pads[i].Before + pads[i].Behind;
            if (dims[i] < 0)
            {
                (int before, int behind) = pads[i];
                steps.Add(([.. dims], (from, to) => new PadPieces(context, node, from, axis).Emit(mode, before, behind, to)));
                continue;
            }

            int[] sources = PadSources.Along(node, mode, dims[i], pads[i].Before, padded);
            dims[i] = padded;
            steps.Add(([.. dims], (from, to) => context.Emit(
                BuiltinOperator.Gather, [from, context.Constant($"{node.Label}/positions", Tensor.Vector<int>(sources))], [to],
                new GatherOptions(axis))));
        }
    }

    private static string Mode(Node node)
    {
        string mode = node.String("mode", "constant");
        return mode is "constant" or "reflect" or "edge" or "wrap" ? mode
            : throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"mode '{mode}'");
    }

    private static Dim Padded(Node node, Dim size, long before, long behind)
    {
        if (before + behind == 0) return size;
        Dim padded = size + Dim.Literal(before + behind);
        return !size.IsKnown || padded.IsKnown ? padded
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"pads {before} and {behind} leave nothing of {size}");
    }

    private static long[] Pads(Node node, Tensor tensor, int rank) => Checked(node, node.Ints(tensor, "pads"), rank);

    private static long[] Checked(Node node, long[] pads, int rank)
    {
        if (pads.Length != 2 * rank)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{pads.Length} pads do not fit {rank} axes");
        return !Array.Exists(pads, p => p is < -int.MaxValue or > int.MaxValue) ? pads
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"pads [{string.Join(", ", pads)}] are too large");
    }

    private static void DropAxes(Node node, int rank)
    {
        long[] axes = node.ConstantInts(3, "axes")!, pads = node.ConstantInts(1, "pads")!;
        node.SetInput(1, new Value($"{node.Output.Name}_pads", Tensor.Vector(Spread(node, pads, axes, rank))));
        node.TruncateInputs(3);
    }

    private static long[] Spread(Node node, long[] pads, long[] axes, int rank)
    {
        Checked(node, pads, axes.Length);
        var all = new long[2 * rank];
        int[] positions = node.Axes(axes, rank);
        for (int i = 0; i < positions.Length; i++)
        {
            all[positions[i]] = pads[i];
            all[positions[i] + rank] = pads[i + positions.Length];
        }

        return all;
    }

    private static long[] Pads(Node node, Tensor given, Tensor? axes, int rank) => axes is null ? Pads(node, given, rank)
        : Spread(node, node.Ints(given, "pads"), node.Ints(axes, "axes"), rank);

    private readonly struct Action(Tensor x, Tensor? value, int[][] sources, Tensor y) : IBitsAction
    {
        public void Run<T>() where T : unmanaged
        {
            T fill = value is null ? default : value.As<T>()[0];
            Fill(0, 0, x.As<T>(), y.As<T>(), fill);
        }

        private void Fill<T>(int axis, int from, ReadOnlySpan<T> source, Span<T> target, T fill) where T : unmanaged
        {
            if (axis == sources.Length)
            {
                target[0] = source[from];
                return;
            }

            int part = target.Length / sources[axis].Length;
            for (int i = 0; i < sources[axis].Length; i++)
            {
                Span<T> slice = target.Slice(i * part, part);
                if (sources[axis][i] < 0) slice.Fill(fill);
                else Fill(axis + 1, (from * x.Dims[axis]) + sources[axis][i], source, slice, fill);
            }
        }
    }
}
