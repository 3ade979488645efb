using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Tests.Emit.Storage;

/// <summary>Packed models that are damaged, hostile or of another version.</summary>
[TestClass]
internal sealed class PackedDamageTests
{
    [TestMethod]
    [DataRow((byte)0x82)]
    [DataRow((byte)0x84)]
    public void A_form_of_another_version_is_to_be_built_again(byte version)
    {
        byte[] packed = [.. ModelPacker.Pack(ModelPackerTests.Sparse.Value, default)];
        packed[3] = version;
        var e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(packed));
        StringAssert.Contains(e.Message, "build the project again");
    }

    [TestMethod]
    public void Damage_anywhere_is_refused_or_harmless()
    {
        byte[] file = ModelPackerTests.Sparse.Value, packed = ModelPacker.Pack(file, default);
        for (int length = 0; length < packed.Length; length += length < 64 ? 1 : 13)
            Assert.ThrowsExactly<InvalidModelException>(() => PackedModel.Expand(packed.AsMemory(0, length)), $"{length} bytes");
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

    // The content is changed and coded again, the checksum stays.
    [TestMethod]
    public void Damaged_content_is_refused_or_harmless()
    {
        byte[] file = new byte[600];
        var random = new Random(2);
        for (int i = 0; i < file.Length; i++) file[i] = (byte)(random.Next(4) == 0 ? random.Next(6) : 0);
        (int, CodedWeights)[] runs =
        [
            (0, WeightEncoder.Encode(file.AsSpan(0, 200), new WeightCoding(1, WeightForm.Bitmap, true), 4)!),
            (216, WeightEncoder.Encode(file.AsSpan(216, 160), new WeightCoding(4, WeightForm.Bitmap, false))!),
            (400, WeightEncoder.Encode(file.AsSpan(400, 120), new WeightCoding(2, WeightForm.Dense, true))!),
            (520, WeightEncoder.RangeEncode(file.AsSpan(520, 60), 1)!),
        ];
        byte[] packed = ModelPacker.Write(file, runs);
        byte[] content = new byte[BitConverter.ToInt32(packed, 12)];
        int coded = BitConverter.ToInt32(packed, 16);
        MatchDecoder.Decode(packed.AsSpan(PackedModel.HeaderBytes, coded), content);
        int refused = 0;
        for (int i = 0; i < content.Length; i++)
        {
            byte[] damaged = [.. content];
            damaged[i] ^= (byte)random.Next(1, 256);
            byte[] again = ModelPacker.Join(
                file.Length, PackedModel.Checksum(file), damaged, packed[(PackedModel.HeaderBytes + coded)..]);
            refused += IsRefused(() => CollectionAssert.AreEqual(file, PackedModel.Expand(again), $"byte {i}")) ? 1 : 0;
        }

        Assert.IsGreaterThan(content.Length / 2, refused);
    }

    [TestMethod]
    public void Sizes_that_a_header_claims_cost_no_memory()
    {
        byte[] zeros = new byte[1 << 20];
        byte[] bomb = [.. ModelPacker.Write(zeros, [])];
        // A megabyte of zeros in some hundred bytes: no honest packer writes that.
        Assert.IsLessThan(400, bomb.Length);
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
                BitConverter.TryWriteBytes(packed.AsSpan(16), content);
                Refused(packed);
            }
        }

        // Numbers of streams and segments beyond what follows.
        foreach (byte number in (byte[])[0x00, 0x7F, 0x80, 0xFF])
        {
            byte[] content = [.. Enumerable.Repeat(number, 40)];
            Refused(ModelPacker.Join(100, 0x04030201, content, []));
        }

        // The probabilities of the content take 46 kB each time.
        Assert.IsLessThan(4 << 20, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Refused(byte[] packed) => Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(packed));
    }

    [TestMethod]
    public void A_damaged_file_that_was_packed_well_is_refused_or_loaded()
    {
        byte[] file = ModelPackerTests.Sparse.Value;
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

    internal static bool IsRefused(Action read)
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
}
