using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>
/// Sum or mean of 8-bit values: rint(Σ(q − z_x)·m) + z_y with m = s_x/(s_y·n) for the mean (n = 1 for the sum), the integer
/// sum exact.
/// </summary>
internal sealed class ReduceInt8Kernel(
    ReduceShape shape, bool mean, float inputScale, int inputZero, float outputScale, int outputZero, int min, int max,
    bool unsigned) : Kernel
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
