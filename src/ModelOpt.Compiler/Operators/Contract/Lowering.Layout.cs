using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Where and in which order values are stored.</content>
internal sealed partial class Lowering
{
    private readonly Dictionary<Value, View> _views = [];

    /// <summary>The order in which a value is stored; reading it so costs nothing.</summary>
    /// <returns>ONNX's own order for constants.</returns>
    public int[] OrderOf(Value value)
    {
        View view = ViewOf(value);
        int[] place = AxisOrder.Inverse(view.Axes);
        return AxisOrder.Apply(place, view.Storage.Order);
    }

    /// <summary>
    /// An input in an order, in the form in which the node runs: quantized where it <see cref="RunsQuantized"/>, else
    /// float. Constants are permuted and rounded at compile time.
    /// </summary>
    /// <param name="index">The input's position; the input is present.</param>
    public TfliteTensor Input(Node node, int index, ReadOnlySpan<int> order) =>
        Demand(node.Input(index), order, RunsQuantized(node));

    /// <summary>An input in ONNX's own order, in the form in which the node runs.</summary>
    /// <param name="index">The input's position; the input is present.</param>
    public TfliteTensor Input(Node node, int index) => Input(node, index, AxisOrder.Identity(Rank(node.Input(index))));

    /// <summary>
    /// The tensor to write an output to, in the form in which the node runs; where an activation is fused, the
    /// activation's output.
    /// </summary>
    /// <param name="index">The output's position; the output is present.</param>
    /// <param name="order">The order in which the node produces it.</param>
    public TfliteTensor Output(Node node, int index, ReadOnlySpan<int> order)
    {
        Value value = Effective(node, node.Outputs[index]!);
        return Define(value, order, RunsQuantized(node));
    }

    /// <summary>The tensor to write an output to, in ONNX's own order.</summary>
    /// <param name="index">The output's position; the output is present.</param>
    public TfliteTensor Output(Node node, int index) =>
        Output(node, index, AxisOrder.Identity(Rank(node.Outputs[index]!)));

    /// <summary>Stores a value where another is: for operators that compute nothing (Identity, Transpose).</summary>
    /// <param name="permutation">As of Transpose: axis <c>i</c> is the source's axis <c>permutation[i]</c>; none for the same.</param>
    public void Alias(Value value, Value source, ReadOnlySpan<int> permutation = default)
    {
        int[] axes = permutation.IsEmpty ? AxisOrder.Identity(Rank(source)) : permutation.ToArray();
        if (value.Quantization == source.Quantization)
        {
            View view = ViewOf(source);
            _views[value] = new View(view.Storage, AxisOrder.Apply(view.Axes, axes));
        }
        else
        {
            // Another grid, or none: the same elements in float, to be rounded again.
            int[] order = OrderOf(source);
            DefineAs(value, AxisOrder.Apply(AxisOrder.Inverse(axes), order), Demand(source, order, quantized: false));
        }
    }

    /// <summary>The order in which to compute an elementwise node, so that the least has to be transposed.</summary>
    /// <param name="node">A node whose inputs broadcast to its first output.</param>
    public int[] BroadcastOrder(Node node)
    {
        int rank = Rank(node.Output);
        Value[] full = [.. node.Inputs.OfType<Value>().Where(v => !v.IsConstant && Rank(v) == rank)];
        int[] best = AxisOrder.Identity(rank);
        long least = long.MaxValue;
        foreach (int[] order in full.Select(OrderOf))
        {
            long cost = full.Where(v => !ViewOf(v).IsStored(order)).Sum(v => Count(v));
            if (cost > least || (cost == least && !AxisOrder.IsIdentity(best))) continue;
            (best, least) = (order, cost);
        }

        return best;
    }

