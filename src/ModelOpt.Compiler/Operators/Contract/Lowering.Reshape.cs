using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Reshaping, and flattening into a fully connected layer.</content>
internal sealed partial class Lowering
{
    private readonly Dictionary<(Value Value, int Missing), Value> _broadcasts = [];

    /// <summary>
    /// Stores a value as another under other sizes: Reshape, Flatten, Squeeze, Unsqueeze. Elements stay where they are
    /// wherever some order of the new axes says so; flattening to a matrix is put off until its reader is known.
    /// </summary>
    public void Reshape(Value value, Value source)
    {
        bool sameGrid = value.Quantization == source.Quantization;
        bool quantized = sameGrid && source.Quantization is not null;
        int[] order = OrderOf(source);
        if (IsComputed(value) || IsComputed(source))
        {
            ReshapeComputed(value, source, quantized, target: null);
        }
        else if (AxisOrder.Reshape(Sizes(source), order, Sizes(value)) is { } carried)
        {
            Fill(carried);
        }
        else if (sameGrid && Rank(value) == 2 && order[0] == 0 && IsFlat(Sizes(source), Sizes(value)))
        {
            Storage storage = new(value, AxisOrder.Identity(2), null) { FlattenOf = ViewOf(source) };
            storage.Materialize = () =>
            {
                storage.Materialize = null;
                storage.Fill(storage.Order, Reshaped(value, Demand(source, AxisOrder.Identity(order.Length), quantized)));
            };
            _views[value] = new View(storage, AxisOrder.Identity(2));
        }
        else
        {
            order = AxisOrder.Identity(order.Length);
            Fill(AxisOrder.Identity(Rank(value)));
        }

        // Where rows are joined or cut, the number of open samples is another.
        static bool IsFlat(long[] from, long[] to) => to[0] == from[0] && to[1] == from.Skip(1).Aggregate(1L, (a, b) => a * b);

        void Fill(int[] target)
        {
            TfliteTensor tensor = Demand(source, order, quantized);
            TfliteTensor result = new(
                value.Name, tensor.Type, AxisOrder.Apply(Dims(value), target), Array.IndexOf(target, OpenAxis(value)),
                tensor.Quantization);
            EmitReshape(tensor, result);
            DefineAs(value, target, result);
        }
    }

    /// <summary>
    /// The input of a FULLY_CONNECTED with constant weight that keeps no dimensions: such an operator flattens by itself, so
    /// an image comes as it is stored, without RESHAPE or TRANSPOSE. <see cref="FullyConnectedWeight"/> has its columns in
    /// the same sequence.
    /// </summary>
    /// <param name="index">The input's position: a matrix.</param>
    /// <returns>A tensor of the matrix's rows, perhaps of more than two dimensions.</returns>
    public TfliteTensor FullyConnectedInput(Node node, int index)
    {
        if (FlattenOf(node.Input(index)) is { } source)
            return Demand(source.Storage, source.Storage.Order, RunsQuantized(node));
        TfliteTensor matrix = Input(node, index);
        return _model.Unreshaped(matrix) is { Dims: [int rows, ..] } whole && whole.OpenAxis == matrix.OpenAxis && rows == matrix.Dims[0]
            ? whole : matrix;
    }

    /// <summary>The weight of a FULLY_CONNECTED as outputs × inputs, its columns in the sequence of the input's.</summary>
    /// <param name="index">The weight's position: a constant matrix.</param>
    /// <param name="inputIndex">The position of the input it multiplies.</param>
    /// <param name="transposed">Whether the constant is outputs × inputs already (Gemm with transB).</param>
    public TfliteTensor FullyConnectedWeight(Node node, int index, int inputIndex, bool transposed)
    {
        Value weight = node.Input(index);
        int[] order = transposed ? [0, 1] : [1, 0];
        int[] dims = [];
        int[] columns = [];
        if (FlattenOf(node.Input(inputIndex)) is { } source)
        {
            // The input's columns in ONNX's sequence are the axes behind the first, in the source value's sequence.
            int[] place = AxisOrder.Inverse(source.Axes);
            int[] stored = AxisOrder.Apply(place, source.Storage.Order);
            columns = stored;
            dims = AxisOrder.Apply(StorageDims(source), source.Axes);
        }

        return Constant(weight, $"columns {Storage.Key(columns)}", order, RunsQuantized(node), tensor =>
        {
            Tensor rows = AxisOrder.Permute(tensor, order);
            if (columns.Length == 0) return rows;
            int[] expanded = [rows.Dims[0], .. dims.AsSpan(1)];
            return AxisOrder.Permute(rows.Reshape(expanded), columns).Reshape(rows.Dims);
        }, axis => Array.IndexOf(order, axis));
    }

    /// <summary>Writes a RESHAPE. Its options hold the shape; a tensor for it would only take room.</summary>
    public void EmitReshape(TfliteTensor input, TfliteTensor output)
    {
        if (output.Signature.Count(size => size < 0) > 1)
            throw GraphDiagnostics.DynamicShape.Error(output.Name, output.Name, $"[{string.Join(", ", output.Signature)}]");
        Emit(BuiltinOperator.Reshape, [input], [output], new VectorOptions(BuiltinOptionsType.Reshape, output.Signature));
    }

    private TfliteTensor Reshaped(Value value, TfliteTensor tensor)
    {
        TfliteTensor result = new(value.Name, tensor.Type, Dims(value), OpenAxis(value), tensor.Quantization);
        EmitReshape(tensor, result);
        return result;
    }

    private View? FlattenOf(Value value) => ViewOf(value) is { Storage: { FlattenOf: { } source } } view
        && AxisOrder.IsIdentity(view.Axes) ? source : null;

    private static int[] StorageDims(View view) =>
        AxisOrder.Apply(view.Storage.Base.Dims, AxisOrder.Inverse(view.Storage.Order));

    /// <summary>The sizes with a prime that divides no other in place of the open one.</summary>
    private long[] Sizes(Value value)
    {
        int open = OpenAxis(value);
        return [.. Dims(value).Select((dim, axis) => axis == open ? int.MaxValue : (long)dim)];
    }
}
