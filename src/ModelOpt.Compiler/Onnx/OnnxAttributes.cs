using Google.Protobuf;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using AttributeType = ModelOpt.Compiler.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace ModelOpt.Compiler.Onnx;

/// <summary>ONNX's attribute messages to and from the values that <see cref="Node.Attributes"/> holds.</summary>
internal static class OnnxAttributes
{
    /// <summary>Reads an attribute.</summary>
    /// <exception cref="CompilationException">It is of a kind that no supported operator has.</exception>
    public static object Read(string node, AttributeProto proto, ExternalData external)
    {
        if (proto.RefAttrName.Length > 0)
            throw GraphDiagnostics.InvalidAttribute.Error(node, proto.Name, "refers to a function's attribute");
        return TypeOf(proto) switch
        {
            AttributeType.Float => proto.F,
            AttributeType.Int => proto.I,
            AttributeType.String => proto.S.ToStringUtf8(),
            AttributeType.Tensor when proto.T is not null => OnnxTensors.Read(proto.T, external, node),
            AttributeType.Floats => proto.Floats.ToArray(),
            AttributeType.Ints => proto.Ints.ToArray(),
            AttributeType.Strings => proto.Strings.Select(s => s.ToStringUtf8()).ToArray(),
            AttributeType.Graph or AttributeType.Graphs =>
                // OnnxReader reads those of operators that have bodies.
                throw OnnxDiagnostics.UnsupportedFeature.Error(node, $"subgraphs (attribute '{proto.Name}') are"),
            AttributeType.SparseTensor or AttributeType.SparseTensors =>
                throw OnnxDiagnostics.UnsupportedFeature.Error(node, $"sparse tensors (attribute '{proto.Name}') are"),
            var other => throw GraphDiagnostics.InvalidAttribute.Error(node, proto.Name, $"has the type {other}"),
        };
    }

    /// <summary>Writes an attribute.</summary>
    /// <param name="value">Its value, of the types that <see cref="Node.Attributes"/> holds.</param>
    public static AttributeProto Write(string name, object value)
    {
        var proto = new AttributeProto { Name = name };
        switch (value)
        {
            case long i:
                proto.Type = AttributeType.Int;
                proto.I = i;
                break;
            case float f:
                proto.Type = AttributeType.Float;
                proto.F = f;
                break;
            case string s:
                proto.Type = AttributeType.String;
                proto.S = ByteString.CopyFromUtf8(s);
                break;
            case Tensor t:
                proto.Type = AttributeType.Tensor;
                proto.T = OnnxTensors.Write(name, t);
                break;
            case long[] ints:
                proto.Type = AttributeType.Ints;
                proto.Ints.AddRange(ints);
                break;
            case float[] floats:
                proto.Type = AttributeType.Floats;
                proto.Floats.AddRange(floats);
                break;
            case string[] strings:
                proto.Type = AttributeType.Strings;
                proto.Strings.AddRange(strings.Select(ByteString.CopyFromUtf8));
                break;
            default:
                throw GraphDiagnostics.InvalidAttribute.Error(null, name, $"has the type {value.GetType().Name}");
        }

        return proto;
    }

    private static AttributeType TypeOf(AttributeProto proto)
    {
        if (proto.Type != AttributeType.Undefined) return proto.Type;
        // The type was not written before IR version 2 and is forgotten by some exporters.
        return proto.HasF ? AttributeType.Float
            : proto.HasI ? AttributeType.Int
            : proto.HasS ? AttributeType.String
            : proto.T is not null ? AttributeType.Tensor
            : proto.G is not null ? AttributeType.Graph
            : proto.Floats.Count > 0 ? AttributeType.Floats
            : proto.Ints.Count > 0 ? AttributeType.Ints
            : proto.Strings.Count > 0 ? AttributeType.Strings
            : proto.Graphs.Count > 0 ? AttributeType.Graphs
            : AttributeType.Undefined;
    }
}
