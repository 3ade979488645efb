using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.Collections;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Onnx;

/// <summary>Converts ONNX's tensor messages to tensors. Memory follows what a message holds, not what it claims.</summary>
internal static class OnnxTensors
{
    private const int UInt4 = 21, Int4 = 22;

    /// <summary>Reads a tensor; raw data is shared, not copied.</summary>
    /// <param name="name">What the tensor is called in diagnostics.</param>
    /// <exception cref="CompilationException">Type, shape and data do not fit.</exception>
    public static Tensor Read(TensorProto proto, ExternalData external, string name)
    {
        var type = (ElementType)proto.DataType;
        int size = type.Size();
        if (size == 0) throw OnnxDiagnostics.UnsupportedFeature.Error(name, $"tensors of {TypeName(proto.DataType)} are");
        if (proto.Segment is not null) throw OnnxDiagnostics.UnsupportedFeature.Error(name, "tensors in segments are");
        int[] dims = Dims(proto, name);
        long bytes = Bytes(dims, size, name);

        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            return Of(type, dims, external.Read(proto, bytes));
        if (proto.HasRawData && (proto.RawData.Length > 0 || bytes == 0))
        {
            if (proto.RawData.Length != bytes) throw WrongLength(name, proto.RawData.Length, bytes);
            return Of(type, dims, MemoryMarshal.AsMemory(proto.RawData.Memory));
        }

        return type switch
        {
            ElementType.Float32 => Copy<float, float>(proto.FloatData, type, dims, size, name, v => v),
            ElementType.Float64 => Copy<double, double>(proto.DoubleData, type, dims, size, name, v => v),
            ElementType.Int64 => Copy<long, long>(proto.Int64Data, type, dims, size, name, v => v),
            ElementType.UInt64 => Copy<ulong, ulong>(proto.Uint64Data, type, dims, size, name, v => v),
            ElementType.UInt32 => Copy<ulong, uint>(proto.Uint64Data, type, dims, size, name, v => (uint)v),
            ElementType.Int32 => Copy<int, int>(proto.Int32Data, type, dims, size, name, v => v),
            ElementType.Bool => Copy<int, byte>(proto.Int32Data, type, dims, size, name, v => v == 0 ? (byte)0 : (byte)1),
            // Everything else is kept in the low bits of int32s: 8- and 16-bit integers, and float16 by its bits.
            _ when size == 1 => Copy<int, byte>(proto.Int32Data, type, dims, size, name, v => (byte)v),
            _ => Copy<int, ushort>(proto.Int32Data, type, dims, size, name, v => (ushort)v),
        };
    }

    /// <summary>A tensor of bytes that a file has; whatever is not zero is true, and kernels compute with 1 for it.</summary>
    private static Tensor Of(ElementType type, int[] dims, Memory<byte> bytes)
    {
        if (type == ElementType.Bool && bytes.Span.ContainsAnyExceptInRange<byte>(0, 1))
            bytes = Array.ConvertAll(bytes.ToArray(), b => (byte)(b == 0 ? 0 : 1));
        return new Tensor(type, dims, bytes);
    }

    /// <summary>Whether a tensor has integers of 4 bits, two in a byte.</summary>
    public static bool IsPacked(TensorProto proto) => proto.DataType is UInt4 or Int4;

    /// <summary>Reads a tensor of 4-bit integers as one of 8 bits.</summary>
    /// <param name="name">What the tensor is called in diagnostics.</param>
    /// <exception cref="CompilationException">Type, shape and data do not fit.</exception>
    public static Tensor Unpack(TensorProto proto, ExternalData external, string name)
    {
        int[] dims = Dims(proto, name);
        int count = (int)Bytes(dims, 1, name);
        var bytes = proto.Clone();
        bytes.DataType = (int)ElementType.UInt8;
        bytes.Dims.Clear();
        bytes.Dims.Add((count + 1) / 2);
        ReadOnlySpan<byte> packed = Read(bytes, external, name).Span<byte>();
        bool isSigned = proto.DataType == Int4;
        Tensor result = Tensor.Zeros(isSigned ? ElementType.Int8 : ElementType.UInt8, dims);
        Span<byte> to = result.Bytes.Span;
        for (int i = 0; i < to.Length; i++)
        {
            int half = (packed[i / 2] >> (i % 2 * 4)) & 15;
            to[i] = (byte)(isSigned && half > 7 ? half - 16 : half);
        }

        return result;
    }

    /// <summary>Writes a tensor as raw data.</summary>
    public static TensorProto Write(string name, Tensor tensor)
    {
        var proto = new TensorProto
        {
            Name = name,
            DataType = (int)tensor.Type,
            RawData = UnsafeByteOperations.UnsafeWrap(tensor.Bytes),
        };
        foreach (int dim in tensor.Dims) proto.Dims.Add(dim);
        return proto;
    }

    /// <summary>The name of an ONNX element type, supported or not.</summary>
    public static string TypeName(int type) => type switch
    {
        8 => "strings",
        14 => "complex64",
        15 => "complex128",
        17 or 18 or 19 or 20 => "float8",
        UInt4 or Int4 => "4-bit integers",
        23 => "float4",
        _ when Enum.IsDefined((ElementType)type) && type != 0 => ((ElementType)type).ToString(),
        _ => $"element type {type}",
    };

    private static int[] Dims(TensorProto proto, string name)
    {
        var dims = new int[proto.Dims.Count];
        for (int i = 0; i < dims.Length; i++)
        {
            long dim = proto.Dims[i];
            if (dim is < 0 or > int.MaxValue)
                throw OnnxDiagnostics.InvalidTensor.Error(name, $"has a dimension of size {dim}");
            dims[i] = (int)dim;
        }

        return dims;
    }

    private static long Bytes(int[] dims, int size, string name)
    {
        long bytes = size;
        foreach (int dim in dims)
        {
            bytes *= dim;
            if (bytes > int.MaxValue)
            {
                throw OnnxDiagnostics.InvalidTensor.Error(
                    name, $"has the shape [{string.Join(", ", dims.Take(8))}], which is over 2 GiB");
            }
        }

        return bytes;
    }

    private static Tensor Copy<TFrom, TTo>(
        RepeatedField<TFrom> from, ElementType type, int[] dims, int size, string name, Func<TFrom, TTo> convert)
        where TTo : unmanaged
    {
        long expected = Bytes(dims, size, name);
        if ((long)from.Count * size != expected) throw WrongLength(name, (long)from.Count * size, expected);
        var bytes = new byte[expected];
        Span<TTo> to = MemoryMarshal.Cast<byte, TTo>(bytes.AsSpan());
        for (int i = 0; i < to.Length; i++) to[i] = convert(from[i]);
        return new Tensor(type, dims, bytes);
    }

    private static CompilationException WrongLength(string name, long actual, long expected) =>
        OnnxDiagnostics.InvalidTensor.Error(name, $"holds {actual} bytes where its shape and type need {expected}");
}
