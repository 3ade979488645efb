using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Runtime.Tests.Operators;

/// <summary>Vector loops give the bits of their scalar twins, for every pair of bytes.</summary>
[TestClass]
public class BinaryQ8Tests
{
    private static readonly BinaryQuantization Quantization = new(0.0213f, 7, 0.0131f, -30, 0.0257f, -5);

    [TestMethod]
    [DataRow((byte)0)]
    [DataRow((byte)0x80)]
    public void Every_pair_of_bytes(byte flip)
    {
        Check(new QuantizedAdd(Quantization), -QuantizedAdd.Shift, flip);
        Check(new QuantizedMultiply(Quantization), 0, flip);
        Check(new QuantizedByFloat<DivideOperation>(Quantization), Quantization.OutputZero, flip);
        Check(new QuantizedByFloat<MinimumOperation<float>>(Quantization), Quantization.OutputZero, flip);
    }

    [TestMethod]
    public void A_row_that_repeats_over_pixels()
    {
        foreach ((int pixels, int channels) in ((int, int)[])[(1000, 8), (7, 88), (3, 2000), (1, 5), (513, 1), (90, 11)])
        {
            var random = new Random(channels);
            byte[] left = new byte[pixels * channels], right = new byte[channels];
            random.NextBytes(left);
            random.NextBytes(right);
            var kernel = new BinaryQ8Kernel<QuantizedMultiply>(
                new BroadcastShape([1, pixels, channels], [channels], [1, pixels, channels]), new QuantizedMultiply(Quantization), 0, -128, 127, 0);
            byte[] actual = Run(kernel, left, right);
            CollectionAssert.AreEqual(left.Select((v, i) => kernel.Scalar(v, right[i % channels])).ToArray(), actual);
        }
    }

    private static void Check<T>(T operation, int zeroPoint, byte flip)
        where T : struct, IQuantizedOperation
    {
        byte[] left = [.. Enumerable.Range(0, 65536).Select(i => (byte)i)], right = [.. Enumerable.Range(0, 65536).Select(i => (byte)(i >> 8))];
        var kernel = new BinaryQ8Kernel<T>(
            new BroadcastShape([65536], [65536], [65536]), operation, zeroPoint, -120, 125, flip);
        byte[] expected = [.. left.Zip(right, kernel.Scalar)];
        CollectionAssert.AreEqual(expected, Run(kernel, left, right));
    }

    private static byte[] Run(Kernel kernel, byte[] left, byte[] right)
    {
        byte[] output = new byte[left.Length];
        Operand[] inputs = [Operand.Constant(left), Operand.Constant(right)], outputs = [Operand.InArena(0, output.Length)];

        // In two parts, as two threads would.
        byte[] scratch = new byte[kernel.ScratchBytes];
        kernel.Run(new KernelArguments(inputs, outputs, output, scratch), kernel.Items / 2, kernel.Items);
        kernel.Run(new KernelArguments(inputs, outputs, output, scratch), 0, kernel.Items / 2);
        return output;
    }
}
