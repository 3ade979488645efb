namespace ModelOpt.Compiler.Kernels;

/// <summary>The elements of an axis of the input that lie under the same taps.</summary>
/// <param name="First">The first; the others are a stride apart.</param>
/// <param name="Taps">The taps, last first: over the output they ascend.</param>
/// <param name="Dilation">From one tap to the next, in outputs.</param>
/// <param name="Pad">By how much the first tap lies before the first output; may be negative.</param>
internal readonly record struct AxisPhase(int First, int Count, int[] Taps, int Dilation, int Pad)
{
    /// <summary>All phases of an axis, those of no elements left out.</summary>
    public static AxisPhase[] Of(int stride, int dilation, int kernel, int pad, int size) =>
        [.. Enumerable.Range(0, Math.Min(stride, size)).Select(first =>
    {
        int[] taps = [.. Enumerable.Range(0, kernel).Reverse().Where(k => (first + pad - (k * dilation)) % stride == 0)];
        return new AxisPhase(
            first, (size - first + stride - 1) / stride, taps, taps.Length > 1 ? (taps[0] - taps[1]) * dilation / stride : 1,
            taps.Length > 0 ? -((first + pad - (taps[0] * dilation)) / stride) : 0);
    })];
}
