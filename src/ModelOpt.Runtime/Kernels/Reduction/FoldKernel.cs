using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>How two numbers become one.</summary>
internal interface IFolding
{
    static abstract T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T>;
}

/// <summary>The greatest; not a number where one is none.</summary>
internal readonly struct GreatestFolding : IFolding
{
    public static T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T> => T.Max(left, right);
}

/// <summary>The least; not a number where one is none.</summary>
internal readonly struct LeastFolding : IFolding
{
    public static T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T> => T.Min(left, right);
}

/// <summary>The product; of integers, its low bits.</summary>
internal readonly struct ProductFolding : IFolding
{
    public static T Apply<T>(T left, T right)
        where T : unmanaged, INumber<T> => unchecked(left * right);
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
        for (int row = 0, i = 0; i < x.Length; row++)
        {
            (int output, int step) = shape.Row(row);
            for (int last = i + shape.RowLength; i < last; i++, output += step)
                y[output] = TFolding.Apply(y[output], x[i]);
        }
    }
}
