using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Onnx.Rewrites.Quantized;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Quantize;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// ONNX files to graphs: every node in the form of <see cref="Graph.Opset"/>, nodes sorted, QDQ pairs folded into
/// annotations. Types and shapes are those that the file states; <see cref="ShapeInference"/> completes them.
/// </summary>
internal sealed partial class OnnxReader
{
    private readonly GraphProto _proto;
    private readonly ModelProto _model;
    private readonly ExternalData _external;
    private readonly bool _foldsPairs;
    private readonly Dictionary<string, TensorProto> _initializers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Graph _graph = new();
    private List<(Node Node, NodeProto Proto)> _nodes = [];

    private OnnxReader(ModelProto model, string? file, bool foldsPairs)
    {
        _model = model;
        _foldsPairs = foldsPairs;
        _proto = model.Graph;
        _external = new ExternalData(file);
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">The path; external data is looked for in its folder.</param>
    /// <exception cref="CompilationException">The file is not a model, or not one that is supported.</exception>
    public static Graph Read(string file) => Read(OnnxFile.ReadAllBytes(file), file);

    /// <summary>Reads a model from memory.</summary>
    /// <param name="bytes">The file's bytes; the graph may keep them.</param>
    /// <param name="file">Where they come from: named in diagnostics, and external data is looked for in its folder.</param>
    /// <param name="foldsPairs">
    /// Whether QDQ pairs become annotations; otherwise they stay nodes, and the graph computes node by node what the file says.
    /// </param>
    /// <param name="asFloat32">Whether floats of other sizes become float32, as all but the definitions of operators take them.</param>
    /// <exception cref="CompilationException">The bytes are not a model, or not one that is supported.</exception>
    public static Graph Read(byte[] bytes, string? file = null, bool foldsPairs = true, bool asFloat32 = false)
    {
        try
        {
            return new OnnxReader(OnnxFile.Parse(bytes), file, foldsPairs).Read(asFloat32);
        }
        catch (CompilationException e) when (e.Diagnostic.File is null && file is not null)
        {
            throw e.InFile(file);
        }
    }

    private Graph Read(bool asFloat32)
    {
        int opset = Opset();
        Inlining.Apply(_model, _external);
        LearnedOutputs.Apply(_model, _graph);
        NarrowTypes.Apply(_model, _external);
        foreach (StringStringEntryProto entry in _model.MetadataProps) _graph.Metadata[entry.Key] = entry.Value;
        ReadStructure();
        // Before attributes: a node is to be refused as an operator, not for what it has.
        RefuseUnsupported();
        Complete(opset);
        if (asFloat32) FloatUnification.Apply(_graph);
        if (_foldsPairs)
        {
            MovedIntegers.Apply(_graph);
            QdqFolding.Apply(_graph);
        }

        Normalize();
        return _graph;
    }

    /// <summary>Reads values and nodes, those that are read: what is not cannot get a model refused.</summary>
    private void ReadStructure()
    {
        _graph.Name = _proto.Name.Length > 0 ? _proto.Name : "model";
        ReadInitializers();
        ReadInputs();
        _nodes = ReadNodes();
        ReadOutputs();
        UnreadRemoval.Apply(_graph);
    }

    /// <summary>Reads the rest, and brings nodes to the form of <see cref="Graph.Opset"/>.</summary>
    private void Complete(int opset)
    {
        HashSet<Node> read = [.. _graph.Nodes];
        foreach ((Node node, NodeProto source) in _nodes.Where(n => read.Contains(n.Node))) ReadAttributes(node, source);
        ReadHints();
        _graph.Reorder(TopologicalOrder.Sort(_graph.Nodes));
        foreach (OnnxReader body in BodiesOf(_graph.Nodes)) body.Complete(opset);
        ConstantCopies.Apply(_graph);
        DynamicLayers.Apply(_graph);
        PassingShapes? shapes = opset < 7 || _graph.Nodes.Any(n => NodeRewrites.Find(n) is not null) ? new(_graph) : null;
        foreach (Node node in _graph.Nodes.ToArray())
        {
            shapes?.InferUpTo(node);
            Guard.Run(node, () =>
            {
                if (NodeRewrites.Find(node) is { } rewrite) rewrite.Apply(_graph, node, opset);
                else Operator.Of(node).Upgrade(_graph, node, opset);
            });
        }

        shapes?.Restore();
    }

    private void Normalize()
    {
        foreach (OnnxReader body in BodiesOf(_graph.Nodes)) body.Normalize();
        foreach (Value output in _graph.Outputs.Where(v => v.IsConstant).ToArray()) ProduceConstant(output);
        foreach (Node node in _graph.Nodes.ToArray()) Guard.Run(node, () => Operator.Of(node).Normalize(_graph, node));
    }

    private int Opset()
    {
        long? opset = null;
        foreach (OperatorSetIdProto import in _model.OpsetImport)
        {
            if (IsDefaultDomain(import.Domain)) opset = import.Version;
        }

        // The first files name none: they are older than opsets.
        if (opset is null && _model.IrVersion is 1 or 2) return 1;
        // A model of other domains' operators only has no need of one.
        if (opset is null && _model.OpsetImport.Count > 0 && !_model.Graph.Node.Any(n => IsDefaultDomain(n.Domain))) return Graph.Opset;
        return opset is >= Graph.OldestOpset and <= Graph.Opset ? (int)opset
            : throw OnnxDiagnostics.UnsupportedOpset.Error(
                null, opset is null ? "names no opset" : $"uses opset {opset}", Graph.OldestOpset, Graph.Opset);
    }

    private void ReadInitializers()
    {
        foreach (TensorProto tensor in _proto.Initializer)
        {
            if (tensor.Name.Length == 0) throw OnnxDiagnostics.InvalidModel.Error(null, "an initializer has no name");
            if (!_initializers.TryAdd(tensor.Name, tensor)) throw OnnxDiagnostics.DuplicateName.Error(null, tensor.Name);
        }

        foreach (SparseTensorProto sparse in _proto.SparseInitializer)
            throw OnnxDiagnostics.UnsupportedFeature.Error(sparse.Values?.Name ?? "", "sparse initializers are");
    }

    private void ReadInputs()
    {
        foreach (ValueInfoProto info in _proto.Input)
        {
            // Up to IR version 3 every initializer is an input too; later it is one whose value may be overridden.
            if (_around is null && _initializers.ContainsKey(info.Name)) continue;
            if (info.Name.Length == 0) throw OnnxDiagnostics.InvalidModel.Error(null, "an input has no name");
            Value value = Define(info.Name, info.Name);
            (value.Type, value.Shape) = OnnxTypes.Read(info);
            if (value.Type == ElementType.Undefined && _around is null)
                throw OnnxDiagnostics.InvalidModel.Error(info.Name, "the input has no type");
            value.Shape = value.Shape is null ? null : OnnxTypes.NameOpenDims(value.Shape, info.Name);
            _graph.Inputs.Add(value);
        }
    }

    private List<(Node Node, NodeProto Proto)> ReadNodes()
    {
        var pending = new List<(NodeProto Proto, List<Value?> Outputs)>(_proto.Node.Count);
        foreach (NodeProto node in _proto.Node)
        {
            string label = node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(o => o.Length > 0) ?? node.OpType;
            if (node.OpType.Length == 0) throw OnnxDiagnostics.InvalidModel.Error(label, "the node names no operator");
            if (node.Output.All(o => o.Length == 0)) throw OnnxDiagnostics.InvalidModel.Error(label, "the node has no outputs");
            var outputs = node.Output.Select(o => o.Length == 0 ? null : Define(o, label)).ToList();
            while (outputs[^1] is null) outputs.RemoveAt(outputs.Count - 1);
            if (node.OpType == "Constant" && IsDefaultDomain(node.Domain)) SetConstant(outputs[0]!, ReadConstant(node, label));
            else pending.Add((node, outputs));
        }

        List<(Node, NodeProto)> nodes = new(pending.Count);
        foreach ((NodeProto node, List<Value?> outputs) in pending)
        {
            var inputs = node.Input.Select(i => i.Length == 0 ? null : Find(i, node)).ToList();
            while (inputs is [.., null]) inputs.RemoveAt(inputs.Count - 1);
            Node added = new(node.OpType, node.Name, inputs, outputs) { Domain = IsDefaultDomain(node.Domain) ? "" : node.Domain };
            nodes.Add((_graph.Add(added), node));
            ReadBodies(added, node);
        }

        return nodes;
    }

    private void ReadAttributes(Node node, NodeProto source)
    {
        foreach (AttributeProto attribute in source.Attribute)
        {
            if (IsBody(node, attribute)) continue;
            if (!node.Attributes.TryAdd(attribute.Name, OnnxAttributes.Read(node.Label, attribute, _external)))
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, attribute.Name, "is given twice");
        }
    }

