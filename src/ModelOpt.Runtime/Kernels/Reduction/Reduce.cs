using System.Numerics;
using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>Which elements of a tensor are summed into which element of the result, dimension by dimension.</summary>
internal sealed class ReduceShape
{
    private readonly int[] _sizes;
    private readonly int[] _outputStrides;

    /// <param name="shape">Shape of the input.</param>
    /// <param name="reduced">Which of its dimensions are summed.</param>
    public ReduceShape(int[] shape, bool[] reduced)
    {
        int[] kept = new int[shape.Length];
        (Inputs, Outputs) = (1, 1);
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = reduced[i] ? 1 : shape[i];
            Inputs *= shape[i];
            Outputs *= kept[i];
        }

        _sizes = shape;
        _outputStrides = StridedCopy.DenseStrides(kept);
        for (int i = 0; i < kept.Length; i++)
            _outputStrides[i] = reduced[i] ? 0 : _outputStrides[i];
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>Elements summed into each result.</summary>
    public int Count => Outputs == 0 ? 0 : Inputs / Outputs;

    /// <summary>Where the row of innermost elements with this number goes, and the distance between its results (0 or 1).</summary>
    public (int Start, int Step) Row(int row)
    {
        int output = 0;
        for (int i = _sizes.Length - 2; i >= 0; i--)
        {
            output += row % _sizes[i] * _outputStrides[i];
            row /= _sizes[i];
        }
        return (output, _outputStrides[^1]);
    }

    public int RowLength => _sizes[^1];
}

/// <summary>Sum or mean of numbers, in the order of the input.</summary>
/// <typeparam name="T">The numbers.</typeparam>
/// <typeparam name="TSum">What they are summed in.</typeparam>
internal sealed class ReduceKernel<T, TSum>(ReduceShape shape, bool mean) : Kernel
    where T : unmanaged, INumber<T>
    where TSum : unmanaged, INumber<TSum>
{
    public override long Work => shape.Inputs;

    public override int ScratchBytes => shape.Outputs * Unsafe.SizeOf<TSum>();

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<TSum> sums = args.Scratch<TSum>()[..shape.Outputs];
        sums.Clear();
        for (int row = 0, i = 0; i < x.Length; row++)
        {
            (int output, int step) = shape.Row(row);
            for (int last = i + shape.RowLength; i < last; i++, output += step)
                sums[output] += TSum.CreateTruncating(x[i]);
        }
        TSum divisor = mean ? TSum.CreateTruncating(shape.Count) : TSum.One;
        Span<T> y = args.Output<T>(0);
        for (int i = 0; i < y.Length; i++)
            y[i] = T.CreateTruncating(sums[i] / divisor);
    }
}

/// <summary>
/// Sum or mean of 8-bit values: rint(Σ(q − z_x)·m) + z_y with m = s_x/(s_y·n) for the mean (n = 1 for the sum), the integer
/// sum exact.
/// </summary>
internal sealed class ReduceQ8Kernel(
    ReduceShape shape, bool mean, float inputScale, int inputZero, float outputScale, int outputZero, int min, int max, bool unsigned) : Kernel
{
    private readonly float _multiplier = inputScale / (outputScale * (mean ? shape.Count : 1));

    public override int ScratchBytes => shape.Outputs * sizeof(int);

    public override long Work => shape.Inputs;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> x = args.Input<byte>(0);
        Span<byte> y = args.Output<byte>(0);
        Span<int> sums = args.Scratch<int>()[..y.Length];
        sums.Fill(-inputZero * shape.Count);
        for (int row = 0, i = 0; i < x.Length; row++)
        {
            (int output, int step) = shape.Row(row);
            for (int last = i + shape.RowLength; i < last; i++, output += step)
                sums[output] += unsigned ? x[i] : (sbyte)x[i];
        }
        for (int i = 0; i < y.Length; i++)
            y[i] = (byte)(QuantizedBytes.Round(sums[i] * _multiplier, min - outputZero, max - outputZero) + outputZero);
    }
}
