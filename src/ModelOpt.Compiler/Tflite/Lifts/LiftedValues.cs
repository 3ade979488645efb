using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;
using FileQuantization = ModelOpt.Runtime.Model.Quantization;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>
/// The values of the graph that stand for the tensors of a file, as real numbers. Where the file stores integers, QuantizeLinear and
/// DequantizeLinear stand behind the operator that makes them. A value is made with channels last, as the file has it, or with channels
/// first, as ONNX's layers have it; the other is a Transpose that is made when it is asked for.
/// </summary>
/// <param name="around">The values of the graph whose node has this one as a body; null for the main graph.</param>
internal sealed class LiftedValues(Graph graph, LiftedValues? around = null)
{
    private readonly Dictionary<FileTensor, Value> _last = [], _first = [];
    private readonly Dictionary<FileTensor, FileTensor> _same = [];
    private readonly Dictionary<FileTensor, Tensor> _known = [];
    private readonly HashSet<string> _taken = around?._taken ?? new(StringComparer.Ordinal);

    /// <summary>The graph that is made.</summary>
    public Graph Graph => graph;

    /// <summary>The order that makes channels the second axis.</summary>
    public static int[] ToFirst(int rank) => [0, rank - 1, .. Enumerable.Range(1, rank - 2)];

    /// <summary>The order that makes channels the last axis.</summary>
    public static int[] ToLast(int rank) => [0, .. Enumerable.Range(2, rank - 2), 1];

    /// <summary>Whether integers of a tensor stand for real numbers.</summary>
    public static bool IsQuantized(FileTensor tensor) => tensor.Quantization is not null
        && tensor.Type is TensorType.Int8 or TensorType.UInt8 or TensorType.Int16 or TensorType.Int32;

    /// <summary>The element type in the graph.</summary>
    public static ElementType TypeOf(FileTensor tensor) => Enum.Parse<ElementType>($"{tensor.Type}");

    /// <summary>A name that no other value has, near that of a tensor: the first where the converter joined several.</summary>
    public string NameOf(FileTensor tensor) => NameOf(tensor.Name.Split(';')[0]);

    /// <summary>A name that no other value has.</summary>
    public string NameOf(string stem)
    {
        string name = stem;
        for (int i = 1; !_taken.Add(name); i++) name = $"{stem}_{i}";
        return name;
    }

    /// <summary>Keeps a name for an input or output.</summary>
    public void Reserve(string name) => _taken.Add(name);

    /// <summary>Lets a tensor be another: an operator between them computes nothing that the graph shows.</summary>
    public void Same(FileTensor tensor, FileTensor source) => _same[tensor] = Source(source);

    /// <summary>Lets a tensor be a constant.</summary>
    public void Know(FileTensor tensor, Tensor constant) => _known[tensor] = constant;

    /// <summary>The elements of a tensor as the file stores them; null where they are known only when the model runs.</summary>
    public Tensor? Constant(FileTensor tensor)
    {
        tensor = Source(tensor);
        if (_known.TryGetValue(tensor, out Tensor? known)) return known;
        if (tensor.Data is not { } data) return null;
        return _known[tensor] = new Tensor(TypeOf(tensor), tensor.Shape, data.ToArray());
    }

    /// <summary>The real numbers that a constant stands for.</summary>
    public Tensor Reals(FileTensor tensor)
    {
        Tensor stored = Constant(tensor)!;
        if (!IsQuantized(tensor)) return Casting.To(stored, ElementType.Float32);
        FileQuantization grid = tensor.Quantization!;
        Tensor real = Casting.To(stored, ElementType.Float32);
        int slice = 1;
        for (int axis = grid.Axis + 1; axis < tensor.Rank; axis++) slice *= tensor.Shape[axis];
        Span<float> numbers = real.Span<float>();
        for (int i = 0; i < numbers.Length; i++)
        {
            int at = grid.Count == 1 ? 0 : i / slice % grid.Count;
            numbers[i] = (numbers[i] - grid.ZeroPoint(at)) * grid.Scale(at);
        }

        return real;
    }

    /// <summary>The elements of a constant as the graph has them.</summary>
    /// <param name="dims">Other sizes of as many elements; null for those of the file.</param>
    /// <param name="order">The order of the axes.</param>
    public Value ConstantValue(FileTensor tensor, int[]? dims, ReadOnlySpan<int> order)
    {
        tensor = Source(tensor);
        Tensor stored = Constant(tensor)!;
        if (dims is not null) stored = stored.Reshape(dims);
        Value value = new(NameOf(tensor), AxisOrder.Permute(stored, order));
        if (!IsQuantized(tensor)) return value;
        FileQuantization grid = tensor.Quantization!;
        if (grid.Count > 1 && dims is not null) throw tensor.Error("has a scale for each of its slices, which is not supported here");
        return Dequantized(value, tensor, grid.Count > 1 ? Array.IndexOf(order.ToArray(), grid.Axis) : 0);
    }

    /// <summary>Whether a tensor is there with channels first only, so that an operator of any order computes with that.</summary>
    public bool IsFirst(FileTensor tensor) => _first.ContainsKey(Source(tensor)) && !_last.ContainsKey(Source(tensor));

