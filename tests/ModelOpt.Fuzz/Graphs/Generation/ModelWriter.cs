using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using AttributeType = ModelOpt.Compiler.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <summary>A value of a model that is being written.</summary>
/// <param name="Dims">Its sizes; the first one is 1 where the batch is open.</param>
internal sealed record Edge(string Name, int[] Dims, ElementType Type = ElementType.Float32)
{
    public int Rank => Dims.Length;

    public int Count => Dims.Aggregate(1, (product, dim) => product * dim);
}

/// <summary>Writes a model node by node. Who writes says what shapes come out; ONNX Runtime tells later whether that is so.</summary>
/// <param name="opset">The opset that the model names.</param>
/// <param name="isOpen">Whether the first dimension of inputs and outputs is open.</param>
internal sealed class ModelWriter(int opset, bool isOpen)
{
    private int _names;

    /// <summary>The model so far.</summary>
    public ModelProto Model { get; } = new()
    {
        IrVersion = opset >= 21 ? 10 : 8,
        Graph = new GraphProto { Name = "g" },
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = opset } },
    };

    public int Opset => opset;

    public bool IsOpen => isOpen;

    /// <summary>The number of nodes written.</summary>
    public int Nodes => Model.Graph.Node.Count;

    /// <summary>Adds an input whose samples are drawn between two bounds.</summary>
    public Edge Input(ElementType type, int[] dims, double low, double high)
    {
        Edge input = new(Fresh("in"), dims, type);
        Model.Graph.Input.Add(Info(input));
        Samples.SetRange(Model, input.Name, low, high);
        return input;
    }

    /// <summary>Adds an initializer.</summary>
    public Edge Constant(Tensor tensor)
    {
        Edge constant = new(Fresh("c"), tensor.Dims.ToArray(), tensor.Type);
        Model.Graph.Initializer.Add(OnnxTensors.Write(constant.Name, tensor));
        return constant;
    }

    /// <summary>Adds a vector of int64.</summary>
    public Edge Numbers(params int[] numbers) => Constant(Tensor.Vector<long>([.. numbers.Select(n => (long)n)]));

    /// <summary>Adds a float scalar.</summary>
    public Edge Scalar(float value) => Constant(Tensor.Scalar(value));

    /// <summary>Adds a node of one output.</summary>
    /// <param name="inputs">What it reads; null for an omitted input.</param>
    /// <param name="attributes">Attributes: int, float, string, int[] or float[].</param>
    public Edge Add(string type, Edge?[] inputs, int[] dims, params (string Name, object Value)[] attributes) =>
        Add(type, inputs, [dims], attributes)[0];

    /// <summary>Adds a node of several outputs.</summary>
    /// <param name="type">The operator; its domain and a dot before it, where that is not ONNX's.</param>
    public Edge[] Add(string type, Edge?[] inputs, int[][] dims, params (string Name, object Value)[] attributes)
    {
        Edge[] outputs = [.. dims.Select(d => new Edge(Fresh("v"), d, TypeOf(type, inputs, attributes)))];
        int domain = type.LastIndexOf('.');
        string name = type[(domain + 1)..];
        var node = new NodeProto { OpType = name, Domain = type[..Math.Max(0, domain)], Name = Fresh(name.ToLowerInvariant()) };
        if (domain > 0 && Model.OpsetImport.All(i => i.Domain != node.Domain))
            Model.OpsetImport.Add(new OperatorSetIdProto { Domain = node.Domain, Version = 1 });
        node.Input.AddRange(inputs.Select(i => i?.Name ?? ""));
        node.Output.AddRange(outputs.Select(o => o.Name));
        foreach ((string key, object value) in attributes) node.Attribute.Add(Attribute(key, value));
        Model.Graph.Node.Add(node);
        return outputs;
    }

    /// <summary>Makes a value an output of the model.</summary>
    public void Output(Edge value) => Model.Graph.Output.Add(Info(value));

    /// <summary>Adds an initializer to the inputs, as files of IR version 3 have it.</summary>
    public void DeclareInput(Edge initializer) =>
        Model.Graph.Input.Add(OnnxTypes.Write(initializer.Name, initializer.Type, new Shape(initializer.Dims)));

    /// <summary>A name that nothing has.</summary>
    public string Fresh(string stem) => $"{stem}{++_names}";

    /// <summary>The name of the node written last.</summary>
    public string LastNode => Model.Graph.Node[^1].Name;

    private ValueInfoProto Info(Edge value)
    {
        bool isConstant = Model.Graph.Initializer.Any(i => i.Name == value.Name);
        Dim[] dims = [.. value.Dims.Select((d, i) => i == 0 && isOpen && !isConstant ? new Dim(-1, "N") : new Dim(d))];
        return OnnxTypes.Write(value.Name, value.Type, new Shape(dims));
    }

    private static ElementType TypeOf(string type, Edge?[] inputs, (string Name, object Value)[] attributes) => type switch
    {
        "ArgMax" or "ArgMin" or "NonZero" or "Shape" or "Size" => ElementType.Int64,
        "And" or "Equal" or "Greater" or "GreaterOrEqual" or "IsInf" or "IsNaN" or "Less" or "LessOrEqual" or "Not" or "Or" or "Xor"
            => ElementType.Bool,
        "Cast" => (ElementType)(int)attributes.Single(a => a.Name == "to").Value,
        "CastLike" or "Where" => inputs[1]!.Type,
        "OneHot" => inputs[2]!.Type,
        "QuantizeLinear" => inputs[2]!.Type,
        "DequantizeLinear" or "ConstantOfShape" => ElementType.Float32,
        _ => inputs.First(i => i is not null)!.Type,
    };

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int i: (attribute.I, attribute.Type) = (i, AttributeType.Int); break;
            case float f: (attribute.F, attribute.Type) = (f, AttributeType.Float); break;
            case string s: (attribute.S, attribute.Type) = (ByteString.CopyFromUtf8(s), AttributeType.String); break;
            case int[] ints:
                attribute.Ints.AddRange(ints.Select(i => (long)i));
                attribute.Type = AttributeType.Ints;
                break;
            case Tensor tensor: (attribute.T, attribute.Type) = (OnnxTensors.Write("", tensor), AttributeType.Tensor); break;
            default: throw new NotSupportedException(value.GetType().Name);
        }

        return attribute;
    }
}
