using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Tflite;

/// <summary>A tensor of the TFLite file being written. Its dims are in stored order, which need not be ONNX's.</summary>
internal sealed class TfliteTensor
{
    /// <summary>Creates a tensor; <see cref="Lowering"/> hands them out.</summary>
    /// <param name="name">The wanted name; made unique when the file is written.</param>
    /// <param name="dims">The sizes, outermost first; 1 at the open axis, −1 where another is known only when the model runs.</param>
    /// <param name="openAxis">The axis whose size the caller chooses at run time (the batch), or -1.</param>
    /// <param name="quantization">How integers stand for reals; its axis counts stored axes.</param>
    public TfliteTensor(
        string name,
        TensorType type,
        ReadOnlySpan<int> dims,
        int openAxis = -1,
        Quantization? quantization = null,
        ReadOnlyMemory<byte>? data = null)
    {
        Name = name;
        Type = type;
        Dims = dims.ToArray();
        OpenAxis = openAxis;
        Quantization = quantization;
        Data = data;
    }

    /// <summary>The name; unique once the file is written.</summary>
    public string Name { get; set; }

    /// <summary>The element type.</summary>
    public TensorType Type { get; }

    /// <summary>The sizes, outermost first; 1 at <see cref="OpenAxis"/>, −1 where another is known only when the model runs.</summary>
    public int[] Dims { get; }

    /// <summary>The axis whose size the caller chooses at run time (the batch), or -1.</summary>
    public int OpenAxis { get; }

    /// <summary>How integers stand for reals; null for plain numbers. Its axis counts stored axes.</summary>
    public Quantization? Quantization { get; }

    /// <summary>The elements of a constant, little-endian; null for everything else.</summary>
    public ReadOnlyMemory<byte>? Data { get; }

    /// <summary>Sizes that open ones may have, which stand in the file's shape; null where 1 stands there.</summary>
    public int[]? Example { get; set; }

    /// <summary>Whether a size besides the batch is known only when the model runs.</summary>
    public bool IsComputed => Array.IndexOf(Dims, -1) >= 0;

    /// <summary>The number of dimensions.</summary>
    public int Rank => Dims.Length;

    /// <summary>The dims with -1 for the open axis: <c>shape_signature</c>, and the shape to give to RESHAPE.</summary>
    public int[] Signature => [.. Dims.Select((dim, axis) => axis == OpenAxis ? -1 : dim)];

    public override string ToString() => $"{Name}: {Type}[{string.Join(", ", Signature)}]";
}
