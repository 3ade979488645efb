using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Tests.Emit.Storage;

[TestClass]
internal sealed class ModelPackerTests
{
    private static readonly Lazy<byte[]> Sparse = new(MakeSparse);

    [TestMethod]
    public void Every_coding_gives_the_very_bytes_back()
    {
        var random = new Random(5);
        int coded = 0;
        foreach (int length in (int[])[4, 28, 64, 1020])
        foreach (int distinct in (int[])[1, 2, 4, 16, 200])
        {
            byte[] file = new byte[length];
            byte[] values = new byte[distinct];
            random.NextBytes(values);
            for (int i = 0; i < length; i++) file[i] = random.Next(3) == 0 ? values[random.Next(distinct)] : (byte)0;
            CodedWeights?[] codings =
            [
                .. from size in (int[])[1, 2, 4]
                   from form in (WeightForm[])[WeightForm.Dense, WeightForm.Bitmap]
                   from bits in (int[])[0, 1, 2, 4, 8]
                   select WeightEncoder.Encode(file, new WeightCoding(size, form, bits)),
                .. from size in (int[])[1, 2, 4] select WeightEncoder.RangeEncode(file, size),
            ];
            foreach (CodedWeights weights in codings.OfType<CodedWeights>())
            {
                byte[] packed = ModelPacker.Write(file, [(0, [weights])]);
                CollectionAssert.AreEqual(file, PackedModel.Expand(packed), $"{weights.Coding}, {length} bytes");
                coded++;
            }
        }

        Assert.IsGreaterThan(250, coded);
    }

