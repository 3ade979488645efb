namespace ModelOpt.Runtime.Tests.Kernels.Pooling;

/// <summary>Windows of which each has a pixel of the input.</summary>
internal static class PoolReference
{
    /// <summary>Shapes with some padding before, and windows that reach beyond the end.</summary>
    public static Window2D RandomWindow(Random random, int channels)
    {
        int height = random.Next(1, 9), width = random.Next(1, 9), kernelHeight = random.Next(1, 5), kernelWidth = random.Next(1, 5);
        int down = random.Next(1, 4), across = random.Next(1, 4), top = random.Next(kernelHeight), left = random.Next(kernelWidth);
        return new Window2D(
            random.Next(1, 3), height, width, channels, ((height - 1 + top) / down) + 1, ((width - 1 + left) / across) + 1, channels,
            kernelHeight, kernelWidth, down, across, 1, 1, top, left);
    }

    /// <summary>Calls back for each output with the places of its pixels in the input, row by row.</summary>
    public static void ForEach(Window2D w, Action<int, List<int>> output)
    {
        var places = new List<int>();
        for (int i = 0; i < w.Batch * w.OutputHeight * w.OutputWidth * w.InputChannels; i++)
        {
            int c = i % w.InputChannels, ox = i / w.InputChannels % w.OutputWidth,
                oy = i / (w.InputChannels * w.OutputWidth) % w.OutputHeight;
            int n = i / (w.InputChannels * w.OutputWidth * w.OutputHeight), top = (oy * w.StrideHeight) - w.PadTop,
                left = (ox * w.StrideWidth) - w.PadLeft;
            places.Clear();
            for (int y = Math.Max(top, 0); y < Math.Min(top + w.KernelHeight, w.InputHeight); y++)
            {
                for (int x = Math.Max(left, 0); x < Math.Min(left + w.KernelWidth, w.InputWidth); x++)
                    places.Add((((((n * w.InputHeight) + y) * w.InputWidth) + x) * w.InputChannels) + c);
            }

            output(i, places);
        }
    }
}
