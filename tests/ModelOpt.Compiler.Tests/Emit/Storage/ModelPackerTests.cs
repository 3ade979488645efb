using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Storage;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Emit.Storage;

[TestClass]
internal sealed class ModelPackerTests
{
    internal static readonly Lazy<byte[]> Sparse = new(MakeSparse);

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
                   from palette in (bool[])[false, true]
                   from rows in (int[])[1, 4]
                   where length % (size * rows) == 0
                   select WeightEncoder.Encode(file, new WeightCoding(size, form, palette), rows),
                .. from size in (int[])[1, 2, 4] select WeightEncoder.RangeEncode(file, size),
            ];
            foreach (CodedWeights weights in codings.OfType<CodedWeights>())
            {
                byte[] packed = ModelPacker.Write(file, [(0, weights)]);
                CollectionAssert.AreEqual(file, PackedModel.Expand(packed), $"{weights.Coding}, {weights.Rows} rows, {length} bytes");
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
        int bitmap = ModelPacker.Write(file, [(0, WeightEncoder.Encode(file, new WeightCoding(1, WeightForm.Bitmap, false))!)]).Length;
        Assert.IsLessThan(0.9 * bitmap, ModelPacker.Write(file, [(0, coded)]).Length, "of what a bitmap and shares take");

        // Where no weight tells of another, there is nothing to find.
        sbyte[] alone = new sbyte[20_000];
        for (int i = 0; i < alone.Length; i++) alone[i] = (sbyte)random.Next(-8, 8);
        byte[] other = [.. alone.Select(w => (byte)w)];
        Assert.IsGreaterThan(0.97 * ModelPacker.Write(
            other, [(0, WeightEncoder.Encode(other, new WeightCoding(1, WeightForm.Dense, false))!)]).Length,
            ModelPacker.Write(other, [(0, WeightEncoder.RangeEncode(other, 1)!)]).Length);
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
        byte[] packed = ModelPacker.Write(file, [(start, coded)]);
        CollectionAssert.AreEqual(file, PackedModel.Expand(packed));
        Assert.IsLessThan(source.Length + 60, packed.Length);
        products[299] = MathF.BitIncrement(products[299]);
        Assert.IsNull(WeightEncoder.Product([.. products.SelectMany(BitConverter.GetBytes)], source, distance));
        foreach (int wrong in (int[])[0, 4, distance - 12, distance + 12, int.MaxValue / 2, -int.MaxValue / 2])
            Assert.ThrowsExactly<InvalidModelException>(
                () => PackedModel.Expand(ModelPacker.Write(file, [(start, coded with { Distance = wrong })])), $"{wrong}");
    }

    [TestMethod]
    public void A_sparse_clustered_file_ends_smaller_than_without_recoding_and_expands_exactly()
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
    public void Two_zeros_of_each_four_cost_what_they_tell()
    {
        // Which two of four are zero: log2(6) bits; the others: 4 values each.
        var random = new Random(9);
        byte[] file = new byte[40_000];
        for (int i = 0; i < file.Length; i += 4)
        {
            int first = random.Next(4), second = (first + random.Next(1, 4)) % 4;
            (file[i + first], file[i + second]) = ((byte)random.Next(1, 5), (byte)random.Next(1, 5));
        }

        CodedWeights coded = WeightEncoder.Encode(file, new WeightCoding(1, WeightForm.Bitmap, false))!;
        Assert.IsLessThan((1.01 * file.Length / 4 * (Math.Log2(6) + 4) / 8) + 100, ModelPacker.Write(file, [(0, coded)]).Length);
    }

    [TestMethod]
    public void Rows_of_few_values_have_palettes_of_their_own()
    {
        var random = new Random(10);
        const int Rows = 60, Length = 600;
        byte[] file = new byte[Rows * Length];
        for (int row = 0; row < Rows; row++)
        {
            byte[] values = new byte[8];
            random.NextBytes(values);
            for (int i = 0; i < Length; i++) file[(row * Length) + i] = values[random.Next(values.Length)];
        }

        var coding = new WeightCoding(1, WeightForm.Dense, true);
        byte[] packed = ModelPacker.Write(file, [(0, WeightEncoder.Encode(file, coding, Rows)!)]);
        CollectionAssert.AreEqual(file, PackedModel.Expand(packed));
        Assert.IsLessThan((file.Length * 3 / 8) + (Rows * 10), packed.Length);
    }

    [TestMethod]
    public void Many_threads_expand_the_same_bytes()
    {
        var random = new Random(11);
        var graph = new TestGraph();
        Value x = graph.Input("x", 1, 256);
        for (int i = 0; i < 12; i++) x = graph.Add("MatMul", x, graph.Random(i, 256, 256));
        graph.Output(x);
        byte[] file = Lowering.Write(graph.Build()), packed = ModelPacker.Pack(file, default);
        Assert.IsTrue(PackedModel.IsPacked(packed));
        using var workers = new WorkerPool(4);
        CollectionAssert.AreEqual(file, PackedModel.Expand(packed, workers));
        using var packing = new WorkerPool(3);
        CollectionAssert.AreEqual(packed, ModelPacker.Pack(file, new Workers(packing)));
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = [.. packed];
            damaged[random.Next(1000)] ^= (byte)random.Next(1, 256);
            PackedDamageTests.IsRefused(() => CollectionAssert.AreEqual(file, PackedModel.Expand(damaged, workers)));
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
