using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class SampleSourceTests
{
    [TestMethod]
    public void Compressed_samples_are_the_same_in_any_order_however_often()
    {
        using var folder = new TempFolder();
        var random = new Random(4);
        byte[] content = new byte[40 * 12];
        random.NextBytes(content);
        byte[] idx = DataTesting.Idx(8, [40, 3, 4], content);
        using SampleSource source = SampleSource.Open(folder.Write("data.gz", DataTesting.Gzip(idx)));
        // Beyond some number of restarts the bytes are kept; nothing is to be seen of that.
        for (int i = 0; i < 200; i++)
        {
            int n = random.Next(40);
            CollectionAssert.AreEqual(content[(n * 12)..((n + 1) * 12)], source.Read(n).Bytes.ToArray(), $"read {i}");
        }
    }

    private static readonly float[] Second = [8, 9, 10, 11, 12, 13, 14, 15];

    [TestMethod]
    [DataRow("u1", ElementType.UInt8)]
    [DataRow("i1", ElementType.Int8)]
    [DataRow("u2", ElementType.UInt16)]
    [DataRow("i2", ElementType.Int16)]
    [DataRow("u4", ElementType.UInt32)]
    [DataRow("i4", ElementType.Int32)]
    [DataRow("u8", ElementType.UInt64)]
    [DataRow("i8", ElementType.Int64)]
    [DataRow("f2", ElementType.Float16)]
    [DataRow("f4", ElementType.Float32)]
    [DataRow("f8", ElementType.Float64)]
    [DataRow("version1", ElementType.Float32)]
    [DataRow("version2", ElementType.Float32)]
    [DataRow("version3", ElementType.Float32)]
    [DataRow("big_endian_f4", ElementType.Float32)]
    public void Reads_what_NumPy_wrote(string name, ElementType type)
    {
        using SampleSource source = SampleSource.Open(DataTesting.Fixture($"{name}.npy"));
        Assert.AreEqual(3, source.Count);
        Assert.AreEqual(type, source.Type);
        CollectionAssert.AreEqual(new[] { 2, 4 }, source.SampleShape.ToArray());
        Tensor sample = source.Read(1);
        Assert.AreEqual(type, sample.Type);
        CollectionAssert.AreEqual(Second, Elements.ToFloats(sample));
        Assert.AreEqual(23f, Elements.ToFloats(source.Read(2))[^1]);
        Assert.AreEqual(0f, Elements.ToFloats(source.Read(0))[0]);
    }

    [TestMethod]
    public void Reads_NumPy_bools()
    {
        using SampleSource source = SampleSource.Open(DataTesting.Fixture("b1.npy"));
        Assert.AreEqual(ElementType.Bool, source.Type);
        CollectionAssert.AreEqual(new float[] { 0, 1, 1, 1, 1, 1, 1, 1 }, Elements.ToFloats(source.Read(0)));
    }

    [TestMethod]
    [DataRow("stored.npz")]
    [DataRow("stored.npz#images")]
    [DataRow("deflated.npz#images")]
    public void Reads_an_array_of_an_npz_file(string name)
    {
        using SampleSource source = SampleSource.Open(DataTesting.Fixture(name));
        Assert.AreEqual(3, source.Count);
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 3; i++)
                CollectionAssert.AreEqual(Array.ConvertAll(Second, x => x + (8 * (i - 1))), Elements.ToFloats(source.Read(i)));
        }
    }

    [TestMethod]
    public void An_npz_file_of_several_arrays_wants_one_to_be_named()
    {
        string several = DataTesting.DiagnosticOf(() => SampleSource.Open(DataTesting.Fixture("deflated.npz")));
        StringAssert.StartsWith(several, "MOPT3013");
        StringAssert.Contains(several, "images, labels");
        StringAssert.StartsWith(
            DataTesting.DiagnosticOf(() => SampleSource.Open(DataTesting.Fixture("deflated.npz#x"))), "MOPT3013");
    }

    [TestMethod]
    [DataRow((byte)0x08, ElementType.UInt8, new byte[] { 1, 2, 3, 4 })]
    [DataRow((byte)0x09, ElementType.Int8, new byte[] { 1, 2, 3, 4 })]
    [DataRow((byte)0x0B, ElementType.Int16, new byte[] { 0, 1, 0, 2, 0, 3, 0, 4 })]
    [DataRow((byte)0x0C, ElementType.Int32, new byte[] { 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4 })]
    [DataRow((byte)0x0D, ElementType.Float32, new byte[] { 63, 128, 0, 0, 64, 0, 0, 0, 64, 64, 0, 0, 64, 128, 0, 0 })]
    public void Reads_IDX_plain_and_in_gzip(byte code, ElementType type, byte[] data)
    {
        using var folder = new TempFolder();
        byte[] idx = DataTesting.Idx(code, [2, 1, 2], data);
        foreach (string path in (string[])[folder.Write("x-idx3-ubyte", idx), folder.Write("y.gz", DataTesting.Gzip(idx))])
        {
            using SampleSource source = SampleSource.Open(path);
            Assert.AreEqual(type, source.Type);
            CollectionAssert.AreEqual(new[] { 1, 2 }, source.SampleShape.ToArray());
            CollectionAssert.AreEqual(new float[] { 3, 4 }, Elements.ToFloats(source.Read(1)));
            CollectionAssert.AreEqual(new float[] { 1, 2 }, Elements.ToFloats(source.Read(0)));
        }
    }

    [TestMethod]
    [DataRow("fortran.npy", "MOPT3004", "Fortran order")]
    [DataRow("complex.npy", "MOPT3004", "<c8")]
    [DataRow("record.npy", "MOPT3004", "fields")]
    [DataRow("scalar.npy", "MOPT3004", "single number")]
    [DataRow("empty.npy", "MOPT3005", "[0, 4]")]
    [DataRow("absent.npy", "MOPT3001", "absent.npy")]
    public void Refuses_with_the_reason(string name, string code, string reason)
    {
        string diagnostic = DataTesting.DiagnosticOf(() => SampleSource.Open(DataTesting.Fixture(name)));
        StringAssert.StartsWith(diagnostic, code);
        StringAssert.Contains(diagnostic, reason);
    }

    [TestMethod]
    public void Refuses_what_is_no_array()
    {
        using var folder = new TempFolder();
        Assert.AreEqual("MOPT3002", DataTesting.CodeOf(folder.Write("empty.npy", [])));
        Assert.AreEqual("MOPT3002", DataTesting.CodeOf(folder.Write("text.npy", "sample,label\n"u8)));
        Assert.AreEqual("MOPT3002", DataTesting.CodeOf(folder.Write("text.gz", DataTesting.Gzip([1, 2, 3]))));
    }

    [TestMethod]
    public void A_header_that_claims_more_than_the_file_holds_is_refused()
    {
        using var folder = new TempFolder();
        foreach (string shape in (string[])["5, 4", "9223372036854775807, 4", "2147483647, 2147483647, 2147483647", "4, 99999999999"])
        {
            string path = folder.Write("x.npy", DataTesting.Npy("<f4", shape, new byte[64]));
            string diagnostic = DataTesting.DiagnosticOf(() => SampleSource.Open(path));
            StringAssert.StartsWith(diagnostic, "MOPT3003");
            StringAssert.Contains(diagnostic, "but 64 bytes follow");
        }

        Assert.AreEqual("MOPT3003", DataTesting.CodeOf(
            folder.Write("x.gz", DataTesting.Gzip(DataTesting.Idx(8, [int.MaxValue, int.MaxValue, 28], new byte[100])))));
        Assert.AreEqual("MOPT3003", DataTesting.CodeOf(
            folder.Write("x.npy", DataTesting.Npy("<f4", "99999999999999999999", new byte[64]))));
        Assert.AreEqual("MOPT3003", DataTesting.CodeOf(
            folder.Write("x.npy", DataTesting.Npy("<f4", "-4, 4", new byte[64]))));
        byte[] long2 = File.ReadAllBytes(DataTesting.Fixture("version2.npy"));
        long2.AsSpan(8, 4).Fill(255);
        Assert.AreEqual("MOPT3003", DataTesting.CodeOf(folder.Write("x.npy", long2)));
    }

    [TestMethod]
    [DataRow("f4.npy", "x.npy")]
    [DataRow("version3.npy", "x.npy")]
    [DataRow("stored.npz", "x.npz")]
    [DataRow("deflated.npz", "x.npz#images")]
    public void A_truncated_file_ends_in_a_diagnostic(string fixture, string name)
    {
        using var folder = new TempFolder();
        byte[] whole = File.ReadAllBytes(DataTesting.Fixture(fixture));
        for (int length = 0; length < whole.Length; length++)
        {
            folder.Write(name.Split('#')[0], whole.AsSpan(0, length));
            Assert.IsNotNull(DataTesting.CodeOf(folder[name]), $"{length} of {whole.Length} bytes");
        }
    }

    [TestMethod]
    public void A_truncated_gzip_ends_in_a_diagnostic()
    {
        using var folder = new TempFolder();
        byte[] data = new byte[600];
        new Random(1).NextBytes(data);
        byte[] whole = DataTesting.Gzip(DataTesting.Idx(8, [6, 10, 10], data));
        // The last 8 bytes are a checksum and a length, after all data.
        for (int length = 0; length < whole.Length - 8; length++)
            Assert.IsNotNull(DataTesting.CodeOf(folder.Write("x.gz", whole.AsSpan(0, length))), $"{length} bytes");
    }

    [TestMethod]
    [DataRow("f4.npy", "x.npy")]
    [DataRow("deflated.npz", "x.npz#images")]
    public void Any_changed_byte_ends_in_a_result_or_a_diagnostic(string fixture, string name)
    {
        using var folder = new TempFolder();
        byte[] whole = File.ReadAllBytes(DataTesting.Fixture(fixture));
        for (int i = 0; i < whole.Length; i++)
        {
            foreach (byte change in (byte[])[0x01, 0x80, 0xFF])
            {
                byte[] changed = [.. whole];
                changed[i] ^= change;
                folder.Write(name.Split('#')[0], changed);
                DataTesting.CodeOf(folder[name]);
            }
        }
    }

    [TestMethod]
    public void Memory_does_not_grow_with_what_is_compressed()
    {
        const int Samples = 64, SampleBytes = 1 << 20;
        using var folder = new TempFolder();
        string path = folder.Write("x.gz", DataTesting.Gzip(DataTesting.Idx(8, [Samples, SampleBytes], new byte[Samples * SampleBytes])));
        long before = GC.GetAllocatedBytesForCurrentThread();
        using SampleSource source = SampleSource.Open(path);
        long opened = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsLessThan(SampleBytes, opened, "bytes allocated by opening 64 MB");
        for (int i = 0; i < Samples; i++) Assert.IsFalse(source.Read(i).Span<byte>().ContainsAnyExcept((byte)0));
        long read = GC.GetAllocatedBytesForCurrentThread() - before - opened;
        Assert.IsLessThan((Samples + 1L) * SampleBytes, read, "bytes allocated by reading: the samples and nothing else");
    }

    [TestMethod]
    public void Samples_beyond_the_count_are_a_mistake_of_the_caller()
    {
        using SampleSource source = SampleSource.Open(DataTesting.Fixture("f4.npy"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => source.Read(3));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => source.Read(-1));
    }
}