    [TestMethod]
    public void Range_coding_finds_the_neighbors_that_tell_most_and_is_taken_for_what_they_save()
    {
        // Zeros and signs of a weight are mostly those of 24 and of 336 before it, as in images of 14 × 14 pixels of 24 channels.
        var random = new Random(8);
        sbyte[] weights = new sbyte[24 * 14 * 14 * 4];
        for (int i = 0; i < weights.Length; i++)
        {
            int like = random.Next(2) == 0 ? 24 : 336;
            int sign = i >= like && random.Next(6) > 0 ? Math.Sign(weights[i - like]) : random.Next(5) == 0
                ? random.Next(2) == 0 ? 1 : -1
                : 0;
            weights[i] = (sbyte)(sign * (10 * random.Next(1, 5)));
        }

        byte[] file = [.. weights.Select(w => (byte)w)];
        CodedWeights coded = WeightEncoder.RangeEncode(file, 1)!;
        CollectionAssert.AreEquivalent((int[])[24, 336], (int[])[coded.Neighbors.Near, coded.Neighbors.Far]);
        int brotli = ModelPacker.Write(file, [(0, [WeightEncoder.Encode(file, new WeightCoding(1, WeightForm.Bitmap, 4))!])]).Length;
        Assert.IsLessThan(0.9 * brotli, ModelPacker.Write(file, [(0, [coded])]).Length, "of Brotli's");

        // Where no weight tells of another, there is nothing to find.
        sbyte[] alone = new sbyte[20_000];
        for (int i = 0; i < alone.Length; i++) alone[i] = (sbyte)random.Next(-8, 8);
        byte[] other = [.. alone.Select(w => (byte)w)];
        Assert.IsGreaterThan(0.97 * ModelPacker.Write(
            other, [(0, [WeightEncoder.Encode(other, new WeightCoding(1, WeightForm.Dense, 4))!])]).Length,
            ModelPacker.Write(other, [(0, [WeightEncoder.RangeEncode(other, 1)!])]).Length);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Floats_that_are_products_of_others_are_not_stored(bool isSourceFirst)
    {
        var random = new Random(6);
        float[] scales = [.. Enumerable.Range(0, 300).Select(_ => random.NextSingle())];
        float[] products = [.. scales.Select(s => s * 0.0123f)];
        byte[] source = [.. scales.SelectMany(BitConverter.GetBytes)], bytes = [.. products.SelectMany(BitConverter.GetBytes)];
        byte[] file = isSourceFirst ? [.. source, 1, 2, 3, 4, .. bytes, 5] : [.. bytes, 1, 2, 3, 4, .. source, 5];
        int start = isSourceFirst ? source.Length + 4 : 0, distance = (source.Length + 4) * (isSourceFirst ? -1 : 1);
        CodedWeights coded = WeightEncoder.Product(bytes, source, distance)!;
        byte[] packed = ModelPacker.Write(file, [(start, [coded])]);
        CollectionAssert.AreEqual(file, PackedModel.Expand(packed));
        Assert.IsLessThan(source.Length + 60, packed.Length);
        products[299] = MathF.BitIncrement(products[299]);
        Assert.IsNull(WeightEncoder.Product([.. products.SelectMany(BitConverter.GetBytes)], source, distance));
        foreach (int wrong in (int[])[0, 4, distance - 12, distance + 12, int.MaxValue / 2, -int.MaxValue / 2])
            Assert.ThrowsExactly<InvalidModelException>(
                () => PackedModel.Expand(ModelPacker.Write(file, [(start, [coded with { Distance = wrong }])])), $"{wrong}");
    }

    [TestMethod]
    public void A_sparse_clustered_file_ends_smaller_than_by_Brotli_alone_and_expands_exactly()
    {
        byte[] file = Sparse.Value, packed = ModelPacker.Pack(file, default);
        CollectionAssert.AreEqual(file, PackedModel.Expand(packed));
        CollectionAssert.AreEqual(packed, ModelPacker.Pack(file, default));
        byte[] plain = ModelPacker.Write(file, []);
        CollectionAssert.AreEqual(file, PackedModel.Expand(plain));
        Assert.IsLessThan(0.95 * plain.Length, packed.Length, $"{plain.Length} bytes without recoding");
        using TfliteModel a = TfliteModel.Load(file), b = TfliteModel.Load(packed);
        float[] image = new float[a.Inputs[0].ElementsPerSample];
        for (int i = 0; i < image.Length; i++) image[i] = i % 7 / 7f;
        float[] x = new float[a.Outputs[0].ElementsPerSample], y = new float[x.Length];
        a.Run<float, float>(image, x);
        b.Run<float, float>(image, y);
        CollectionAssert.AreEqual(x, y);
    }

    [TestMethod]
    public void What_does_not_compress_stays_the_file()
    {
        byte[] file = [.. Compiled()];
        foreach (WeightRun run in WeightRun.Find(file)) new Random(3).NextBytes(file.AsSpan(run.Start, run.Length));
        Assert.AreSame(file, ModelPacker.Pack(file, default));
    }

    [TestMethod]
    public void Floats_of_many_layers_lose_what_their_exponents_repeat()
    {
        const int Layers = 300, Size = 32;
        var graph = new TestGraph();
        Value x = graph.Input("x", 1, Size);
        for (int i = 0; i < Layers; i++) x = graph.Add("MatMul", x, graph.Random(i, Size, Size));
        graph.Output(x);
        byte[] file = Lowering.Write(graph.Build()), packed = ModelPacker.Pack(file, default);
        Assert.IsGreaterThan(Layers * Size * Size * sizeof(float), file.Length);
        Assert.IsLessThan(0.88 * file.Length, packed.Length, $"of {file.Length} bytes");
        CollectionAssert.AreEqual(file, PackedModel.Expand(packed));
    }

    [TestMethod]
    [DataRow(int.MaxValue, 0.0, true)]
    [DataRow(int.MaxValue, 0.5, false, DisplayName = "Half are zero")]
    [DataRow(256, 0.0, false, DisplayName = "256 values")]
    public void Floats_and_halves_are_known_as_noise_unless_zeros_or_values_repeat(int values, double zeros, bool expected)
    {
        var random = new Random(5);
        float[] palette = [.. Enumerable.Range(0, 1 << 13).Select(_ => (float)(random.NextDouble() - random.NextDouble()))];
        float[] floats = [.. palette.Select((v, i) => random.NextDouble() < zeros ? 0 : palette[i % Math.Min(values, palette.Length)])];
        Half[] halves = Array.ConvertAll(floats, v => (Half)v);
        float[] wasHalf = Array.ConvertAll(halves, v => (float)v);
        Assert.AreEqual(expected, ModelPacker.AreFloatsWithoutStructure(MemoryMarshal.AsBytes(floats).ToArray(), 4), "float32");
        Assert.AreEqual(expected, ModelPacker.AreFloatsWithoutStructure(MemoryMarshal.AsBytes(halves).ToArray(), 2), "float16");
        Assert.AreEqual(expected, ModelPacker.AreFloatsWithoutStructure(MemoryMarshal.AsBytes(wasHalf).ToArray(), 4), "float32 of float16");
    }

    [TestMethod]
    public void Damage_anywhere_is_refused_or_harmless()
    {
        byte[] file = Sparse.Value, packed = ModelPacker.Pack(file, default);
        for (int length = 0; length < packed.Length; length += length < 64 ? 1 : 13)
            Assert.ThrowsExactly<InvalidModelException>(() => PackedModel.Expand(packed.AsSpan(0, length)), $"{length} bytes");
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. packed];
            damaged[i < 128 ? i / 4 : random.Next(packed.Length)] ^= (byte)random.Next(1, 256);
            refused += IsRefused(() => CollectionAssert.AreEqual(file, PackedModel.Expand(damaged))) ? 1 : 0;
        }