    private Tensor ReadConstant(NodeProto node, string label)
    {
        if (node.Attribute is not [var attribute])
            throw OnnxDiagnostics.InvalidModel.Error(label, "a Constant has one attribute");
        return OnnxAttributes.Read(label, attribute, _external) switch
        {
            Tensor tensor => tensor,
            float f => Tensor.Scalar(f),
            long i => Tensor.Scalar(i),
            float[] floats => Tensor.Vector<float>(floats),
            long[] ints => Tensor.Vector<long>(ints),
            _ => throw OnnxDiagnostics.UnsupportedFeature.Error(label, $"constants of '{attribute.Name}' are"),
        };
    }

    private void ReadOutputs()
    {
        if (_proto.Output.Count == 0 && _around is null) throw OnnxDiagnostics.InvalidModel.Error(null, "the graph has no outputs");
        foreach (ValueInfoProto info in _proto.Output)
        {
            Value value = Find(info.Name, null);
            if (_around is not null) value = Produced(value);
            if (_graph.Outputs.Contains(value)) throw OnnxDiagnostics.DuplicateName.Error(null, info.Name);
            _graph.Outputs.Add(value);
        }
    }

    private void ReadHints()
    {
        foreach (ValueInfoProto info in _proto.Output.Concat(_proto.ValueInfo))
        {
            if (!_values.TryGetValue(info.Name, out Value? value) || value.IsConstant || _graph.Inputs.Contains(value)) continue;
            (value.Type, value.Shape) = OnnxTypes.Read(info);
        }
    }

