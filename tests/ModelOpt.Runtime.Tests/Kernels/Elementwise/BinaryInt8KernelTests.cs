using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

/// <summary>Every tier gives the bits of the scalar one, for every pair of bytes, and that one those of the formula.</summary>
[TestClass]
internal sealed class BinaryInt8KernelTests
{
    private static readonly BinaryQuantization Quantization = new(0.0213f, 7, 0.0131f, -30, 0.0257f, -5);

    [TestMethod]
    [DataRow((byte)0)]
    [DataRow((byte)0x80)]
    public void Every_pair_of_bytes(byte flip)
    {
        BinaryQuantization q = Quantization;
        float left = q.LeftScale / q.OutputScale, right = q.RightScale / q.OutputScale;
        float offset = q.OutputZero + 128 - MathF.FusedMultiplyAdd(left, q.LeftZero + 128, right * (q.RightZero + 128));
        Check(
            new QuantizedAdd(q), -QuantizedAdd.Shift, flip,
            (a, b) => MathF.FusedMultiplyAdd(a + 128, left, MathF.FusedMultiplyAdd(b + 128, right, offset)));
        float scale = q.LeftScale * q.RightScale / q.OutputScale;
        Check(
            new QuantizedMultiply(q), 0, flip,
            (a, b) => ((a - q.LeftZero) * (b - q.RightZero) * scale) + q.OutputZero);
        CheckByFloat<SubtractFloat>((a, b) => a - b);
        CheckByFloat<DivideFloat>((a, b) => a / b);
        CheckByFloat<MinimumFloat>(MathF.Min);
        CheckByFloat<MaximumFloat>(MathF.Max);
        CheckByFloat<PReluFloat>((a, b) => a < 0 ? a * b : a);

        void CheckByFloat<T>(Func<float, float, float> function)
            where T : struct, IFloatOperation => Check(
                new QuantizedByFloat<T>(q), q.OutputZero, flip,
                (a, b) => function((a - q.LeftZero) * q.LeftScale, (b - q.RightZero) * q.RightScale) / q.OutputScale);
    }

    [TestMethod]
    public void A_row_that_repeats_over_pixels()
    {
        foreach ((int pixels, int channels) in ((int, int)[])[(1000, 8), (7, 88), (3, 2000), (1, 5), (513, 1), (90, 11)])
            CheckShape([1, pixels, channels], [channels], [1, pixels, channels]);
    }

    [TestMethod]
    public void Operands_that_repeat_within_a_row()
    {
        foreach (int length in (int[])[1, 2, 3, 4, 7, 8, 15, 16, 17, 33, 70, 5000])
        {
            CheckShape([3, length], [3, 1], [3, length]);
            CheckShape([3, 1], [3, length], [3, length]);
            CheckShape([1, length], [3, length], [3, length]);
        }
    }

    private static void CheckShape(int[] leftShape, int[] rightShape, int[] outputShape)
    {
        byte[] left = KernelTesting.Bytes(Elements(leftShape), 1), right = KernelTesting.Bytes(Elements(rightShape), 2);
        byte[]? expected = null;
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var kernel = new BinaryInt8Kernel<QuantizedMultiply>(
                new BroadcastShape(leftShape, rightShape, outputShape), new QuantizedMultiply(Quantization), 0, -128, 127, 0, tier);
            byte[] actual = KernelTesting.Run(kernel, Elements(outputShape), left, right);
            expected ??= actual;
            KernelTesting.AssertSame(expected, actual, $"{tier} [{string.Join(',', leftShape)}] [{string.Join(',', rightShape)}]");
        }

        for (int i = 0; i < expected!.Length; i++)
        {
            byte one = KernelTesting.Run(
                new BinaryInt8Kernel<QuantizedMultiply>(
                    new BroadcastShape([1], [1], [1]), new QuantizedMultiply(Quantization), 0, -128, 127, 0, SimdTier.Scalar),
                1, [left[Source(i, leftShape, outputShape)]], [right[Source(i, rightShape, outputShape)]])[0];
            Assert.AreEqual(one, expected[i]);
            if (i > 300)
                break;
        }
    }

    private static int Elements(int[] shape) => shape.Aggregate(1, (a, b) => a * b);

    // Where element i of the output comes from; all shapes here differ in dimensions of size 1 and leading ones only.
    private static int Source(int i, int[] shape, int[] output)
    {
        int source = 0, stride = 1;
        for (int d = 1; d <= shape.Length; d++)
        {
            source += shape[^d] == 1 ? 0 : i % output[^d] * stride;
            stride *= shape[^d];
            i /= output[^d];
        }

        return source;
    }

    private static void Check<T>(T operation, int zeroPoint, byte flip, Func<float, float, float> formula)
        where T : struct, IQuantizedOperation
    {
        byte[] left = [.. Enumerable.Range(0, 65536).Select(i => (byte)i)],
            right = [.. Enumerable.Range(0, 65536).Select(i => (byte)(i >> 8))];
        byte[] expected = [.. left.Zip(right, (a, b) =>
        {
            float value = formula((sbyte)(a ^ flip), (sbyte)(b ^ flip));
            float bounded = float.IsNaN(value) ? 0 : MathF.Round(Math.Clamp(value, -120 - zeroPoint, 125 - zeroPoint));
            return (byte)((byte)((int)bounded + zeroPoint) ^ flip);
        })];
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var kernel = new BinaryInt8Kernel<T>(
                new BroadcastShape([65536], [65536], [65536]), operation, zeroPoint, -120, 125, flip, tier);
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, left.Length, left, right), $"{typeof(T).Name} {tier}");
        }
    }
}
