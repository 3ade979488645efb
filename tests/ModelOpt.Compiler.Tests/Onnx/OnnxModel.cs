using Google.Protobuf;
using ModelOpt.Compiler.Onnx.Proto;
using AttributeType = ModelOpt.Compiler.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace ModelOpt.Compiler.Tests.Onnx;

/// <summary>Builds ONNX messages as exporters write them, rightly or wrongly.</summary>
internal sealed class OnnxModel
{
    public ModelProto Proto { get; } = new()
    {
        IrVersion = 8,
        Graph = new GraphProto { Name = "g" },
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
    };

    public GraphProto Graph => Proto.Graph;

    public OnnxModel Opset(long version)
    {
        Proto.OpsetImport[0].Version = version;
        return this;
    }

    /// <summary>Inputs, float unless said otherwise; a dimension that is no number is a symbol.</summary>
    public OnnxModel Input(string name, params string[] shape) => Input(name, 1, shape);

    public OnnxModel Input(string name, int type, params string[] shape)
    {
        Graph.Input.Add(Peers.TinyModel.Tensor(name, type, shape));
        return this;
    }

    public OnnxModel Output(string name, params string[] shape)
    {
        Graph.Output.Add(Peers.TinyModel.Tensor(name, 1, shape));
        return this;
    }

    public OnnxModel Initializer(string name, long[] dims, params float[] data)
    {
        Graph.Initializer.Add(new TensorProto { Name = name, DataType = 1, Dims = { dims }, FloatData = { data } });
        return this;
    }

    /// <summary>A node given as <c>"Add n: a b -> c"</c>; a name of <c>_</c> is an omitted value.</summary>
    public OnnxModel Node(string text, params (string Name, object Value)[] attributes)
    {
        string[] sides = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..].Split("->");
        string[] head = text[..text.IndexOf(':', StringComparison.Ordinal)].Split(' ');
        var node = new NodeProto { OpType = head[0], Name = head[1] };
        node.Input.AddRange(Names(sides[0]));
        node.Output.AddRange(Names(sides[1]));
        foreach ((string name, object value) in attributes)
        {
            var attribute = new AttributeProto { Name = name };
            switch (value)
            {
                case int i: (attribute.I, attribute.Type) = (i, AttributeType.Int); break;
                case long i: (attribute.I, attribute.Type) = (i, AttributeType.Int); break;
                case float f: (attribute.F, attribute.Type) = (f, AttributeType.Float); break;
                case string s: (attribute.S, attribute.Type) = (ByteString.CopyFromUtf8(s), AttributeType.String); break;
                case long[] ints: attribute.Ints.AddRange(ints); attribute.Type = AttributeType.Ints; break;
                case float[] floats: attribute.Floats.AddRange(floats); attribute.Type = AttributeType.Floats; break;
                case string[] strings:
                    attribute.Strings.AddRange(strings.Select(ByteString.CopyFromUtf8));
                    attribute.Type = AttributeType.Strings;
                    break;
                case TensorProto t: (attribute.T, attribute.Type) = (t, AttributeType.Tensor); break;
                case GraphProto g: (attribute.G, attribute.Type) = (g, AttributeType.Graph); break;
                default: throw new NotSupportedException(value.GetType().Name);
            }

            node.Attribute.Add(attribute);
        }

        Graph.Node.Add(node);
        return this;
    }

    public byte[] Bytes() => Proto.ToByteArray();

    private static IEnumerable<string> Names(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => n == "_" ? "" : n);
}