        Assert.IsGreaterThan(1900, refused);
    }

    // Damage below Brotli's own checks: the content is changed and compressed again, the checksum stays.
    [TestMethod]
    public void Damaged_content_is_refused_or_harmless()
    {
        byte[] file = new byte[600];
        var random = new Random(2);
        for (int i = 0; i < file.Length; i++) file[i] = (byte)(random.Next(4) == 0 ? random.Next(6) : 0);
        (int, IReadOnlyList<CodedWeights>)[] runs =
        [
            (0, [WeightEncoder.Encode(file.AsSpan(0, 200), new WeightCoding(1, WeightForm.Bitmap, 8))!]),
            (216, [WeightEncoder.Encode(file.AsSpan(216, 160), new WeightCoding(4, WeightForm.Bitmap, 0))!]),
            (400, [WeightEncoder.Encode(file.AsSpan(400, 120), new WeightCoding(2, WeightForm.Dense, 8))!,
                WeightEncoder.RangeEncode(file.AsSpan(520, 60), 1)!]),
        ];
        int rangeCoded = runs[^1].Item2[^1].Weights.Length;
        byte[] packed = ModelPacker.Write(file, runs);
        byte[] content = new byte[BitConverter.ToInt32(packed, 12)];
        Assert.IsTrue(System.IO.Compression.BrotliDecoder.TryDecompress(packed.AsSpan(PackedModel.HeaderBytes), content, out _));
        int refused = 0;
        for (int i = 0; i < content.Length; i++)
        {
            byte[] damaged = [.. content];
            damaged[i] ^= (byte)random.Next(1, 256);
            byte[] again = [.. packed.AsSpan(0, PackedModel.HeaderBytes), .. ModelPacker.Compress(damaged), .. packed[^rangeCoded..]];
            refused += IsRefused(() => CollectionAssert.AreEqual(file, PackedModel.Expand(again), $"byte {i}")) ? 1 : 0;
        }

        Assert.IsGreaterThan(content.Length / 2, refused);
    }

    [TestMethod]
    public void Sizes_that_a_header_claims_cost_no_memory()
    {
        byte[] zeros = new byte[1 << 20];
        byte[] bomb = [.. ModelPacker.Write(zeros, [])];
        // A megabyte of zeros in some 20 bytes: no honest packer writes that.
        Assert.IsLessThan(64, bomb.Length);
        uint[] claims = [0, 1, 1 << 16, 1 << 28, int.MaxValue, 0x8000_0000, uint.MaxValue];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refused(bomb);
        foreach (uint length in claims)
        {
            foreach (uint content in claims)
            {
                byte[] packed = [.. bomb];
                BitConverter.TryWriteBytes(packed.AsSpan(4), length);
                BitConverter.TryWriteBytes(packed.AsSpan(12), content);
                Refused(packed);
            }
        }

        // Numbers of streams and segments beyond what follows, in content that Brotli accepts.
        foreach (byte number in (byte[])[0x00, 0x7F, 0x80, 0xFF])
        {
            byte[] content = [.. Enumerable.Repeat(number, 40)];
            byte[] packed = [.. PackedModel.Magic, 100, 0, 0, 0, 1, 2, 3, 4, 40, 0, 0, 0, .. ModelPacker.Compress(content)];
            Refused(packed);
        }

        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Refused(byte[] packed) => Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(packed));
    }

    [TestMethod]
    public void A_damaged_file_that_was_packed_well_is_refused_or_loaded()
    {
        byte[] file = Sparse.Value;
        var random = new Random(4);
        int refused = 0;
        for (int i = 0; i < 90; i++)
        {
            byte[] damaged = i % 3 == 0 ? file[..random.Next(file.Length)] : [.. file];
            // What is not weights lies at the start and the end.
            for (int k = i % 3 == 0 ? 0 : random.Next(1, 6); k > 0; k--)
                damaged[random.Next(2) == 0 ? random.Next(600) : damaged.Length - 1 - random.Next(4000)] = (byte)random.Next(256);
            byte[] packed = ModelPacker.Write(damaged, []);
            CollectionAssert.AreEqual(damaged, PackedModel.Expand(packed));
            refused += IsRefused(() => TfliteModel.Load(packed).Dispose()) ? 1 : 0;
        }

        Assert.IsGreaterThan(30, refused);
    }

    private static bool IsRefused(Action read)
    {
        try
        {
            read();
            return false;
        }
        catch (InvalidModelException)
        {
            return true;
        }
    }

    // The fixture in int8: of each 10 weights the 8 smallest become zero, the others one of 16 values.
    private static byte[] MakeSparse()
    {
        byte[] file = [.. Compiled()];
        foreach (WeightRun run in WeightRun.Find(file))
        {
            if (run.Length < 10_000) continue;
            Span<byte> weights = file.AsSpan(run.Start, run.Length);
            int[] sizes = [.. weights.ToArray().Select(w => Math.Abs((int)(sbyte)w)).Order()];
            int threshold = sizes[sizes.Length * 8 / 10];
            foreach (ref byte w in weights) w = Math.Abs((int)(sbyte)w) < threshold ? (byte)0 : (byte)((w & 0xF0) | 8);
        }

        return file;
    }

    private static byte[] Compiled() => ModelCompiler.Compile(
        GraphTesting.Fixture("fashion_cnn.onnx"),
        new CompileOptions { Quantization = QuantizationMode.WeightOnlyInt8 },
        new DiagnosticList()).Tflite;
}
