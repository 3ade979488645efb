using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Data;

/// <summary>Where the samples of a .wav file are, and how they are stored.</summary>
/// <param name="Rate">Moments a second.</param>
/// <param name="Frames">The number of moments, at least one.</param>
internal sealed record WavFile(string File, int Rate, int Channels, int Bits, bool IsFloat, long Offset, int Frames)
{
    private const int Pcm = 1, Float = 3, Extensible = 0xFFFE, FormatBytes = 16, SubformatAt = 24, MostChannels = 64;

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="CompilationException">It is damaged, of a form that is not supported, or without a sample.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static WavFile Open(string file)
    {
        using FileStream stream = InputFile.OpenRead(file);
        try
        {
            byte[] riff = Bytes(stream, 12);
            if (!riff.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !riff.AsSpan(8).SequenceEqual("WAVE"u8))
                throw DataDiagnostics.Damaged.In(file, null, "it is not a .wav file");
            byte[]? format = null;
            while (true)
            {
                byte[] chunk = Bytes(stream, 8);
                uint length = BinaryPrimitives.ReadUInt32LittleEndian(chunk.AsSpan(4));
                if (chunk.AsSpan(0, 4).SequenceEqual("data"u8) && format is not null) return Of(file, format, stream, length);
                long next = stream.Position + length + (length & 1);
                if (chunk.AsSpan(0, 4).SequenceEqual("fmt "u8)) format = Bytes(stream, (int)Math.Min(length, 64));
                stream.Position = next;
            }
        }
        catch (EndOfStreamException e)
        {
            throw DataDiagnostics.Damaged.In(file, e, "it ends before its samples");
        }
    }

    /// <summary>Reads moments, the channels of each as their mean.</summary>
    /// <param name="first">The first, from 0.</param>
    /// <param name="to">Receives them as −1…1; zero behind the last.</param>
    /// <exception cref="CompilationException">The file was changed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(int first, Span<float> to)
    {
        int frame = Channels * Bits / 8, count = Math.Clamp(Frames - first, 0, to.Length);
        to[count..].Clear();
        byte[] bytes;
        using (FileStream stream = InputFile.OpenRead(File))
        {
            stream.Position = Offset + ((long)first * frame);
            try
            {
                bytes = Bytes(stream, checked(count * frame));
            }
            catch (EndOfStreamException e)
            {
                throw DataDiagnostics.Damaged.In(File, e, "it was changed while it was read");
            }
        }

        for (int i = 0; i < count; i++)
        {
            double sum = 0;
            for (int c = 0; c < Channels; c++) sum += Value(bytes.AsSpan((i * frame) + (c * Bits / 8)));
            to[i] = (float)(sum / Channels);
        }
    }

    private static WavFile Of(string file, byte[] format, FileStream stream, uint length)
    {
        if (format.Length < FormatBytes) throw DataDiagnostics.Damaged.In(file, null, "its format is truncated");
        int tag = Number(format, 0), channels = Number(format, 2), bits = Number(format, 14);
        if (tag == Extensible && format.Length >= SubformatAt + 2) tag = Number(format, SubformatAt);
        long rate = BinaryPrimitives.ReadUInt32LittleEndian(format.AsSpan(4));
        bool isFloat = tag == Float;
        if (!(isFloat ? bits is 32 or 64 : tag == Pcm && bits is 8 or 16 or 24 or 32))
            throw DataDiagnostics.UnsupportedSound.In(file, null, $"format {tag} with {bits} bits");
        if (channels is 0 or > MostChannels || rate is 0 or > int.MaxValue)
            throw DataDiagnostics.Damaged.In(file, null, $"it claims {channels} channels and {rate} samples a second");
        // Programs that write to a pipe do not know how long it gets.
        long there = Math.Min(length, stream.Length - stream.Position), frames = there / (channels * bits / 8);
        if (there < length && length < uint.MaxValue - byte.MaxValue)
            throw DataDiagnostics.Damaged.In(file, null, $"it claims {length} bytes of samples and has {there}");
        if (frames == 0) throw DataDiagnostics.Empty.In(file, null, "the sound is empty");
        return new WavFile(file, (int)rate, channels, bits, isFloat, stream.Position, (int)Math.Min(frames, int.MaxValue));
    }

    private float Value(ReadOnlySpan<byte> bytes) => (Bits, IsFloat) switch
    {
        (32, true) => MemoryMarshal.Read<float>(bytes),
        (64, true) => (float)MemoryMarshal.Read<double>(bytes),
        // The only one without a sign.
        (8, _) => (bytes[0] - 128) / 128f,
        (16, _) => BinaryPrimitives.ReadInt16LittleEndian(bytes) / 32768f,
        (24, _) => ((bytes[0] << 8 | bytes[1] << 16 | bytes[2] << 24) >> 8) / 8388608f,
        _ => BinaryPrimitives.ReadInt32LittleEndian(bytes) / 2147483648f,
    };

    private static int Number(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static byte[] Bytes(FileStream stream, int count)
    {
        byte[] bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
