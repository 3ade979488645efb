using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Something to do with elements of a number type that is known only at run time.</summary>
internal interface INumberAction
{
    /// <summary>Does it.</summary>
    /// <typeparam name="T">The .NET type of the elements; <see cref="byte"/> for bool.</typeparam>
    void Run<T>() where T : unmanaged, INumber<T>;
}

/// <summary>Something to do with elements of which only the size matters.</summary>
internal interface IBitsAction
{
    /// <summary>Does it.</summary>
    /// <typeparam name="T">An unsigned integer of the elements' size.</typeparam>
    void Run<T>() where T : unmanaged;
}

/// <summary>Calls generic code with the .NET type of an <see cref="ElementType"/>.</summary>
internal static class ElementDispatch
{
    /// <summary>Runs an action for numbers. bfloat16, for which .NET has no type, is to be cast to float32 before.</summary>
    /// <typeparam name="TAction">A struct, so that the code is specialized.</typeparam>
    public static void Numbers<TAction>(ElementType type, TAction action) where TAction : struct, INumberAction
    {
        switch (type)
        {
            case ElementType.Float32: action.Run<float>(); break;
            case ElementType.Float64: action.Run<double>(); break;
            case ElementType.Float16: action.Run<Half>(); break;
            case ElementType.Int8: action.Run<sbyte>(); break;
            case ElementType.UInt8 or ElementType.Bool: action.Run<byte>(); break;
            case ElementType.Int16: action.Run<short>(); break;
            case ElementType.UInt16: action.Run<ushort>(); break;
            case ElementType.Int32: action.Run<int>(); break;
            case ElementType.UInt32: action.Run<uint>(); break;
            case ElementType.Int64: action.Run<long>(); break;
            case ElementType.UInt64: action.Run<ulong>(); break;
            default: throw GraphDiagnostics.TypeMismatch.Error(null, $"{type} is not a type to compute with");
        }
    }

    /// <summary>Runs an action for elements of a size.</summary>
    /// <typeparam name="TAction">A struct, so that the code is specialized.</typeparam>
    public static void Bits<TAction>(ElementType type, TAction action) where TAction : struct, IBitsAction
    {
        switch (type.Size())
        {
            case 1: action.Run<byte>(); break;
            case 2: action.Run<ushort>(); break;
            case 4: action.Run<uint>(); break;
            case 8: action.Run<ulong>(); break;
            default: throw GraphDiagnostics.TypeMismatch.Error(null, $"{type} has no elements of a fixed size");
        }
    }

    /// <summary>The elements of a tensor as a type of the same size.</summary>
    /// <typeparam name="T">The type to read and write.</typeparam>
    public static Span<T> As<T>(this Tensor tensor) where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.Bytes.Span);
}
