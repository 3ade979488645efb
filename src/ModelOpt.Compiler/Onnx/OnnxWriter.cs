using Google.Protobuf;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Quantize;
using ModelOpt.Compiler.Operators.Selection;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Writes graphs as ONNX files. An annotated activation becomes a pair of QuantizeLinear and DequantizeLinear, an annotated
/// constant its integers behind a DequantizeLinear, a constant marked as float16 its halves behind a Cast. ONNX Runtime and TensorRT turn
/// these pairs into integer kernels. The same graph gives the same bytes.
/// </summary>
/// <remarks>
/// Activations are written as uint8, the int8 grid moved by 128: on x64, ONNX Runtime turns int8 pairs with one reader
/// into uint8 and leaves those with several, and then finds no integer kernel between the two.
/// </remarks>
internal sealed partial class OnnxWriter
{
    private readonly Graph _graph;
    private readonly GraphProto _proto;
    private readonly QdqPlan _plan;
    private readonly HashSet<string> _taken;
    private readonly Dictionary<Value, string> _read = [];
    private readonly Dictionary<Value, string> _unrounded = [];
    private readonly Dictionary<string, int> _counts;
    private readonly HashSet<string> _nodeNames = new(StringComparer.Ordinal);
    private readonly int _opset;

    private OnnxWriter(Graph graph)
    {
        _graph = graph;
        _proto = new GraphProto { Name = graph.Name };
        _plan = QdqPlan.Of(graph);
        _taken = graph.Values.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        _counts = new(StringComparer.Ordinal);
        _opset = graph.AllNodes.Select(n => Operator.Of(n).MinimumOpset(n)).Append(Graph.WrittenOpset).Max();
    }

    /// <summary>Writes a graph.</summary>
    public static byte[] Write(Graph graph) => new OnnxWriter(graph).Write();

