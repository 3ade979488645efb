using System.Runtime.InteropServices;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Peers;

[TestClass]
internal sealed class LiteRtTests
{
    [TestMethod]
    public void Inputs_are_given_by_place_or_by_name()
    {
        TinyTflite.Tensor Vector(string name) => new(name, TensorType.Float32, [1, 3]);
        byte[] subtract = TinyTflite.Of(
            BuiltinOperator.Sub, BuiltinOptionsType.Sub, [Vector("a"), Vector("b")], Vector("difference"));
        byte[] a = Bytes<float>([10, 20, 30]), b = Bytes<float>([1, 2, 4]);

        LiteRtTensor difference = LiteRt.Run(subtract, a, b).Single();
        Assert.AreEqual("difference", difference.Name);
        Assert.AreEqual("float32", difference.Type);
        CollectionAssert.AreEqual(new[] { 1, 3 }, difference.Shape);
        CollectionAssert.AreEqual(new[] { 9f, 18f, 26f }, difference.Span<float>().ToArray());

        LiteRtTensor byName = LiteRt.Run(subtract, new Dictionary<string, byte[]> { ["b"] = b, ["a"] = a }).Single();
        CollectionAssert.AreEqual(difference.Data, byName.Data);
    }

    [TestMethod]
    public void Int8_goes_in_and_comes_out()
    {
        byte[] logistic = TinyTflite.Of(
            BuiltinOperator.Logistic,
            BuiltinOptionsType.None,
            [new("x", TensorType.Int8, [1, 256], 1 / 16f, 3)],
            new("y", TensorType.Int8, [1, 256], 1 / 256f, -128));
        sbyte[] x = [.. Enumerable.Range(-128, 256).Select(i => (sbyte)i)];

        LiteRtTensor y = LiteRt.Run(logistic, Bytes<sbyte>(x)).Single();

        Assert.AreEqual("int8", y.Type);
        sbyte[] expected =
            [.. x.Select(q => (sbyte)Math.Clamp(Math.Round(256 / (1 + Math.Exp(-(q - 3) / 16.0))) - 128, -128, 127))];
        CollectionAssert.AreEqual(expected, y.Span<sbyte>().ToArray());
    }

    [TestMethod]
    public void Errors_carry_the_message_of_LiteRT_and_the_next_run_works()
    {
        LiteRtException garbage = Assert.ThrowsExactly<LiteRtException>(() => LiteRt.Run([1, 2, 3, 4, 5, 6, 7, 8]));
        StringAssert.Contains(garbage.Message, "Failed to load model from buffer");

        TinyTflite.Tensor vector = new("x", TensorType.Float32, [1, 3]);
        byte[] relu = TinyTflite.Of(BuiltinOperator.Relu, BuiltinOptionsType.None, [vector], vector with { Name = "y" });
        LiteRtException size = Assert.ThrowsExactly<LiteRtException>(() => LiteRt.Run(relu, Bytes<float>([1, 2])));
        StringAssert.Contains(size.Message, "input x is float32[1,3], 12 bytes; 8 were given");
        LiteRtException missing = Assert.ThrowsExactly<LiteRtException>(() => LiteRt.Run(relu));
        StringAssert.Contains(missing.Message, "no data for input x");

        LiteRtTensor y = LiteRt.Run(relu, Bytes<float>([1, -2, 3])).Single();
        CollectionAssert.AreEqual(new[] { 1f, 0f, 3f }, y.Span<float>().ToArray());
    }

    private static byte[] Bytes<T>(T[] items) where T : unmanaged => MemoryMarshal.AsBytes<T>(items).ToArray();
}
