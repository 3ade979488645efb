using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>The places of elements that are not zero: a column for each, of as many indices as the input has axes.</summary>
internal sealed class NonZero : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    // A scalar counts as a vector of one element.
    public override void InferShapes(Node node) =>
        node.Define(0, ElementType.Int64, new Shape(Math.Max(1, node.ShapeOf(0).Rank), Dim.Unknown));

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        int[] places = Places(x), strides = DataMovement.Strides(x.Dims);
        int rank = Math.Max(1, x.Rank);
        Tensor y = context.Node.Allocate(ElementType.Int64, [rank, places.Length]);
        Span<long> indices = y.As<long>();
        for (int axis = 0; axis < x.Rank; axis++)
        {
            for (int i = 0; i < places.Length; i++)
                indices[(axis * places.Length) + i] = places[i] / strides[axis] % x.Dims[axis];
        }

        context.Output = y;
    }

    /// <summary>The elements that are not zero, in their order.</summary>
    internal static int[] Places(Tensor x)
    {
        List<int> places = [];
        if (x.Count == 0) return [];
        ReadOnlySpan<byte> bytes = x.Bytes.Span;
        int size = bytes.Length / x.Count;
        // All that −0 has is its sign, in the last byte.
        byte last = x.Type.IsFloat() ? (byte)0x7F : (byte)0xFF;
        for (int i = 0; i < x.Count; i++)
        {
            ReadOnlySpan<byte> element = bytes.Slice(i * size, size);
            if (element[..^1].ContainsAnyExcept((byte)0) || (element[^1] & last) != 0) places.Add(i);
        }

        return [.. places];
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = context.Input(node, 0);
        if (x.Rank == 0) x = steps.Reshape(x, [1]);
        TfliteTensor rows = Places(context, node, x);
        context.Emit(
            BuiltinOperator.Transpose, [rows, steps.Ints(1, 0)], [context.Output(node, 0)], new EmptyOptions(BuiltinOptionsType.Transpose));
    }

    /// <summary>The places of elements that are not zero, a row for each.</summary>
    internal static TfliteTensor Places(Lowering context, Node node, TfliteTensor x)
    {
        TensorType type = x.Type switch
        {
            TensorType.Int16 or TensorType.UInt16 => TensorType.Int32,
            TensorType.UInt64 => TensorType.Int64,
            _ => x.Type,
        };
        TfliteTensor rows = Lowering.Temporary(node, TensorType.Int64, [-1, x.Rank]);
        context.Emit(BuiltinOperator.Where, [new LoweringSteps(context, node).Cast(x, type)], [rows]);
        return rows;
    }
}