    private byte[] Write()
    {
        WriteGraph();
        var model = new ModelProto
        {
            IrVersion = IrVersion(_opset),
            ProducerName = "ModelOpt.Build",
            Graph = _proto,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = _opset } },
        };
        foreach ((string key, string value) in _graph.Metadata)
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model.ToByteArray();
    }

    private void WriteGraph()
    {
        foreach (Value input in _graph.Inputs.SkipLast(_graph.Captures))
        {
            _proto.Input.Add(OnnxTypes.Write(input.Name, _graph.DeclaredType(input) ?? input.Type, input.Shape));
            Define(input, _graph.DeclaredType(input) is null ? input.Name : Convert(Unique($"{input.Name}_float"), input.Name, input.Type));
        }

        foreach (Node node in _graph.Nodes)
        {
            if (!_plan.IsDropped(node)) Write(node);
        }

        foreach (Value output in _graph.Outputs)
            _proto.Output.Add(OnnxTypes.Write(output.Name, _graph.DeclaredType(output) ?? output.Type, output.Shape));
    }

    private void Write(Node node)
    {
        NodeProto target = Add(node.Type, node.Name, []);
        // The nodes that its constants need come first.
        _proto.Node.RemoveAt(_proto.Node.Count - 1);
        List<Value?> inputs = [.. node.Inputs.SkipLast(node.Captures)];
        while (node.Captures > 0 && inputs is [.., null]) inputs.RemoveAt(inputs.Count - 1);
        SortedDictionary<string, object> attributes = new(node.Attributes, StringComparer.Ordinal);
        Operator.Of(node).Downgrade(node, _opset, inputs, attributes);
        if (QdqPlan.ReadsUnrounded(node)) target.Input.Add(_unrounded[node.Input(0)]);
        else target.Input.AddRange(inputs.Select(v => v is null ? "" : Read(v)));
        foreach ((string name, object value) in attributes)
            target.Attribute.Add(value is Graph body ? WriteBody(name, body, node) : OnnxAttributes.Write(name, value));
        _proto.Node.Add(target);
        foreach (Value? output in node.Outputs)
        {
            if (output is null)
            {
                target.Output.Add("");
                continue;
            }

            Value stored = _plan.StoredAs(output);
            string name = _graph.IsOutput(stored)
                && (IsRounded(stored) || _graph.DeclaredType(stored) is not null) ? Unique($"{stored.Name}_float") : stored.Name;
            target.Output.Add(name);
            Define(stored, name);
            if (_graph.IsOutput(stored) && _graph.DeclaredType(stored) is { } declared) Convert(stored.Name, _read[stored], declared);
        }
    }

    private string Convert(string output, string input, ElementType type)
    {
        Add("Cast", "", output, input).Attribute.Add(OnnxAttributes.Write("to", (long)type));
        return output;
    }

    /// <summary>Makes a value that is now written under a name readable; an annotated one through its pair.</summary>
    private void Define(Value value, string name)
    {
        if (!_graph.Inputs.Contains(value) && !(_graph.IsOutput(value) && name == value.Name))
            _proto.ValueInfo.Add(OnnxTypes.Write(name, value.Type, value.Shape));
        _unrounded[value] = name;
        if (_plan.GridOf(value) is not { } annotation)
        {
            _read[value] = name;
            return;
        }

        Quantization grid = annotation.AsUInt8();
        string scale = Constant("s", Scales(grid));
        string zeroPoint = Constant("z", ZeroPoints(grid));
        string stored = Unique("q");
        bool isOutput = _graph.IsOutput(value) && name != value.Name && _graph.DeclaredType(value) is null;
        string restored = isOutput ? value.Name : Unique("d");
        Add("QuantizeLinear", "", stored, name, scale, zeroPoint);
        Add("DequantizeLinear", "", restored, stored, scale, zeroPoint);
        _read[value] = restored;
    }

    private string Read(Value value)
    {
        value = _plan.ReadAs(value);
        if (_read.TryGetValue(value, out string? name)) return name;
        Tensor tensor = value.Constant!;
        if (value.Quantization is not { } annotation)
        {
            _proto.Initializer.Add(OnnxTensors.Write(value.Name, tensor));
        }
        else if (annotation.Type == ElementType.Float16)
        {
            string half = Constant("h", Casting.To(tensor, ElementType.Float16));
            Convert(value.Name, half, ElementType.Float32);
        }
        else
        {
            Quantization grid = IsWeight(value) ? annotation : annotation.AsUInt8();
            string stored = Constant("q", grid.Quantize(tensor));
            string scale = Constant("s", Scales(grid));
            // DequantizeLinear takes 0 if no zero point is given, but ONNX Runtime requires one for a Gemm.
            bool isImplied = grid.Type == ElementType.Int32 || value.Consumers.All(n => n.Type == "Conv");
            string[] zeroPoint = isImplied && grid.ZeroPoints.All(z => z == 0) ? [] : [Constant("z", ZeroPoints(grid))];
            NodeProto restore = Add("DequantizeLinear", "", value.Name, [stored, scale, .. zeroPoint]);
            if (!grid.IsPerTensor) restore.Attribute.Add(OnnxAttributes.Write("axis", (long)grid.Axis));
        }

        return _read[value] = value.Name;
    }

    private NodeProto Add(string type, string name, string output, params IEnumerable<string> inputs)
    {
        NodeProto node = Add(type, name, inputs);
        node.Output.Add(output);
        return node;
    }

    private NodeProto Add(string type, string name, IEnumerable<string> inputs)
    {
        var node = new NodeProto { OpType = type };
        // ONNX Runtime takes each name once; files from elsewhere may have one for several nodes.
        string free = name;
        for (int i = 2; name.Length > 0 && !_nodeNames.Add(free); i++) free = $"{name}_{i}";
        if (name.Length > 0) node.Name = free;
        node.Input.AddRange(inputs);
        _proto.Node.Add(node);
        return node;
    }

    private string Constant(string stem, Tensor tensor)
    {
        string name = Unique(stem);
        _proto.Initializer.Add(OnnxTensors.Write(name, tensor));
        return name;
    }

    /// <summary>A free name. Values that only the pairs need have short names, because there are many.</summary>
    private string Unique(string stem)
    {
        string name;
        do
        {
            int count = _counts[stem] = _counts.GetValueOrDefault(stem) + 1;
            name = $"{stem}{count}";
        }
        while (!_taken.Add(name));
        return name;
    }

    private static bool IsWeight(Value constant) => constant.Consumers.All(n =>
        Operator.Of(n).Quantization == QuantizationRule.Weighted && n.InputOrNull(1) == constant && n.InputOrNull(0) != constant);

    private bool IsRounded(Value value) => _plan.GridOf(value) is not null;

    private static Tensor Scales(Quantization grid) =>
        grid.IsPerTensor ? Tensor.Scalar(grid.Scale) : Tensor.Vector<float>([.. grid.Scales]);

    /// <summary>The zero points in the stored type.</summary>
    private static Tensor ZeroPoints(Quantization grid) => Casting.To(
        grid.IsPerTensor ? Tensor.Scalar(grid.ZeroPoint) : Tensor.Vector<int>([.. grid.ZeroPoints]), grid.Type);

    private static int IrVersion(int opset) => opset >= 21 ? 10 : opset >= 19 ? 9 : 8;
}
