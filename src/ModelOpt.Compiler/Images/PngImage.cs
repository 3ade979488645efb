using System.Buffers.Binary;
using System.IO.Compression;

namespace ModelOpt.Compiler.Images;

/// <summary>The header of a PNG image (PNG specification, third edition, 11.2.1).</summary>
/// <param name="Depth">Bits of a sample or palette index: 1, 2, 4, 8 or 16.</param>
/// <param name="ColorType">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.</param>
/// <param name="Interlaced">Whether the pixels come in the seven passes of Adam7.</param>
internal readonly record struct PngHeader(int Width, int Height, int Depth, int ColorType, bool Interlaced)
{
    /// <summary>The bytes of a file up to the end of its header.</summary>
    public const int Length = 33;

    /// <summary>Whether pixels have a colour: decoded, they have 3 channels, otherwise 1.</summary>
    public bool IsColor => ColorType is 2 or 3 or 6;

    /// <summary>The samples that a pixel is stored as.</summary>
    public int StoredChannels => ColorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Reads and checks the header.</summary>
    /// <param name="file">The file's first bytes.</param>
    /// <exception cref="InvalidDataException">It is not a PNG image; the message says why.</exception>
    public static PngHeader Read(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]))
            throw new InvalidDataException("it is not a PNG image");
        if (file.Length < Length || !file[8..16].SequenceEqual("\0\0\0\u000DIHDR"u8))
            throw new InvalidDataException("it has no PNG header");
        ReadOnlySpan<byte> header = file[16..29];
        uint width = BinaryPrimitives.ReadUInt32BigEndian(header), height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        int depth = header[8], type = header[9];
        bool valid = width is > 0 and <= int.MaxValue && height is > 0 and <= int.MaxValue
            && header[10] == 0 && header[11] == 0 && header[12] <= 1
            && type switch
            {
                0 => depth is 1 or 2 or 4 or 8 or 16,
                3 => depth is 1 or 2 or 4 or 8,
                2 or 4 or 6 => depth is 8 or 16,
                _ => false,
            };
        return valid ? new((int)width, (int)height, depth, type, header[12] == 1)
            : throw new InvalidDataException("its PNG header is not valid");
    }
}

/// <summary>Decodes PNG images to bytes: grey or RGB, alpha and colour profiles left out, 16 bits rounded to 8.</summary>
internal static class PngImage
{
    /// <summary>Deflate expands by less than this factor (zlib, Technical Details).</summary>
    private const int MostExpansion = 1032;

    private static readonly Pass[] Adam7 =
        [new(0, 0, 8, 8), new(4, 0, 8, 8), new(0, 4, 4, 8), new(2, 0, 4, 4), new(0, 2, 2, 4), new(1, 0, 2, 2), new(0, 1, 1, 2)];

    /// <summary>Decodes an image.</summary>
    /// <returns>Rows of pixels of 3 bytes where <see cref="PngHeader.IsColor"/>, otherwise 1.</returns>
    /// <exception cref="InvalidDataException">It is damaged; the message says how.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> file, out PngHeader header)
    {
        header = PngHeader.Read(file);
        (byte[] data, byte[] palette) = ReadChunks(file);
        if (header.ColorType == 3 && palette.Length == 0) throw new InvalidDataException("it has no palette");

        Pass[] passes = header.Interlaced ? Adam7 : [new(0, 0, 1, 1)];
        long pixels = (long)header.Width * header.Height, bits = header.StoredChannels * header.Depth;
        if (pixels * bits / 8 > (data.Length + 1L) * MostExpansion || pixels * 3 > Array.MaxLength)
            throw new InvalidDataException($"it claims {header.Width}×{header.Height} pixels, which it does not hold");

        byte[] image = new byte[pixels * (header.IsColor ? 3 : 1)];
        using var stream = new ZLibStream(new MemoryStream(data), CompressionMode.Decompress);
        try
        {
            foreach (Pass pass in passes) DecodePass(stream, header, palette, image, pass);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("its pixels are truncated", e);
        }

        return image;
    }

