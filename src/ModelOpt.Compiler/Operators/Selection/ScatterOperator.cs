using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>
/// Input 0 with the elements or slices of input 2 where input 1 says, in place of what is there or taken together with it as attribute
/// <c>reduction</c> says.
/// </summary>
internal abstract class ScatterOperator : Operator
{
    public sealed override Arity Arity => new(3, 3);

    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 3;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => [];

    /// <summary>How indices say positions.</summary>
    protected abstract FlatPositions Positions(Node node, int[] data, int[] indices);

    /// <summary>How indices say positions where sizes are open.</summary>
    protected abstract OpenPositions Open(Lowering context, Node node);

    public sealed override bool TakesComputedSizes(Node node) => node.ShapeOf(0).Rank > 0 && Reduction(node) is "none" or "add";

    /// <summary>Checks the shapes of the inputs.</summary>
    protected abstract void Check(Node node, Shape data, Shape indices, Shape updates);

    public sealed override void InferShapes(Node node)
    {
        Check(node, node.ShapeOf(0), node.ShapeOf(1), node.ShapeOf(2));
        if (Reduction(node) is not ("none" or "add" or "mul" or "max" or "min"))
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "reduction", $"is {Reduction(node)}");
        if (node.Input(2).Type != node.Input(0).Type)
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"updates are {node.Input(2).Type}, the data {node.Input(0).Type}");
        node.Define(0, node.Input(0).Type, node.ShapeOf(0));
    }

    public sealed override void Forward(ForwardContext context)
    {
        Tensor data = context.Input(0), indices = context.Input(1), updates = context.Input(2);
        FlatPositions flat = Positions(context.Node, [.. data.Dims], [.. indices.Dims]);
        ElementType type = data.Type == ElementType.BFloat16 && Reduction(context.Node) != "none" ? ElementType.Float32 : data.Type;
        Tensor result = context.Node.Allocate(type, data.Dims), source = Casting.To(updates, type);
        Casting.To(data, type).Bytes.Span.CopyTo(result.Bytes.Span);
        context.Output = result;
        if (source.Count == 0) return;
        int[] positions = flat.Resolve(context.Node, indices);
        if (Reduction(context.Node) == "none")
        {
            int size = flat.Slice * type.Size();
            for (int i = 0; i < positions.Length; i++)
                source.Bytes.Span.Slice(i * size, size).CopyTo(result.Bytes.Span[(positions[i] * size)..]);
        }
        else
        {
            ElementDispatch.Numbers(type, new Action(source, positions, flat.Slice, result, Reduction(context.Node)));
        }

        context.Output = Casting.To(result, data.Type);
    }

    /// <summary>
    /// The result picks its slices from the data with the updates behind it. Where indices are constant, so is what it picks; else
    /// UNSORTED_SEGMENT_MAX says it, and SCATTER_ND adds.
    /// </summary>
    public sealed override void Lower(Lowering context, Node node)
    {
        if (node.Inputs.Concat(node.Outputs).Any(context.IsOpen))
        {
            GatherOperator.Closed(context, node);
            Open(context, node).Scatter(context, node, Reduction(node) == "add");
            return;
        }

        var steps = new LoweringSteps(context, node);
        TfliteTensor data = FlatPositions.Closed(node, context.Input(node, 0)),
            updates = FlatPositions.Closed(node, context.Input(node, 2));
        TfliteTensor y = context.Output(node, 0);
        FlatPositions flat = Positions(node, data.Dims, node.Sizes(node.ShapeOf(1)));
        int count = flat.Base.Length, rows = flat.Slices;
        if (count == 0 || flat.Slice == 0)
        {
            context.EmitReshape(data, y);
            return;
        }

        TfliteTensor old = steps.Reshape(data, [rows, flat.Slice]), news = steps.Reshape(updates, [count, flat.Slice]);
        TfliteTensor result = Reduction(node) switch
        {
            "none" => Placed(context, node, old, news, Picks(context, node, flat)),
            "add" => steps.Add(old, Scattered(context, node, flat.Lower(context, node, 1), news, rows)),
            _ => Combined(context, node, flat, old, news),
        };
        context.EmitReshape(result, y);
    }

    /// <summary>Slices picked from old and new ones.</summary>
    private static TfliteTensor Placed(Lowering context, Node node, TfliteTensor old, TfliteTensor news, TfliteTensor picks)
    {
        TfliteTensor all = Lowering.Temporary(node, old.Type, [old.Dims[0] + news.Dims[0], old.Dims[1]]);
        context.Emit(BuiltinOperator.Concatenation, [old, news], [all], new ConcatenationOptions(0, ActivationFunction.None));
        TfliteTensor picked = Lowering.Temporary(node, old.Type, old.Dims);
        context.Emit(BuiltinOperator.Gather, [all, picks], [picked], new GatherOptions(0));
        return picked;
    }

    /// <summary>Zeros with slices added where positions say.</summary>
    private static TfliteTensor Scattered(Lowering context, Node node, TfliteTensor positions, TfliteTensor slices, int rows)
    {
        var steps = new LoweringSteps(context, node);
        int[] dims = [rows, .. slices.Dims[1..]];
        TfliteTensor wide = steps.Comparable(slices), scattered = Lowering.Temporary(node, wide.Type, dims);
        context.Emit(
            BuiltinOperator.ScatterNd,
            [steps.Reshape(positions, [slices.Dims[0], 1]), wide, context.Constant("shape", Tensor.Vector<int>(dims))],
            [scattered], new EmptyOptions(BuiltinOptionsType.ScatterNd));
        return steps.Cast(scattered, slices.Type);
    }

    /// <summary>Which of the old and new slices each slice of the result is.</summary>
    private static TfliteTensor Picks(Lowering context, Node node, FlatPositions flat)
    {
        int[] old = [.. Enumerable.Range(0, flat.Slices)], news = [.. Enumerable.Range(flat.Slices, flat.Base.Length)];
        if (node.Input(1).Constant is { } constant) return Picks(context, flat.Resolve(node, constant), flat.Slices);

        // Of several updates in one place the last stays, as in ONNX Runtime; ONNX leaves it open.
        TfliteTensor last = Lowering.Temporary(node, TensorType.Int32, [flat.Slices]);
        context.Emit(
            BuiltinOperator.UnsortedSegmentMax,
            [context.Constant("updates", Tensor.Vector<int>(news)), flat.Lower(context, node, 1),
                context.Constant("slices", Tensor.Scalar(flat.Slices))],
            [last]);
        return new LoweringSteps(context, node).Binary(BuiltinOperator.Maximum, last, context.Constant("picks", Tensor.Vector<int>(old)));
    }

    private static TfliteTensor Picks(Lowering context, int[] positions, int rows)
    {
        int[] picks = [.. Enumerable.Range(0, rows)];
        for (int i = 0; i < positions.Length; i++) picks[positions[i]] = rows + i;
        return context.Constant("picks", Tensor.Vector<int>(picks));
    }

    /// <summary>Updates taken together with what they replace, in rounds in which no two have one place.</summary>
    private static TfliteTensor Combined(Lowering context, Node node, FlatPositions flat, TfliteTensor old, TfliteTensor news)
    {
        if (node.Input(1).Constant is not { } constant)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"reduction '{Reduction(node)}' at indices that are "
                + "computed");
        BuiltinOperator op = Reduction(node) switch
        {
            "mul" => BuiltinOperator.Mul, "max" => BuiltinOperator.Maximum, _ => BuiltinOperator.Minimum,
        };
        var steps = new LoweringSteps(context, node);
        int[] positions = flat.Resolve(node, constant), rounds = new int[positions.Length];
        var seen = new Dictionary<int, int>();
        for (int i = 0; i < positions.Length; i++) rounds[i] = seen[positions[i]] = seen.GetValueOrDefault(positions[i], -1) + 1;
        for (int round = 0; round <= rounds.Max(); round++)
        {
            int[] chosen = [.. Enumerable.Range(0, positions.Length).Where(i => rounds[i] == round)];
            int[] places = Array.ConvertAll(chosen, i => positions[i]);
            TfliteTensor combined = steps.Binary(op, steps.Gather(old, 0, places), steps.Gather(news, 0, chosen));
            old = Placed(context, node, old, combined, Picks(context, places, flat.Slices));
        }

        return old;
    }

    private static string Reduction(Node node) => node.String("reduction", "none");

    private readonly struct Action(Tensor updates, int[] positions, int slice, Tensor result, string reduction) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> from = updates.As<T>();
            for (int i = 0; i < from.Length; i++)
            {
                ref T to = ref result.As<T>()[(positions[i / slice] * slice) + (i % slice)];
                to = reduction switch
                {
                    "add" => unchecked(to + from[i]),
                    "mul" => unchecked(to * from[i]),
                    "max" => T.Max(to, from[i]),
                    _ => T.Min(to, from[i]),
                };
            }
        }
    }
}
