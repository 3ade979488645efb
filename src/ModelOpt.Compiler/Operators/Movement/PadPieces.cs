using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Pads an axis whose size is open with elements of the tensor itself: pieces of it, in front and behind.</summary>
internal readonly struct PadPieces(Lowering context, Node node, TfliteTensor x, int axis)
{
    /// <summary>Emits <c>reflect</c>, <c>edge</c> or <c>wrap</c>.</summary>
    public void Emit(string mode, int before, int behind, TfliteTensor to)
    {
        TfliteTensor[] pieces = mode switch
        {
            "reflect" => [.. Piece(before, 0, before, isBackward: true), x, .. Piece(-2, -2 - behind, behind, isBackward: true)],
            "wrap" => [.. Piece(-before, null, before), x, .. Piece(0, behind, behind)],
            _ => [.. Repeated(Piece(0, 1, 1), before), x, .. Repeated(Piece(-1, null, 1), behind)],
        };
        context.Emit(BuiltinOperator.Concatenation, pieces, [to], new ConcatenationOptions(axis, ActivationFunction.None));
    }

    private static IEnumerable<TfliteTensor> Repeated(IEnumerable<TfliteTensor> piece, int count) =>
        count == 0 ? [] : Enumerable.Repeat(piece.First(), count);

    /// <summary>Elements from one up to, but without, another; negative ones count from the end, and null is behind the last.</summary>
    private IEnumerable<TfliteTensor> Piece(int begin, int? end, int count, bool isBackward = false)
    {
        if (count == 0) return [];
        int[] dims = [.. x.Dims], begins = new int[dims.Length], ends = new int[dims.Length], strides = [.. dims.Select(_ => 1)];
        (dims[axis], begins[axis], ends[axis], strides[axis]) = (count, begin, end ?? 0, isBackward ? -1 : 1);
        int others = ((1 << dims.Length) - 1) & ~(1 << axis);
        TfliteTensor piece = Lowering.Temporary(node, x, dims);
        context.Emit(
            BuiltinOperator.StridedSlice, [x, Ints(begins), Ints(ends), Ints(strides)], [piece],
            new StridedSliceOptions(others, end is null ? others | (1 << axis) : others, 0, 0, 0));
        return [piece];
    }

    private TfliteTensor Ints(int[] numbers) => context.Constant($"{node.Label}/piece", Tensor.Vector<int>(numbers));
}
