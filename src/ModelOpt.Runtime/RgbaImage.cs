using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime;

/// <summary>Brings images, as decoders give them, to what models take.</summary>
public static class RgbaImage
{
    private const int Channels = 4;

    /// <summary>
    /// Resizes an image: each pixel is the mean of those below it, weighted by a triangle (bilinear, without the grain of skipped pixels).
    /// Alpha is dropped.
    /// </summary>
    /// <param name="rgba">The image: red, green, blue and alpha, 0…255, row after row.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    /// <param name="fit">What becomes of its proportions.</param>
    /// <param name="target">Receives the pixels, row after row, channel beside channel.</param>
    /// <param name="targetWidth">The width to make.</param>
    /// <param name="targetHeight">The height to make.</param>
    /// <param name="targetChannels">3 for red, green and blue; 1 for gray (ITU-R BT.601); 4 keeps alpha.</param>
    /// <exception cref="ArgumentException">A size is below 1, or a span has not as many bytes as its sizes say.</exception>
    public static void Resize(
        ReadOnlySpan<byte> rgba, int width, int height, ImageFit fit, Span<byte> target, int targetWidth, int targetHeight,
        int targetChannels = 3)
    {
        Check(rgba.Length, width, height, Channels, nameof(rgba));
        Check(target.Length, targetWidth, targetHeight, targetChannels, nameof(target));
        if (targetChannels is not (1 or 3 or 4))
            throw new ArgumentOutOfRangeException(nameof(targetChannels), targetChannels, "Images have 1, 3 or 4 channels.");
        (ResampledAxis columns, ResampledAxis rows) = Fit(width, height, fit, targetWidth, targetHeight);
        target.Clear();
        float[] rented = ArrayPool<float>.Shared.Rent(checked(Channels * width));
        float[] weights = ArrayPool<float>.Shared.Rent(Math.Max(columns.MostTaps, rows.MostTaps));
        try
        {
            Span<float> row = rented.AsSpan(0, Channels * width);
            for (int y = rows.First; y < rows.End; y++)
            {
                (int first, int taps) = rows.Taps(y, weights);
                row.Clear();
                for (int i = 0; i < taps; i++)
                    Add(rgba.Slice((first + i) * row.Length, row.Length), weights[i], row);
                for (int x = columns.First; x < columns.End; x++)
                {
                    (int left, int count) = columns.Taps(x, weights);
                    Vector128<float> pixel = Mean(row.Slice(Channels * left, Channels * count), weights);
                    Put(pixel, target.Slice(((y * targetWidth) + x) * targetChannels, targetChannels));
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
            ArrayPool<float>.Shared.Return(weights);
        }
    }

    private static void Check(int length, int width, int height, int channels, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (length != (long)width * height * channels)
            throw new ArgumentException($"An image of {width} × {height} pixels of {channels} bytes has not {length} bytes.", name);
    }

    private static (ResampledAxis Columns, ResampledAxis Rows) Fit(int width, int height, ImageFit fit, int targetWidth, int targetHeight)
    {
        double x = (double)targetWidth / width, y = (double)targetHeight / height;
        double scale = fit == ImageFit.Cover ? Math.Max(x, y) : Math.Min(x, y);
        return fit == ImageFit.Stretch ? (new ResampledAxis(width, targetWidth, x), new ResampledAxis(height, targetHeight, y))
            : (new ResampledAxis(width, targetWidth, scale), new ResampledAxis(height, targetHeight, scale));
    }

    // sum += weight · bytes
    private static void Add(ReadOnlySpan<byte> bytes, float weight, Span<float> sum)
    {
        int i = 0;
        for (; i <= bytes.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(bytes[i..]));
            Span<Vector128<float>> sums = MemoryMarshal.Cast<float, Vector128<float>>(sum.Slice(i, Vector128<byte>.Count));
            (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(low);
            (Vector128<uint> c, Vector128<uint> d) = Vector128.Widen(high);
            sums[0] += Vector128.ConvertToSingle(a.AsInt32()) * weight;
            sums[1] += Vector128.ConvertToSingle(b.AsInt32()) * weight;
            sums[2] += Vector128.ConvertToSingle(c.AsInt32()) * weight;
            sums[3] += Vector128.ConvertToSingle(d.AsInt32()) * weight;
        }
        for (; i < bytes.Length; i++)
            sum[i] += bytes[i] * weight;
    }

    private static Vector128<float> Mean(ReadOnlySpan<float> pixels, ReadOnlySpan<float> weights)
    {
        ReadOnlySpan<Vector128<float>> all = MemoryMarshal.Cast<float, Vector128<float>>(pixels);
        Vector128<float> sum = Vector128<float>.Zero;
        for (int i = 0; i < all.Length; i++)
            sum += all[i] * weights[i];
        return sum;
    }

    private static void Put(Vector128<float> pixel, Span<byte> target)
    {
        if (target.Length == 1)
        {
            target[0] = ToByte((0.299f * pixel[0]) + (0.587f * pixel[1]) + (0.114f * pixel[2]));
            return;
        }
        for (int i = 0; i < target.Length; i++)
            target[i] = ToByte(pixel[i]);
    }

    private static byte ToByte(float value) => (byte)Math.Clamp(value + 0.5f, 0, 255);

    // One axis: the middle of the image lies on that of the target.
    private readonly struct ResampledAxis(int size, int targetSize, double scale)
    {
        // A pixel of the target takes pixels up to so far from its middle.
        private readonly double _reach = Math.Max(1, 1 / scale);

        // The first pixel of the target that the image covers, and the first behind it.
        public int First { get; } = Math.Max(0, (int)Math.Round((targetSize - (size * scale)) / 2));

        public int End { get; } = Math.Max(
            Math.Max(0, (int)Math.Round((targetSize - (size * scale)) / 2)) + 1,
            Math.Min(targetSize, (int)Math.Round((targetSize + (size * scale)) / 2)));

        public int MostTaps => (int)Math.Min(size, Math.Ceiling(2 * _reach) + 2);

        public (int First, int Count) Taps(int place, Span<float> weights)
        {
            double middle = ((place + 0.5 - (targetSize / 2.0)) / scale) + (size / 2.0);
            int first = Math.Clamp((int)Math.Floor(middle - _reach), 0, size - 1);
            int end = Math.Clamp((int)Math.Ceiling(middle + _reach), first + 1, size);
            double sum = 0;
            for (int i = first; i < end; i++)
            {
                double weight = Math.Max(0, 1 - (Math.Abs(i + 0.5 - middle) / _reach));
                weights[i - first] = (float)weight;
                sum += weight;
            }
            // Behind an edge there is only the last pixel.
            for (int i = 0; i < end - first; i++)
                weights[i] = sum > 0 ? (float)(weights[i] / sum) : 1f / (end - first);
            return (first, end - first);
        }
    }
}
