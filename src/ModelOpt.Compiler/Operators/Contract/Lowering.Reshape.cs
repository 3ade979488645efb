using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
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
    /// <param name="node">The node for which that is done.</param>
    public void Reshape(Node node, Value value, Value source)
    {
        bool sameGrid = value.Quantization == source.Quantization;
        bool quantized = sameGrid && source.Quantization is not null;
        int[] order = OrderOf(source);
        if (IsOpen(value) || IsOpen(source))
        {
            ReshapeOpen(node, value, source, quantized, target: null);
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
        return _model.Unreshaped(matrix) is { Dims: [>= 0 and var rows, ..] } whole && whole.OpenAxis == matrix.OpenAxis
            && rows == matrix.Dims[0] ? whole : matrix;
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
        TfliteTensor?[] inputs = output.Signature.Count(size => size < 0) > 1 ? [input, OpenTarget(input, output)] : [input];
        Emit(BuiltinOperator.Reshape, inputs, [output], new VectorOptions(BuiltinOptionsType.Reshape, output.Signature));
    }

    /// <summary>The shape of a tensor, int32, of which several sizes are open: these are those of the input, in their order.</summary>
    private TfliteTensor OpenTarget(TfliteTensor input, TfliteTensor output)
    {
        int[] from = [.. Open(input)], to = [.. Open(output)];
        if (from.Length != to.Length || Known(input) != Known(output))
            throw GraphDiagnostics.DynamicShape.Error(output.Name, output.Name, $"[{string.Join(", ", output.Signature)}]");
        string name = $"{output.Name}/sizes";
        TfliteTensor sizes = new(name, TensorType.Int32, [input.Rank]);
        Emit(BuiltinOperator.Shape, [input], [sizes], new ShapeOptions(TensorType.Int32));
        int[] known = [.. output.Signature.Where(size => size >= 0)];
        if (known.Length > 0)
        {
            TfliteTensor all = new(name, TensorType.Int32, [input.Rank + known.Length]);
            Emit(BuiltinOperator.Concatenation, [sizes, Constant(name, Tensor.Vector<int>(known))], [all],
                new ConcatenationOptions(0, ActivationFunction.None));
            sizes = all;
        }

        int next = input.Rank, open = 0;
        int[] places = [.. output.Signature.Select(size => size < 0 ? from[open++] : next++)];
        TfliteTensor target = new(name, TensorType.Int32, [places.Length]);
        Emit(BuiltinOperator.Gather, [sizes, Constant(name, Tensor.Vector<int>(places))], [target], new GatherOptions(0));
        return target;

        static IEnumerable<int> Open(TfliteTensor tensor) =>
            tensor.Signature.Select((size, axis) => (size, axis)).Where(p => p.size < 0).Select(p => p.axis);
        static long Known(TfliteTensor tensor) => tensor.Signature.Where(size => size >= 0).Aggregate(1L, (a, b) => a * b);
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
