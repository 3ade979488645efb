using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class WavSourceTests
{
    private static readonly float[] Sound = [0, 0.5f, -0.25f, -1, 0.75f, 0.125f, -0.5f];

    [TestMethod]
    [DataRow(1, 8)]
    [DataRow(1, 16)]
    [DataRow(1, 24)]
    [DataRow(1, 32)]
    [DataRow(3, 32)]
    [DataRow(3, 64)]
    [DataRow(0xFFFE, 24)]
    public void All_forms_are_the_same_sound(int format, int bits)
    {
        using var folder = new TempFolder();
        using SampleSource source = SampleSource.Open(folder.Write("1.wav", Wav(format, bits, 1, 16000, Sound)));
        Assert.AreEqual(1, source.Count);
        CollectionAssert.AreEqual(Sound, source.Read(0).Span<float>().ToArray());
    }

    [TestMethod]
    public void Channels_are_mixed()
    {
        using var folder = new TempFolder();
        using SampleSource source = SampleSource.Open(folder.Write("1.wav", Wav(1, 16, 2, 16000, [0.5f, 0.25f, -1, 0.5f])));
        CollectionAssert.AreEqual(new[] { 0.375f, -0.25f }, source.Read(0).Span<float>().ToArray());
    }

    [TestMethod]
    public void A_folder_becomes_pieces_as_long_as_the_model_takes()
    {
        using var folder = new TempFolder();
        folder.Write("1.wav", Wav(1, 16, 1, 16000, Sound));
        folder.Write("2.wav", Wav(1, 16, 1, 16000, Sound.AsSpan(0, 2)));
        // Long ones are cut.
        Assert.AreEqual("0 0.5 -0.25 | -1 0.75 0.125 | 0 0.5 0", Read(new Shape(Dim.Named("N"), 1, 3, 1)));
        // One that is less than twice as long is one sample: labels are of files.
        Assert.AreEqual("0 0.5 -0.25 -1 | 0 0.5 0 0", Read(new Shape(Dim.Named("N"), 4)));
        // As long as they are.
        Assert.AreEqual("0 0.5 -0.25 -1 0.75 0.125 -0.5 | 0 0.5", Read(new Shape(Dim.Named("N"), Dim.Named("T"))));

        string Read(Shape shape)
        {
            using InputSamples samples = InputSamples.Open([folder.Path], new("x", ElementType.Float32, shape), SampleFormat.Default);
            return string.Join(" | ", Enumerable.Range(0, samples.Count).Select(i => string.Join(' ',
                samples.Read(i).Span<float>().ToArray().Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture)))));
        }
    }

    [TestMethod]
    public void Other_rates_are_refused()
    {
        using var folder = new TempFolder();
        string first = folder.Write("1.wav", Wav(1, 16, 1, 16000, Sound));
        SampleFormat format = SampleFormat.Default with { SampleRate = 8000 };
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => InputSamples.Open(
            [first], new("x", ElementType.Float32, new Shape(Dim.Named("N"), 4)), format)), "MOPT3017: the sound has 16000 samples");
        folder.Write("2.wav", Wav(1, 16, 1, 44100, Sound));
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => SampleSource.Open(folder.Path)), "MOPT3017: the sound has 44100 samples");
    }

    [TestMethod]
    public void Damaged_files_are_refused()
    {
        using var folder = new TempFolder();
        byte[] good = Wav(1, 16, 1, 16000, Sound);
        for (int length = 0; length < good.Length; length++)
            Assert.AreEqual("MOPT3003", DataTesting.CodeOf(folder.Write("1.wav", good.AsSpan(0, length))), $"{length}");
        Assert.AreEqual("MOPT3016", DataTesting.CodeOf(folder.Write("1.wav", Wav(1, 12, 1, 16000, []))));
        Assert.AreEqual("MOPT3016", DataTesting.CodeOf(folder.Write("1.wav", Wav(2, 4, 1, 16000, []))));
        Assert.AreEqual("MOPT3005", DataTesting.CodeOf(folder.Write("1.wav", Wav(1, 16, 1, 16000, []))));
        Assert.AreEqual("MOPT3003", DataTesting.CodeOf(folder.Write("1.wav", Wav(1, 16, 0, 16000, Sound))));
    }

    // As Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" says, with a chunk in between that is skipped.
    private static byte[] Wav(int format, int bits, int channels, int rate, ReadOnlySpan<float> sound)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        bool isExtensible = format == 0xFFFE;
        writer.Write("RIFF"u8);
        writer.Write(0);
        writer.Write("WAVEfmt "u8);
        writer.Write(isExtensible ? 40 : 16);
        writer.Write((ushort)format);
        writer.Write((ushort)channels);
        writer.Write(rate);
        writer.Write(rate * channels * bits / 8);
        writer.Write((ushort)(channels * bits / 8));
        writer.Write((ushort)bits);
        if (isExtensible)
        {
            writer.Write((ushort)22);
            writer.Write((ushort)bits);
            writer.Write(0);
            writer.Write(new Guid("00000001-0000-0010-8000-00aa00389b71").ToByteArray());
        }

        writer.Write("LIST"u8);
        writer.Write(3);
        writer.Write("abc\0"u8);
        writer.Write("data"u8);
        writer.Write(sound.Length * bits / 8);
        Span<byte> bytes = stackalloc byte[8];
        foreach (float value in sound)
        {
            if (format == 3 && bits == 32) MemoryMarshal.Write(bytes, value);
            else if (format == 3) MemoryMarshal.Write(bytes, (double)value);
            else if (bits == 8) bytes[0] = (byte)(128 + Math.Round(value * 128));
            else BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)Math.Round(value * (1L << (bits - 1))));
            writer.Write(bytes[..(bits / 8)]);
        }

        return stream.ToArray();
    }
}
