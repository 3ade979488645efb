using Google.Protobuf;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Puts codes in the place of numbers of formats that the graph does not compute with (8- and 4-bit floats, 4- and 2-bit integers): inputs,
/// outputs and constants become bytes, and casts and quantization to and from them become lookups and comparisons. Other nodes may move
/// codes, but not compute with them.
/// </summary>
internal sealed class NarrowTypes
{
    private static readonly HashSet<string> Movers = new(StringComparer.Ordinal)
    {
        "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Concat", "Split", "Expand", "Tile",
    };

    private readonly GraphProto _graph;
    private readonly Dictionary<string, NarrowFormat> _formats = new(StringComparer.Ordinal);
    private readonly List<NodeProto> _result = [];
    private string _stem = "";
    private int _count;

    private NarrowTypes(GraphProto graph) => _graph = graph;

    /// <summary>Changes a model.</summary>
    /// <exception cref="CompilationException">A node computes with numbers of such a format.</exception>
    public static void Apply(ModelProto model, ExternalData external)
    {
        GraphProto graph = model.Graph;
        bool isNeeded = graph.Input.Concat(graph.Output).Any(v => NarrowFormat.Of(v.Type?.TensorType?.ElemType ?? 0) is not null)
            || graph.Initializer.Any(t => NarrowFormat.Of(t.DataType) is { } f && !OnnxTensors.IsPacked(t))
            || graph.Node.Any(n => n.Attribute.Any(a => a.Name is "to" or "output_dtype" && NarrowFormat.Of(a.I) is not null));
        if (isNeeded) new NarrowTypes(graph).Run(external);
    }

    /// <summary>A tensor of codes as bytes, one for each.</summary>
    /// <param name="proto">A tensor of such a format, packed where codes have fewer bits.</param>
    public static TensorProto Codes(TensorProto proto, ExternalData external)
    {
        NarrowFormat format = NarrowFormat.Of(proto.DataType)!;
        var bytes = proto.Clone();
        bytes.DataType = (int)ElementType.UInt8;
        int perByte = 8 / format.Bits;
        long count = proto.Dims.Aggregate(1L, (n, d) => n * d);
        if (count is < 0 or > int.MaxValue) throw OnnxDiagnostics.InvalidTensor.Error(proto.Name, "has an impossible shape");
        bytes.Dims.Clear();
        bytes.Dims.Add((count + perByte - 1) / perByte);
        ReadOnlySpan<byte> packed = OnnxTensors.Read(bytes, external, proto.Name).Span<byte>();
        byte[] codes = new byte[count];
        for (int i = 0; i < codes.Length; i++)
        {
            int code = (packed[i / perByte] >> (i % perByte * format.Bits)) & ((1 << format.Bits) - 1);
            codes[i] = (byte)(format.IsInteger && code > format.Range.Most ? code - (1 << format.Bits) : code);
        }

        return new TensorProto
        {
            Name = proto.Name, DataType = (int)format.Stored, Dims = { proto.Dims }, RawData = UnsafeByteOperations.UnsafeWrap(codes),
        };
    }

    private void Run(ExternalData external)
    {
        foreach (ValueInfoProto input in _graph.Input) Note(input);
        for (int i = 0; i < _graph.Initializer.Count; i++)
        {
            if (NarrowFormat.Of(_graph.Initializer[i].DataType) is not { } format) continue;
            _formats[_graph.Initializer[i].Name] = format;
            _graph.Initializer[i] = Codes(_graph.Initializer[i], external);
        }

        foreach (NodeProto node in _graph.Node) Add(node);
        _graph.Node.Clear();
        _graph.Node.AddRange(_result);
        foreach (ValueInfoProto value in _graph.Output.Concat(_graph.ValueInfo)) Note(value);
    }

    /// <summary>Gives a value the type of its codes.</summary>
    private void Note(ValueInfoProto value)
    {
        if (value.Type?.TensorType is not { } tensor || NarrowFormat.Of(tensor.ElemType) is not { } format) return;
        _formats[value.Name] = format;
        tensor.ElemType = (int)format.Stored;
    }

