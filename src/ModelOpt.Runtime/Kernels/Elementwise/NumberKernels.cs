using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Creates a kernel of integers.</summary>
internal interface IIntegerFactory
{
    Kernel Create<T>()
        where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>Creates a kernel of numbers.</summary>
internal interface INumberFactory
{
    Kernel Create<T>()
        where T : unmanaged, INumber<T>;
}

/// <summary>Finds the .NET type of a tensor's elements; bools are bytes.</summary>
internal static class NumberKernels
{
    /// <summary>Creates a kernel of a type of integers, or null.</summary>
    public static Kernel? OfIntegers<TFactory>(TensorType type, TFactory factory)
        where TFactory : struct, IIntegerFactory => type switch
    {
        TensorType.Bool or TensorType.UInt8 => factory.Create<byte>(),
        TensorType.Int8 => factory.Create<sbyte>(),
        TensorType.Int16 => factory.Create<short>(),
        TensorType.UInt16 => factory.Create<ushort>(),
        TensorType.Int32 => factory.Create<int>(),
        TensorType.UInt32 => factory.Create<uint>(),
        TensorType.Int64 => factory.Create<long>(),
        TensorType.UInt64 => factory.Create<ulong>(),
        _ => null,
    };

    /// <summary>Creates a kernel of a type of numbers, or null.</summary>
    public static Kernel? OfNumbers<TFactory>(TensorType type, TFactory factory)
        where TFactory : struct, INumberFactory => type switch
    {
        TensorType.Float32 => factory.Create<float>(),
        TensorType.Float16 => factory.Create<Half>(),
        TensorType.Float64 => factory.Create<double>(),
        _ => OfIntegers(type, new Integers<TFactory>(factory)),
    };

    private readonly struct Integers<TFactory>(TFactory factory) : IIntegerFactory
        where TFactory : struct, INumberFactory
    {
        public Kernel Create<T>()
            where T : unmanaged, IBinaryInteger<T> => factory.Create<T>();
    }
}
