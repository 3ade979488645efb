namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>Where the pixels of a resized axis come from: position = (i + ½)·ratio − ½ with half-pixel centres, else i·ratio.</summary>
internal sealed class ResizeAxis
{
    public ResizeAxis(int input, int output, bool alignCorners, bool halfPixelCenters, bool nearest)
    {
        float ratio = alignCorners && output > 1 ? (input - 1) / (float)(output - 1) : input / (float)output;
        First = new int[output];
        Second = new int[output];
        Weight = new float[output];
        for (int i = 0; i < output; i++)
        {
            float position = halfPixelCenters ? (i + 0.5f) * ratio : i * ratio;
            if (nearest)
            {
                float rounded = alignCorners
                    ? MathF.Round(position, MidpointRounding.AwayFromZero)
                    : MathF.Floor(position);
                First[i] = Math.Clamp((int)rounded, 0, input - 1);
                continue;
            }
            position = halfPixelCenters ? position - 0.5f : position;
            float floor = MathF.Floor(position);
            First[i] = Math.Clamp((int)floor, 0, input - 1);
            Second[i] = Math.Clamp((int)floor + 1, 0, input - 1);
            Weight[i] = position - floor;
        }
    }

    public int[] First { get; }

    public int[] Second { get; }

    /// <summary>Weight of the second pixel.</summary>
    public float[] Weight { get; }
}