    private void Add(NodeProto node)
    {
        _stem = node.Output.Count > 0 ? node.Output[0] : "";
        NarrowFormat? from = FormatOf(node, 0);
        NarrowFormat? to = node.OpType switch
        {
            "Cast" => NarrowFormat.Of(Int(node, "to", 0)),
            "CastLike" => FormatOf(node, 1),
            "QuantizeLinear" => FormatOf(node, 2) ?? NarrowFormat.Of(Int(node, "output_dtype", 0)),
            _ => null,
        };
        if (from is null && to is null && !node.Input.Any(_formats.ContainsKey)) _result.Add(node);
        else if (node.OpType is "Cast" or "CastLike") AddCast(node, from, to);
        else if (node.OpType == "QuantizeLinear" && to is not null && from is null) AddQuantization(node, to);
        else if (node.OpType == "DequantizeLinear" && from is not null) AddDequantization(node, from);
        else if (from is not null && Movers.Contains(node.OpType))
        {
            foreach (string output in node.Output) _formats[output] = from;
            _result.Add(node);
        }
        else throw OnnxDiagnostics.UnsupportedFeature.Error(node.Name.Length > 0 ? node.Name : _stem,
            $"{node.OpType}s of {OnnxTensors.TypeName((from ?? to ?? _formats[node.Input.First(_formats.ContainsKey)]).Type)} are");
    }

    private void AddCast(NodeProto node, NarrowFormat? from, NarrowFormat? to)
    {
        string x = from is null ? node.Input[0] : Decoded(node.Input[0], from);
        if (to is not null) AddCodes(node, x, to, Int(node, "saturate", 1) != 0);
        else if (node.OpType == "Cast") Emit("Cast", [x], node.Output[0], ("to", Int(node, "to", 0)));
        else Emit("CastLike", [x, node.Input[1]], node.Output[0]);
    }

    private void AddQuantization(NodeProto node, NarrowFormat format)
    {
        if (format.IsInteger)
        {
            // Bytes of the same numbers, clamped to fewer.
            NodeProto bytes = node.Clone();
            bytes.Output[0] = Name();
            foreach (AttributeProto attribute in bytes.Attribute.Where(a => a.Name == "output_dtype")) attribute.I = (int)format.Stored;
            _result.Add(bytes);
            string low = Constant(Casting.To(Tensor.Scalar((float)format.Range.Least), format.Stored));
            string high = Constant(Casting.To(Tensor.Scalar((float)format.Range.Most), format.Stored));
            Emit("Clip", [bytes.Output[0], low, high], node.Output[0]);
            _formats[node.Output[0]] = format;
            return;
        }

        RefuseBlocks(node);
        string scaled = Emit("Div", [node.Input[0], Along(node, 1)]);
        AddCodes(node, scaled, format, Int(node, "saturate", 1) != 0);
    }

    private void AddDequantization(NodeProto node, NarrowFormat format)
    {
        if (format.IsInteger)
        {
            _result.Add(node);
            return;
        }

        RefuseBlocks(node);
        string numbers = Emit("CastLike", [Decoded(node.Input[0], format), node.Input[1]]);
        Emit("Mul", [numbers, Along(node, 1)], node.Output[0]);
    }

    // A zero point of a float is zero.
    private static void RefuseBlocks(NodeProto node)
    {
        if (Int(node, "block_size", 0) != 0)
            throw OnnxDiagnostics.UnsupportedFeature.Error(node.Name, "blocks of 8- or 4-bit floats are");
    }

    /// <summary>A scale, as it broadcasts to the data: a vector lies along an axis of it.</summary>
    private string Along(NodeProto node, int index)
    {
        TensorProto? scale = _graph.Initializer.FirstOrDefault(t => t.Name == node.Input[index]);
        int? own = scale?.Dims.Count ?? RankOf(node.Input[index]);
        if (own == 0) return node.Input[index];
        if (own != 1 || RankOf(node.Input[0]) is not { } rank)
            throw OnnxDiagnostics.UnsupportedFeature.Error(node.Name, "scales of 8-bit floats of unknown dimensions are");
        long axis = Int(node, "axis", 1);
        long[] dims = [.. Enumerable.Repeat(1L, rank)];
        if (axis < -rank || axis >= rank) throw GraphDiagnostics.InvalidAttribute.Error(node.Name, "axis", $"is {axis}");
        dims[axis < 0 ? axis + rank : axis] = -1;
        return Emit("Reshape", [node.Input[index], Constant(Tensor.Vector<long>(dims))]);
    }

