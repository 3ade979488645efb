using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Model;

[TestClass]
internal sealed class PackedIntegersTests
{
    [TestMethod]
    public void The_lowest_bits_come_first()
    {
        CollectionAssert.AreEqual(new sbyte[] { 1, -8, 7, -1, 3 }, Unpacked([0x81, 0xF7, 0x03], 4, 5));
        CollectionAssert.AreEqual(new sbyte[] { 1, -2, -1, 0, -1 }, Unpacked([0b00_11_10_01, 0b11], 2, 5));
        Assert.IsNull(PackedIntegers.Unpack([1, 2], 4, 5));
        Assert.IsNull(PackedIntegers.Unpack([1, 2, 3, 4], 4, 5));
    }

    [TestMethod]
    public void Each_block_has_its_scale()
    {
        var scales = new Tensor("s", TensorType.Float32, [2, 1], null) { Data = FloatBytes(0.5f, 2) };
        CollectionAssert.AreEqual(FloatBytes(1, -1, 6, 254), PackedIntegers.Scaled([2, 0xFE, 3, 127], scales, 2));
        byte[] halves = [.. BitConverter.GetBytes((Half)0.5f), .. BitConverter.GetBytes((Half)2)];
        var narrow = new Tensor("s", TensorType.Float16, [2, 1], null) { Data = halves };
        CollectionAssert.AreEqual(FloatBytes(1, -1, 6, 254), PackedIntegers.Scaled([2, 0xFE, 3, 127], narrow, 2));
    }

    private static sbyte[] Unpacked(byte[] packed, int bits, int elements) =>
        [.. PackedIntegers.Unpack(packed, bits, elements)!.Select(b => (sbyte)b)];

    private static byte[] FloatBytes(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
