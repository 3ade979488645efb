using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Chooses each element from one of two operands; items are rows along the last axis.</summary>
/// <param name="strides">Those of the condition and of both operands over the output's axes; 0 where one repeats.</param>
internal sealed class SelectKernel<T>(int[] shape, int[][] strides) : Kernel
    where T : unmanaged
{
    private readonly int _length = shape.Length == 0 ? 1 : shape[^1];

    public override int Items { get; } = shape.Length == 0 ? 1 : shape[..^1].Aggregate(1, (a, b) => a * b);

    public override long Work => (long)Items * _length;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> holds = args.Input<byte>(0);
        ReadOnlySpan<T> left = args.Input<T>(1), right = args.Input<T>(2);
        Span<T> y = args.Output<T>(0);
        int last = shape.Length - 1;
        (int c, int a, int b) = last < 0 ? (0, 0, 0) : (strides[0][last], strides[1][last], strides[2][last]);
        for (int row = start; row < end; row++)
        {
            (int atC, int atA, int atB) = (Offset(0, row), Offset(1, row), Offset(2, row));
            Span<T> target = y.Slice(row * _length, _length);
            for (int i = 0; i < target.Length; i++)
                target[i] = holds[atC + (i * c)] != 0 ? left[atA + (i * a)] : right[atB + (i * b)];
        }
    }

    private int Offset(int operand, int row)
    {
        int offset = 0;
        for (int axis = shape.Length - 2; axis >= 0; row /= shape[axis], axis--)
            offset += row % shape[axis] * strides[operand][axis];
        return offset;
    }
}
