namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>The start values and multipliers of the sums of a layer's output channels.</summary>
/// <param name="Starts">Biases, less what the input's zero point and its flip to uint8 add: bias − (z + 128)·Σw.</param>
/// <param name="Multipliers">See <see cref="LayerQuantization.Multiplier"/>.</param>
/// <param name="Fit">Whether no product of sum and multiplier leaves int32, see <see cref="Int8Epilogue.Fits"/>.</param>
internal sealed record LayerSums(int[] Starts, float[] Multipliers, bool Fit)
{
    /// <param name="quantization">Scales and the input's zero point.</param>
    /// <param name="weights">[channels, per channel], less their zero point.</param>
    /// <param name="bias">[channels], or empty.</param>
    /// <param name="channels">Output channels.</param>
    /// <param name="unsigned">Activations are uint8, and not flipped.</param>
    public static LayerSums Create(
        LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, int channels, bool unsigned)
    {
        int zero = quantization.InputZeroPoint + (unsigned ? 0 : 128), perChannel = weights.Length / channels;
        var starts = new int[channels];
        var multipliers = new float[channels];
        bool fit = true;
        for (int channel = 0; channel < channels; channel++)
        {
            (int sum, int absolute) = Int8Rows.Sums(weights.Slice(channel * perChannel, perChannel));
            int start = bias.IsEmpty ? 0 : bias[channel];
            starts[channel] = unchecked(start - (zero * sum));
            multipliers[channel] = quantization.Multiplier(channel);
            fit &= Int8Epilogue.Fits((255L * absolute) + Math.Abs((long)start), multipliers[channel]);
        }

        return new LayerSums(starts, multipliers, fit);
    }
}