    private int? RankOf(string name) =>
        _graph.Input.Concat(_graph.ValueInfo).FirstOrDefault(v => v.Name == name)?.Type?.TensorType?.Shape?.Dim.Count
            ?? _graph.Initializer.FirstOrDefault(t => t.Name == name)?.Dims.Count;

    /// <summary>The numbers of codes: bytes of integers, or float32.</summary>
    private string Decoded(string codes, NarrowFormat format)
    {
        if (format.IsInteger) return codes;
        string places = Emit("Cast", [codes], null, ("to", (long)ElementType.Int32));
        return Emit("Gather", [Constant(Tensor.Vector<float>(format.Numbers())), places]);
    }

    /// <summary>The codes of numbers of any type.</summary>
    private void AddCodes(NodeProto node, string x, NarrowFormat format, bool clamps)
    {
        _formats[node.Output[0]] = format;
        string numbers = Emit("Cast", [x], null, ("to", (long)ElementType.Float32));
        string codes = format.IsInteger ? Integers(numbers, format) : Floats(numbers, format, clamps);
        Emit("Cast", [codes], node.Output[0], ("to", (long)format.Stored));
    }

    /// <summary>The low bits of the integer part.</summary>
    private string Integers(string x, NarrowFormat format)
    {
        string whole = Emit("Cast", [x], null, ("to", (long)ElementType.Int32)), count = Constant(Tensor.Scalar(1 << format.Bits));
        string low = Emit("Mod", [whole, count]);
        if (!format.IsSigned) return low;
        string isNegative = Emit("Greater", [low, Constant(Tensor.Scalar(format.Range.Most))]);
        return Emit("Where", [isNegative, Emit("Sub", [low, count]), low]);
    }

    private string Floats(string x, NarrowFormat format, bool clamps)
    {
        string column = Emit("Unsqueeze", [Emit("Abs", [x]), Constant(Tensor.Vector(-1L))]);
        string above = Emit("Greater", [column, Constant(Tensor.Vector<float>(format.Borders(clamps)))]);
        string counted = Emit("Cast", [above], null, ("to", (long)ElementType.Float32));
        string code = Emit("ReduceSum", [counted, Constant(Tensor.Vector(-1L))], null, ("keepdims", 0L));
        // A negative zero is less than nothing, but its inverse is.
        string isNegative = Emit("Or", [Emit("Less", [x, Number(0)]), Emit("Less", [Emit("Reciprocal", [x]), Number(0)])]);
        if (format.IsUnsignedZero) isNegative = Emit("And", [isNegative, Emit("Greater", [code, Number(0)])]);
        string signed = Emit("Where", [isNegative, Emit("Add", [code, Number(format.SignCode)]), code]);
        if (format.IsUnsignedZero)
            signed = Emit("Where", [Emit("Greater", [code, Number(format.Largest)]), Number(format.TooLarge), signed]);
        return Emit("Where", [Emit("IsNaN", [x]), Number(format.NoNumber), signed]);
    }

    private NarrowFormat? FormatOf(NodeProto node, int index) =>
        index < node.Input.Count ? _formats.GetValueOrDefault(node.Input[index]) : null;

    private static long Int(NodeProto node, string name, long fallback) =>
        node.Attribute.FirstOrDefault(a => a.Name == name)?.I ?? fallback;

    private string Name() => $"{_stem}/code{_count++}";

    private string Number(float number) => Constant(Tensor.Scalar(number));

    private string Constant(Tensor tensor)
    {
        string name = Name();
        _graph.Initializer.Add(OnnxTensors.Write(name, tensor));
        return name;
    }

    private string Emit(string type, string[] inputs, string? output = null, params ReadOnlySpan<(string Name, long Value)> attributes)
    {
        var node = new NodeProto { OpType = type, Output = { output ?? Name() }, Input = { inputs } };
        foreach ((string name, long value) in attributes)
            node.Attribute.Add(new AttributeProto { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int });
        _result.Add(node);
        return node.Output[0];
    }
}
