namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

/// <summary>NumPy's broadcasting, index by index.</summary>
internal static class BroadcastReference
{
    /// <summary>Shapes of two operands and of what they broadcast to.</summary>
    public static (int[] Left, int[] Right, int[] Output)[] Shapes { get; } =
    [
        ([2, 5, 7, 19], [2, 5, 7, 19], [2, 5, 7, 19]),
        ([1, 4, 6, 67], [67], [1, 4, 6, 67]),
        ([1, 4, 6, 67], [1, 1, 1, 1], [1, 4, 6, 67]),
        ([3, 1, 5, 1], [1, 4, 1, 70], [3, 4, 5, 70]),
        ([5, 1], [3, 1, 9], [3, 5, 9]),
        ([], [40], [40]),
        ([2, 3, 5, 37], [1, 1, 1, 37], [2, 3, 5, 37]),
    ];

    /// <summary>The operands' elements behind each element of the output.</summary>
    public static IEnumerable<(int Left, int Right)> Indices(int[] left, int[] right, int[] output)
    {
        int count = output.Aggregate(1, (a, b) => a * b);
        for (int i = 0; i < count; i++)
            yield return (Index(left, output, i), Index(right, output, i));

        static int Index(int[] shape, int[] output, int flat)
        {
            int index = 0, stride = 1;
            for (int d = 0; d < output.Length; d++)
            {
                int position = flat % output[^(d + 1)];
                flat /= output[^(d + 1)];
                if (d < shape.Length)
                {
                    index += shape[^(d + 1)] == 1 ? 0 : position * stride;
                    stride *= shape[^(d + 1)];
                }
            }
            return index;
        }
    }
}
