using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tests.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Assembled;

[TestClass]
internal sealed class ByteProductTests
{
    [TestMethod]
    public void Weights_decide_where_there_is_no_dot_product()
    {
        sbyte[] same = [.. Enumerable.Repeat((sbyte)127, 64)], small = [.. Enumerable.Repeat((sbyte)64, 64)];
        sbyte[] opposite = [.. Enumerable.Range(0, 64).Select(i => (sbyte)(i % 2 == 0 ? 127 : -128))];
        sbyte[] large = [.. same[..32], .. opposite[..32]];
        Assert.AreEqual(ByteProduct.Dot, ByteProducts.Choose(Target.Avx512Vnni, large, 2, 32).Product);
        Assert.AreEqual(ByteProduct.Dot, ByteProducts.Choose(Target.AvxVnni, large, 2, 32).Product);
        foreach (Target target in (Target[])[Target.Avx2, Target.Avx512])
        {
            Assert.AreEqual(ByteProduct.Words, ByteProducts.Choose(target, large, 2, 32).Product);
            Assert.AreEqual(ByteProduct.Bytes, ByteProducts.Choose(target, small, 2, 32).Product);
            Assert.AreEqual(ByteProduct.Bytes, ByteProducts.Choose(target, opposite, 2, 32).Product);
            Assert.AreEqual(ByteProduct.Bytes, ByteProducts.Choose(target, same, 2, 32).Product);
        }
    }

    [TestMethod]
    public void Pairs_saturate_beyond_what_two_products_may_reach()
    {
        for (int first = -128; first < 128; first++)
        {
            for (int second = -128; second < 128; second++)
            {
                int high = 255 * (Math.Max(0, first) + Math.Max(0, second)), low = 255 * (Math.Min(0, first) + Math.Min(0, second));
                Assert.AreEqual(high > short.MaxValue || low < short.MinValue, ByteProducts.Saturates(first, second));
            }
        }
    }

    [TestMethod]
    public unsafe void Halves_add_up_and_are_listed_with_their_place()
    {
        var layout = new PanelLayout(2, false, 8);
        const int steps = 3, count = 2 * steps * 2 * 8;
        int* weights = stackalloc int[count];
        var before = new sbyte[4 * count];
        var random = new Random(4);
        for (int i = 0; i < before.Length; i++)
            before[i] = (sbyte)(i / 64 == 3 ? random.Next(-128, 128) : random.Next(-64, 65));
        before.CopyTo(new Span<sbyte>(weights, before.Length));
        AlignedBuffer<byte> split = PairSplit.Create(weights, layout, steps, [0, 100], [])!;

        // Step 3 is the first of the second run.
        byte* next = split.Pointer;
        for (int vector = 0; vector < 2; vector++)
        {
            Assert.AreEqual(1, *(long*)next);
            Assert.AreEqual(100, *(long*)(next + 8));
            for (int i = 0; i < 32; i++)
            {
                int at = (3 * 64) + (vector * 32) + i;
                Assert.AreEqual(before[at], ((sbyte*)weights)[at] + ((sbyte*)next)[24 + i]);
            }

            next += 56;
        }

        Assert.IsNull(PairSplit.Create(weights, layout, steps, [0, 100], []), "there was something to split once more");
    }

    [TestMethod]
    public void Few_large_weights_have_the_bits_of_the_definition()
    {
        var random = new Random(9);
        for (int trial = 0; trial < 120; trial++)
        {
            int groups = trial % 4 == 3 ? 2 : 1;
            Window2D w = KernelTesting.RandomWindow(random, groups * random.Next(1, 50), groups * random.Next(1, 50), 9);
            int k = w.KernelHeight * w.KernelWidth * w.InputChannels / groups;
            byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, trial);
            var f = new byte[w.OutputChannels * k];
            for (int i = 0; i < f.Length; i++)
                f[i] = (byte)(random.Next(100) < trial / 6 ? random.Next(2) == 0 ? 127 : -128 : random.Next(-64, 65));
            LayerQuantization layer = KernelTesting.Quantization(random, w.OutputChannels, k, unsigned: false);
            byte[] expected = ConvInt8KernelTests.Reference(w, groups, layer, x, f, [], false);
            foreach (Kernel kernel in KernelTesting.Assembled(c => ConvInt8Kernel.Create(w, groups, layer, f, [], false, c)))
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"groups {groups} {w}");
        }
    }
}
