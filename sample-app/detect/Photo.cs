using StbImageSharp;
using StbImageWriteSharp;
using ReadComponents = StbImageSharp.ColorComponents;
using WriteComponents = StbImageWriteSharp.ColorComponents;

namespace Detect;

/// <summary>A photograph in RGB.</summary>
internal sealed class Photo
{
    private readonly byte[] _pixels;
    private readonly int _width;
    private readonly int _height;

    private Photo(ImageResult image) => (_pixels, _width, _height) = (image.Data, image.Width, image.Height);

    /// <summary>Reads a PNG, JPEG or BMP file.</summary>
    public static Photo Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        return new(ImageResult.FromStream(file, ReadComponents.RedGreenBlue));
    }

    /// <summary>Writes a PNG file.</summary>
    public void Write(string path)
    {
        using FileStream file = File.Create(path);
        new ImageWriter().WritePng(_pixels, _width, _height, WriteComponents.RedGreenBlue, file);
    }

    /// <summary>Fits the photograph into the upper left of a square; the rest is grey.</summary>
    /// <returns>The factor of its size.</returns>
    public float Fit(Span<byte> square, int size)
    {
        const byte Grey = 114;
        square.Fill(Grey);
        float scale = Math.Min((float)size / _width, (float)size / _height);
        int width = (int)(_width * scale), height = (int)(_height * scale);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int channel = 0; channel < 3; channel++)
                    square[(((y * size) + x) * 3) + channel] = Sample((x + 0.5f) / scale, (y + 0.5f) / scale, channel);
            }
        }

        return scale;
    }

    /// <summary>Draws the edges of a box.</summary>
    public void Draw(Box box, (byte R, byte G, byte B) color)
    {
        const int Thickness = 3;
        int left = (int)box.Left, top = (int)box.Top, right = (int)box.Right, bottom = (int)box.Bottom;
        for (int edge = 0; edge < Thickness; edge++)
        {
            for (int x = left; x <= right; x++)
            {
                Dot(x, top + edge);
                Dot(x, bottom - edge);
            }

            for (int y = top; y <= bottom; y++)
            {
                Dot(left + edge, y);
                Dot(right - edge, y);
            }
        }

        void Dot(int x, int y)
        {
            if (x < 0 || x >= _width || y < 0 || y >= _height) return;
            int index = ((y * _width) + x) * 3;
            (_pixels[index], _pixels[index + 1], _pixels[index + 2]) = color;
        }
    }

    /// <summary>Between the four pixels around a place, by distance.</summary>
    private byte Sample(float x, float y, int channel)
    {
        float left = MathF.Floor(x - 0.5f), top = MathF.Floor(y - 0.5f), right = x - 0.5f - left, low = y - 0.5f - top;
        float upper = ((1 - right) * At(left, top)) + (right * At(left + 1, top));
        float lower = ((1 - right) * At(left, top + 1)) + (right * At(left + 1, top + 1));
        return (byte)MathF.Round(((1 - low) * upper) + (low * lower));

        byte At(float column, float row)
        {
            int px = Math.Clamp((int)column, 0, _width - 1), py = Math.Clamp((int)row, 0, _height - 1);
            return _pixels[(((py * _width) + px) * 3) + channel];
        }
    }
}
