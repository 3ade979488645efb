using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Tflite;

[TestClass]
internal sealed class FlexMapTests
{
    // As FlexBuffers' own builder writes {"flag": true, "n": 7, "x": 1.5}: keys, the vector of keys, values, their types, the root.
    private static readonly byte[] Map =
    [
        .. "flag\0n\0x\0"u8, 3, 10, 6, 5, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0xC0, 0x3F, 0x68, 0x04,
        0x0E, 15, 0x26, 1,
    ];

    [TestMethod]
    public void Numbers_and_flags_are_found_by_their_keys()
    {
        var map = new FlexMap(Map);
        Assert.AreEqual((1, 7, 1.5), (map.Number("flag"), map.Int("n"), map.Number("x")));
        Assert.AreEqual(42, map.Int("none", 42));
        Assert.IsEmpty(map.Ints("n"));
    }

    [TestMethod]
    public void Bytes_are_found_by_their_key()
    {
        foreach (byte[] blob in (byte[][])[[], [1, 2, 3], [.. Enumerable.Repeat((byte)7, 500)]])
        {
            byte[] map = FlexMap.Write("options", blob);
            CollectionAssert.AreEqual(blob, new FlexMap(map).Bytes("options"));
            Assert.IsEmpty(new FlexMap(map).Bytes("others"));
        }

        Assert.ThrowsExactly<InvalidModelException>(() => new FlexMap([0xFF, .. FlexMap.Write("options", [1]).AsSpan(1)]));
    }

    [TestMethod]
    public void What_is_damaged_is_refused()
    {
        for (int length = 0; length < Map.Length; length++)
            Assert.ThrowsExactly<InvalidModelException>(() => new FlexMap(Map.AsSpan(0, length)), $"{length} bytes");
        for (int i = 0; i < Map.Length; i++)
        {
            foreach (byte other in (byte[])[0, 1, 127, 255])
            {
                byte[] damaged = [.. Map];
                damaged[i] = other;
                try
                {
                    _ = new FlexMap(damaged);
                }
                catch (InvalidModelException)
                {
                    // Nothing else may be thrown.
                }
            }
        }
    }
}
