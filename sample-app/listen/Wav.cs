using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Listen;

/// <summary>Reads WAV files of one channel, 16 bits and 16 kHz.</summary>
internal static class Wav
{
    /// <summary>Samples a second.</summary>
    public const int Rate = 16000;

    /// <summary>The samples, −1…1.</summary>
    /// <exception cref="InvalidDataException">The file has another form.</exception>
    public static float[] Read(string path)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        if (file.Length < 12 || !file.StartsWith("RIFF"u8) || !file[8..].StartsWith("WAVE"u8))
            throw new InvalidDataException("no WAV file");
        for (ReadOnlySpan<byte> rest = file[12..]; rest.Length >= 8;)
        {
            int length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]), (uint)rest.Length - 8);
            ReadOnlySpan<byte> chunk = rest.Slice(8, length);
            if (rest.StartsWith("fmt "u8)) Check(chunk);
            if (rest.StartsWith("data"u8)) return Floats(MemoryMarshal.Cast<byte, short>(chunk));
            rest = rest[Math.Min(rest.Length, 8 + length + (length & 1))..];
        }

        throw new InvalidDataException("no samples");
    }

    private static void Check(ReadOnlySpan<byte> format)
    {
        const short Pcm = 1, OneChannel = 1, Bits = 16;
        bool fits = format.Length >= 16 && BinaryPrimitives.ReadInt16LittleEndian(format) == Pcm
            && BinaryPrimitives.ReadInt16LittleEndian(format[2..]) == OneChannel
            && BinaryPrimitives.ReadInt32LittleEndian(format[4..]) == Rate
            && BinaryPrimitives.ReadInt16LittleEndian(format[14..]) == Bits;
        if (!fits) throw new InvalidDataException("not one channel of 16 bits at 16 kHz");
    }

    private static float[] Floats(ReadOnlySpan<short> samples)
    {
        float[] floats = new float[samples.Length];
        for (int i = 0; i < floats.Length; i++) floats[i] = samples[i] / 32768f;
        return floats;
    }
}
