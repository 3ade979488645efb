using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>How two numbers become one.</summary>
internal interface IFolding
{
    /// <summary>Whether numbers may be taken in any order.</summary>
    static abstract bool IsOrderless { get; }

    static abstract T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T>;

    /// <summary>The same of each lane.</summary>
    static abstract Vector<T> Apply<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged, INumber<T>;
}

/// <summary>The greatest; not a number where one is none.</summary>
internal readonly struct GreatestFolding : IFolding
{
    public static bool IsOrderless => true;

    public static T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T> => T.Max(left, right);

    public static Vector<T> Apply<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged, INumber<T> => Vector.Max(left, right);
}

/// <summary>The least; not a number where one is none.</summary>
internal readonly struct LeastFolding : IFolding
{
    public static bool IsOrderless => true;

    public static T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T> => T.Min(left, right);

    public static Vector<T> Apply<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged, INumber<T> => Vector.Min(left, right);
}

/// <summary>The product; of integers, its low bits.</summary>
internal readonly struct ProductFolding : IFolding
{
    public static bool IsOrderless => false;

    public static T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T> => unchecked(left * right);

    public static Vector<T> Apply<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged, INumber<T> => left * right;
}

/// <summary>Numbers taken together over dimensions, in the order of the input.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <typeparam name="TFolding">How.</typeparam>
/// <param name="ofNothing">The result of no numbers.</param>
internal sealed class FoldKernel<T, TFolding>(ReduceShape shape, T ofNothing) : Kernel
    where T : unmanaged, INumber<T>
    where TFolding : struct, IFolding
{
    public override long Work => shape.Inputs;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<T> y = args.Output<T>(0);
        y.Fill(ofNothing);
        if (x.IsEmpty)
            return;
        int length = shape.RowLength;
        for (int row = 0; row < x.Length / length; row++)
        {
            (int output, int step) = shape.Row(row);
            ReadOnlySpan<T> numbers = x.Slice(row * length, length);
            if (step == 0)
                y[output] = Row(numbers, y[output]);
            else
                Rows(numbers, y.Slice(output, length));
        }
    }

    /// <summary>All numbers of a row and another one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Row(ReadOnlySpan<T> row, T result)
    {
        if (TFolding.IsOrderless && row.Length >= Vector<T>.Count)
        {
            ReadOnlySpan<Vector<T>> vectors = MemoryMarshal.Cast<T, Vector<T>>(row);
            Vector<T> lanes = vectors[0];
            for (int i = 1; i < vectors.Length; i++)
                lanes = TFolding.Apply(lanes, vectors[i]);
            for (int i = 0; i < Vector<T>.Count; i++)
                result = TFolding.Apply(result, lanes[i]);
            row = row[(vectors.Length * Vector<T>.Count)..];
        }

        foreach (T number in row)
            result = TFolding.Apply(result, number);
        return result;
    }

    /// <summary>Each number of a row and the one in its place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(ReadOnlySpan<T> row, Span<T> results)
    {
        ReadOnlySpan<Vector<T>> from = MemoryMarshal.Cast<T, Vector<T>>(row);
        Span<Vector<T>> to = MemoryMarshal.Cast<T, Vector<T>>(results)[..from.Length];
        for (int i = 0; i < from.Length; i++)
            to[i] = TFolding.Apply(to[i], from[i]);
        for (int i = from.Length * Vector<T>.Count; i < row.Length; i++)
            results[i] = TFolding.Apply(results[i], row[i]);
    }
}
