namespace Detect;

/// <summary>Finds lines of text with PaddleOCR's detector: it says of each pixel how likely it is the middle of a line.</summary>
internal sealed class Detector : IDisposable
{
    private const int Size = 640, LeastPixels = 12;
    private const float LeastOfPixel = 0.3f, LeastOfLine = 0.6f;

    // The middle of a line is what is left of it without a border of its area over its circumference, times this.
    private const float Border = 1.5f;

    // The class was generated from ch_PP-OCRv4_det_infer.onnx; see detect.csproj.
    private readonly TextDetector _model = new();
    private readonly byte[] _pixels = new byte[Size * Size * 3];

    /// <summary>The lines in a photograph, from top to bottom.</summary>
    public IReadOnlyList<Detection> Find(Photo photo)
    {
        float scale = photo.Fit(_pixels, Size);
        float[] text = new float[Size * Size];
        _model.Run(_pixels, text);
        List<Detection> found = [];
        for (int pixel = 0; pixel < text.Length; pixel++)
        {
            if (text[pixel] >= LeastOfPixel && LineAt(text, pixel, scale) is { } line) found.Add(line);
        }

        return [.. found.OrderBy(d => d.Box.Top)];
    }

    public void Dispose() => _model.Dispose();

    /// <summary>The line that a pixel belongs to; its pixels are taken out of the map.</summary>
    private static Detection? LineAt(float[] text, int pixel, float scale)
    {
        (int left, int top, int right, int bottom, int count, float sum) = (Size, Size, 0, 0, 0, 0);
        Stack<int> open = new([pixel]);
        while (open.TryPop(out int at))
        {
            if (text[at] < LeastOfPixel) continue;
            (int x, int y) = (at % Size, at / Size);
            (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
            (count, sum, text[at]) = (count + 1, sum + text[at], 0);
            if (x > 0) open.Push(at - 1);
            if (x < Size - 1) open.Push(at + 1);
            if (y > 0) open.Push(at - Size);
            if (y < Size - 1) open.Push(at + Size);
        }

        if (count < LeastPixels || sum / count < LeastOfLine) return null;
        float border = Border * (right - left) * (bottom - top) / (2 * (right - left + bottom - top));
        return new(
            new((left - border) / scale, (top - border) / scale, (right + border) / scale, (bottom + border) / scale), sum / count);
    }
}