    private static void DecodePass(ZLibStream stream, PngHeader header, byte[] palette, byte[] image, Pass pass)
    {
        (int left, int top, int stepX, int stepY) = pass;
        int columns = (header.Width - left + stepX - 1) / stepX;
        if (columns <= 0) return;
        int bits = header.StoredChannels * header.Depth, channels = header.IsColor ? 3 : 1;
        int before = Math.Max(1, bits / 8);
        byte[] row = new byte[((columns * (long)bits) + 7) / 8], above = new byte[row.Length];
        for (int y = top; y < header.Height; y += stepY)
        {
            int filter = stream.ReadByte();
            if (filter < 0) throw new EndOfStreamException();
            stream.ReadExactly(row);
            Unfilter(filter, row, above, before);
            for (int i = 0; i < columns; i++)
            {
                Span<byte> pixel = image.AsSpan(checked((int)((((long)y * header.Width) + left + ((long)i * stepX)) * channels)), channels);
                if (header.ColorType == 3)
                {
                    int index = 3 * Bits(row, i, header.Depth);
                    if (index >= palette.Length) throw new InvalidDataException("a pixel has a colour that is not in the palette");
                    palette.AsSpan(index, 3).CopyTo(pixel);
                }
                else
                {
                    for (int c = 0; c < channels; c++) pixel[c] = Sample(row, (i * header.StoredChannels) + c, header.Depth);
                }
            }

            (row, above) = (above, row);
        }
    }

    /// <summary>Undoes a row's filter (PNG specification, 9.2).</summary>
    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int before)
    {
        if (filter > 4) throw new InvalidDataException($"a row has the unknown filter {filter}");
        for (int i = 0; filter != 0 && i < row.Length; i++)
        {
            int a = i >= before ? row[i - before] : 0, b = above[i], c = i >= before ? above[i - before] : 0;
            row[i] += (byte)(filter switch { 1 => a, 2 => b, 3 => (a + b) / 2, _ => Paeth(a, b, c) });
        }
    }

    private static int Paeth(int a, int b, int c)
    {
        int toA = Math.Abs(b - c), toB = Math.Abs(a - c), toC = Math.Abs(a + b - c - c);
        return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
    }

    /// <summary>The sample at a position of a row, scaled to 0…255.</summary>
    private static byte Sample(ReadOnlySpan<byte> row, int index, int depth) => depth switch
    {
        8 => row[index],
        16 => (byte)(((BinaryPrimitives.ReadUInt16BigEndian(row[(2 * index)..]) * 255) + 32767) / 65535),
        _ => (byte)(Bits(row, index, depth) * 255 / ((1 << depth) - 1)),
    };

    private static int Bits(ReadOnlySpan<byte> row, int index, int depth)
    {
        int bit = index * depth;
        return (row[bit / 8] >> (8 - depth - (bit % 8))) & ((1 << depth) - 1);
    }

    private static (byte[] Data, byte[] Palette) ReadChunks(ReadOnlySpan<byte> file)
    {
        var data = new MemoryStream();
        byte[] palette = [];
        ReadOnlySpan<byte> rest = file[8..];
        while (true)
        {
            if (rest.Length < 12) throw new InvalidDataException("it ends before its last chunk");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12) throw new InvalidDataException("a chunk claims to be longer than the file");
            ReadOnlySpan<byte> type = rest[4..8], content = rest.Slice(8, (int)length);
            if (Crc32.Of(rest.Slice(4, 4 + (int)length)) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]))
                throw new InvalidDataException("a checksum does not fit");
            if (type.SequenceEqual("IEND"u8)) return (data.ToArray(), palette);
            if (type.SequenceEqual("IDAT"u8)) data.Write(content);
            else if (type.SequenceEqual("PLTE"u8)) palette = content[..(content.Length / 3 * 3)].ToArray();
            else if ((type[0] & 0x20) == 0 && !type.SequenceEqual("IHDR"u8))
                throw new InvalidDataException("it has a critical chunk that is not known");
            rest = rest[(12 + (int)length)..];
        }
    }

    private static class Crc32
    {
        private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(i => Remainder((uint)i))];

        /// <summary>The checksum of a chunk (ISO 3309, PNG specification, Annex D).</summary>
        public static uint Of(ReadOnlySpan<byte> bytes)
        {
            uint crc = uint.MaxValue;
            foreach (byte value in bytes) crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
            return ~crc;
        }

        private static uint Remainder(uint value)
        {
            for (int i = 0; i < 8; i++) value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xEDB88320;
            return value;
        }
    }

    /// <summary>The pixels that lie together in the file: the first, and the steps from one to the next.</summary>
    private readonly record struct Pass(int Left, int Top, int StepX, int StepY);
}