    private void RefuseUnsupported()
    {
        var nodes = _graph.AllNodes.Where(n => !NodeRewrites.IsKnown(n)).ToList();
        if (nodes.Count == 0) return;
        IEnumerable<string> operators = nodes
            .GroupBy(n => n.Domain.Length == 0 ? n.Type : $"{n.Domain}.{n.Type}", StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} (node{(g.Count() > 1 ? "s" : "")} "
                + string.Join(", ", g.Take(3).Select(n => $"'{n.Label}'"))
                + (g.Count() > 3 ? $" and {g.Count() - 3} more)" : ")"));
        throw GraphDiagnostics.UnsupportedOperator.Error(nodes[0].Label, string.Join(", ", operators));
    }

    /// <summary>Outputs have producers, so no pass has to handle a constant output.</summary>
    private void ProduceConstant(Value output)
    {
        Value constant = _graph.AddConstant($"{output.Name}_value", output.Constant!);
        constant.Quantization = output.Quantization;
        foreach (Node consumer in output.Consumers.ToArray())
        {
            for (int i = 0; i < consumer.Inputs.Count; i++)
            {
                if (consumer.Inputs[i] == output) consumer.SetInput(i, constant);
            }
        }

        output.Constant = null;
        _graph.Add(new Node("Identity", "", [constant], [output]));
    }

    private Value Define(string name, string label)
    {
        var value = new Value(name);
        return !_initializers.ContainsKey(name) && _values.TryAdd(name, value) ? value
            : throw OnnxDiagnostics.DuplicateName.Error(label, name);
    }

    private Value Find(string name, NodeProto? reader)
    {
        bool isPacked = _initializers.TryGetValue(name, out TensorProto? tensor) && OnnxTensors.IsPacked(tensor);
        // 4-bit integers become bytes with the same values.
        if (isPacked && reader?.OpType != "DequantizeLinear")
            throw OnnxDiagnostics.UnsupportedFeature.Error(name, "4-bit integers that another operator than DequantizeLinear reads are");
        if (_values.TryGetValue(name, out Value? value)) return value;
        if (tensor is null)
        {
            if (_around is not null) return Capture(name, reader);
            string? label = reader is null ? null : reader.Name.Length > 0 ? reader.Name : reader.Output.First(o => o.Length > 0);
            throw OnnxDiagnostics.UndefinedValue.Error(label, name);
        }

        return _values[name] = new Value(
            name, isPacked ? OnnxTensors.Unpack(tensor, _external, name) : OnnxTensors.Read(tensor, _external, name));
    }

    private static void SetConstant(Value value, Tensor tensor) =>
        (value.Constant, value.Type, value.Shape) = (tensor, tensor.Type, tensor.Shape);

    private static bool IsDefaultDomain(string domain) => domain is "" or "ai.onnx";
}
