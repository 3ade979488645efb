using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using Dimension = ModelOpt.Compiler.Onnx.Proto.TensorShapeProto.Types.Dimension;

namespace ModelOpt.Compiler.Onnx;

/// <summary>ONNX's type messages to and from element types and shapes.</summary>
internal static class OnnxTypes
{
    /// <summary>Reads the type and shape of a value.</summary>
    /// <returns><see cref="ElementType.Undefined"/> and null for what is not given.</returns>
    /// <exception cref="CompilationException">The value is not a tensor of a supported type.</exception>
    public static (ElementType Type, Shape? Shape) Read(ValueInfoProto info)
    {
        if (info.Type is null) return default;
        if (info.Type.ValueCase is not (TypeProto.ValueOneofCase.TensorType or TypeProto.ValueOneofCase.None))
        {
            string kind = info.Type.ValueCase.ToString().Replace("Type", "", StringComparison.Ordinal).ToLowerInvariant();
            throw OnnxDiagnostics.UnsupportedFeature.Error(info.Name, $"values of type {kind} are");
        }

        TypeProto.Types.Tensor? tensor = info.Type.TensorType;
        if (tensor is null) return default;
        var type = (ElementType)tensor.ElemType;
        if (type != ElementType.Undefined && type.Size() == 0)
            throw OnnxDiagnostics.UnsupportedFeature.Error(info.Name, $"tensors of {OnnxTensors.TypeName(tensor.ElemType)} are");
        return (type, tensor.Shape is null ? null : new Shape(tensor.Shape.Dim.Select(Read)));
    }

    /// <summary>Writes the type and shape of a value.</summary>
    /// <param name="shape">The shape, or null to leave it out.</param>
    public static ValueInfoProto Write(string name, ElementType type, Shape? shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (shape is not null)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(shape.Select(d => d.IsKnown ? new Dimension { DimValue = d.Size }
                : d.Symbol is not null ? new Dimension { DimParam = d.Symbol }
                : new Dimension()));
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    /// <summary>Gives every open dimension of an input a symbol, so that equal sizes are seen to be equal further on.</summary>
    public static Shape NameOpenDims(Shape shape, string name) => new(shape.Select((d, i) =>
        d.IsKnown || d.Symbol is not null ? d : Dim.Named(i == 0 ? "N" : $"{name}_{i}")));

    private static Dim Read(Dimension dim)
    {
        Dim read = dim.ValueCase == Dimension.ValueOneofCase.DimParam ? new Dim(-1, dim.DimParam) : dim.DimValue;
        // Sizes of 0 and -1 are how older exporters say that a size is open.
        return read.Number() is <= 0 ? Dim.Unknown : read;
    }
}