    /// <summary>An input that broadcasts, with leading axes of size 1 up to the output's rank, in an order.</summary>
    /// <param name="node">A node whose inputs broadcast to its first output.</param>
    /// <param name="index">The input's position; the input is present.</param>
    public TfliteTensor BroadcastInput(Node node, int index, ReadOnlySpan<int> order)
    {
        Value value = node.Input(index);
        int missing = Rank(node.Output) - Rank(value);
        if (missing == 0) return Input(node, index, order);
        if (!value.IsConstant)
        {
            // One storage a value and rank, so that several consumers share the reshaped form.
            if (!_broadcasts.TryGetValue((value, missing), out Value? widened))
            {
                Shape shape = new(Enumerable.Repeat<Dim>(1, missing).Concat(value.Shape!));
                widened = new Value(value.Name, value.Type, shape) { Quantization = value.Quantization };
                Reshape(node, widened, value);
                _broadcasts.Add((value, missing), widened);
            }

            return Demand(widened, order, RunsQuantized(node));
        }

        int[] wanted = order.ToArray();
        return Constant(value, $"broadcast {missing}", wanted, RunsQuantized(node), tensor =>
        {
            int[] dims = [.. Enumerable.Repeat(1, missing), .. tensor.Dims];
            return AxisOrder.Permute(tensor.Reshape(dims), wanted);
        }, axis => Array.IndexOf(wanted, axis + missing));
    }

    /// <summary>A value in an order and form.</summary>
    private TfliteTensor Demand(Value value, ReadOnlySpan<int> order, bool quantized)
    {
        if (value.IsConstant)
        {
            int[] wanted = order.ToArray();
            return Constant(value, "", wanted, quantized,
                tensor => AxisOrder.Permute(tensor, wanted), axis => Array.IndexOf(wanted, axis));
        }

        View view = ViewOf(value);
        return Demand(view.Storage, AxisOrder.Apply(view.Axes, order), quantized);
    }

    private TfliteTensor Define(Value value, ReadOnlySpan<int> order, bool quantized, int[]? example = null)
    {
        bool integers = quantized && value.Quantization is not null;
        TfliteTensor tensor = new(
            value.Name,
            integers ? TypeOf(value.Quantization!.Type, value) : TypeOf(value.Type, value),
            AxisOrder.Apply(Dims(value), order),
            order.IndexOf(OpenAxis(value)),
            integers ? value.Quantization : null) { Example = example };
        DefineAs(value, order, tensor);
        return tensor;
    }

    private void DefineAs(Value value, ReadOnlySpan<int> order, TfliteTensor tensor) =>
        _views[value] = new View(new Storage(value, order.ToArray(), tensor), AxisOrder.Identity(order.Length));

    private View ViewOf(Value value)
    {
        if (_views.TryGetValue(value, out View? view)) return view;
        if (!value.IsConstant)
            throw GraphDiagnostics.InvalidGraph.Error(value.Name, "the value is read before it is produced");
        int[] identity = AxisOrder.Identity(Rank(value));
        TfliteTensor constant = Demand(value, identity, quantized: value.Quantization is not null);
        return _views[value] = new View(new Storage(value, identity, constant), identity);
    }

    private static int Rank(Value value) =>
        value.Shape?.Rank ?? throw GraphDiagnostics.DynamicShape.Error(value.Name, value.Name, "unknown");

    /// <summary>The sizes in ONNX's order, 1 for the open batch, −1 for others that are open or depend on values.</summary>
    private int[] Dims(Value value)
    {
        int open = OpenAxis(value);
        return [.. value.Shape!.Select((dim, axis) => axis == open ? 1 : checked((int)dim.Size))];
    }

    private static long Count(Value value) => value.Shape!.Aggregate(1L, (count, dim) => count * Math.Max(1, dim.Size));

    /// <summary>The axis that is the open batch, or -1.</summary>
    private int OpenAxis(Value value) => value.Shape!.ToList().FindIndex(_batch.Contains);

    /// <summary>A value as a relabelling of the storage: its axis <c>i</c> is the storage's axis <c>Axes[i]</c>.</summary>
    private sealed record View(Storage Storage, int[] Axes)
    {
        public bool IsStored(ReadOnlySpan<int> order) => Storage.Has(AxisOrder.Apply(Axes, order));
    }
}