    /// <summary>A tensor with channels last, as the file has it.</summary>
    public Value Last(FileTensor tensor)
    {
        tensor = Source(tensor);
        if (_last.TryGetValue(tensor, out Value? value)) return value;
        if (Constant(tensor) is not null) return _last[tensor] = ConstantValue(tensor, null, AxisOrder.Identity(tensor.Rank));
        return _last[tensor] = Moved(_first[tensor], tensor, ToLast(tensor.Rank));
    }

    /// <summary>A tensor of 3 or more axes with channels first.</summary>
    public Value First(FileTensor tensor)
    {
        tensor = Source(tensor);
        if (_first.TryGetValue(tensor, out Value? value)) return value;
        if (tensor.Rank < 3) throw tensor.Error($"has {tensor.Rank} dimensions where a layer of images or rows is expected");
        if (Constant(tensor) is not null) return _first[tensor] = ConstantValue(tensor, null, ToFirst(tensor.Rank));
        return _first[tensor] = Moved(_last[tensor], tensor, ToFirst(tensor.Rank));
    }

    /// <summary>Says what a tensor is.</summary>
    /// <param name="real">The real numbers, before they are rounded.</param>
    /// <param name="isFirst">Whether channels come first.</param>
    public void Define(FileTensor tensor, Value real, bool isFirst) => (isFirst ? _first : _last)[tensor] = Rounded(real, tensor);

    /// <summary>Gives a tensor whose operator was refused a value, so that the operators that read it are looked at too.</summary>
    public void StandIn(FileTensor tensor)
    {
        if (!_first.ContainsKey(tensor) && !_last.ContainsKey(tensor)) _last[tensor] = new Value(NameOf(tensor), TypeOf(tensor));
    }

    /// <summary>Says what a tensor is that comes as its file stores it.</summary>
    public void DefineStored(FileTensor tensor, Value stored) =>
        _last[tensor] = IsQuantized(tensor) ? Dequantized(stored, tensor, AxisOf(tensor)) : stored;

    /// <summary>The integers of a tensor that the caller gets, or the tensor as it is.</summary>
    public Value Stored(FileTensor tensor) =>
        IsQuantized(tensor) ? Pair("QuantizeLinear", Last(tensor), tensor, AxisOf(tensor)) : Last(tensor);

    /// <summary>Real numbers on the grid of a tensor, where it has one.</summary>
    public Value Rounded(Value real, FileTensor tensor)
    {
        if (!IsQuantized(tensor)) return real;
        if (tensor.Quantization!.Count > 1) throw tensor.Error("is computed, and has a scale for each of its slices");
        return Dequantized(Pair("QuantizeLinear", real, tensor, 0), tensor, 0);
    }

    /// <summary>Adds a node.</summary>
    public Value Add(string name, string type, string label, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Value output = new(name);
        Node node = graph.Add(new Node(type, label, inputs, [output]));
        foreach ((string key, object value) in attributes) node.Attributes.Add(key, value);
        return output;
    }

    private Value Moved(Value value, FileTensor tensor, int[] order) => Rounded(
        Add(NameOf(tensor), "Transpose", "", [value], ("perm", order.Select(i => (long)i).ToArray())), tensor);

    private Value Dequantized(Value stored, FileTensor tensor, int axis) => Pair("DequantizeLinear", stored, tensor, axis);

    private Value Pair(string type, Value value, FileTensor tensor, int axis)
    {
        FileQuantization grid = tensor.Quantization!;
        int count = grid.Count;
        float[] scales = grid.Scales();
        if (Array.Exists(scales, s => !(s > 0 && float.IsFinite(s))))
            throw new CompilationException(TfliteDiagnostics.InvalidTflite.At(
                null, tensor.Name, $"a scale of tensor '{tensor.Name}' is no positive number"));
        Tensor scale = count == 1 ? Tensor.Scalar(scales[0]) : Tensor.Vector<float>(scales);
        Tensor zero = Tensor.Zeros(TypeOf(tensor), scale.Dims);
        for (int i = 0; i < count; i++) SetZeroPoint(zero, i, grid.ZeroPoint(i));
        string name = NameOf(tensor);
        Value[] inputs = [value, new(NameOf($"{name}_scale"), scale), new(NameOf($"{name}_zero"), zero)];
        return Add(name, type, "", inputs, ("axis", (long)axis));
    }

    private static void SetZeroPoint(Tensor zeros, int index, int value)
    {
        Span<byte> bytes = zeros.Bytes.Span[(index * zeros.Type.Size())..];
        switch (zeros.Type)
        {
            case ElementType.Int8: bytes[0] = (byte)(sbyte)Math.Clamp(value, sbyte.MinValue, sbyte.MaxValue); break;
            case ElementType.UInt8: bytes[0] = (byte)Math.Clamp(value, 0, byte.MaxValue); break;
            case ElementType.Int16:
                BinaryPrimitives.WriteInt16LittleEndian(bytes, (short)Math.Clamp(value, short.MinValue, short.MaxValue));
                break;
            default: MemoryMarshal.Write(bytes, value); break;
        }
    }

    private static int AxisOf(FileTensor tensor) => tensor.Quantization is { Count: > 1 } grid ? grid.Axis : 0;

    private FileTensor Source(FileTensor tensor) => _same.GetValueOrDefault(tensor, tensor);
}
