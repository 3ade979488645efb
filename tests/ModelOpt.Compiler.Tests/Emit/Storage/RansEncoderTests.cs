using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Tests.Emit.Storage;

[TestClass]
internal sealed class RansEncoderTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(9)]
    [DataRow(256)]
    public void Bytes_come_back_and_take_about_their_entropy(int values)
    {
        foreach (int count in (int[])[1, 2, 3, 4, 5, 63, 1000, 50_000])
        {
            var random = new Random(count);
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++)
                bytes[i] = (byte)(128 + (int)(values / 2 * Math.Pow(random.NextDouble(), 3) * (random.Next(2) == 0 ? -1 : 1)));
            byte[] table = RansEncoder.Table(bytes), code = RansEncoder.Encode(table, bytes), again = new byte[count];
            RansDecoder.Decode(table, code, again);
            CollectionAssert.AreEqual(bytes, again);

            // Shares are rounded to half bits, and four states of four bytes end the code.
            double entropy = bytes.CountBy(b => b).Sum(c => -c.Value * Math.Log2((double)c.Value / count)) / 8;
            Assert.IsLessThan(20 + (1.004 * entropy) + (count * 0.0005), code.Length, $"{count} bytes");
        }
    }

    [TestMethod]
    public void Any_table_has_shares_that_make_a_whole()
    {
        var random = new Random(3);
        int[] shares = new int[SymbolTable.Symbols];
        for (int i = 0; i < 2000; i++)
        {
            byte[] codes = new byte[SymbolTable.Symbols];
            int symbols = random.Next(1, SymbolTable.Symbols + 1), most = random.Next(1, 256);
            for (int k = 0; k < symbols; k++) codes[random.Next(SymbolTable.Symbols)] = (byte)random.Next(1, most + 1);
            Assert.IsTrue(SymbolTable.TryExpand(codes, shares));
            Assert.AreEqual(SymbolTable.Total, shares.Sum());
            for (int k = 0; k < codes.Length; k++) Assert.AreEqual(codes[k] == 0, shares[k] <= 0);
        }

        Assert.IsFalse(SymbolTable.TryExpand(new byte[SymbolTable.Symbols], shares));
    }

    [TestMethod]
    public void Any_code_gives_bytes_and_a_table_without_symbols_is_refused()
    {
        var random = new Random(4);
        byte[] target = new byte[100];
        for (int i = 0; i < 1000; i++)
        {
            byte[] code = new byte[random.Next(60)], table = new byte[2 + random.Next(1, 40)];
            random.NextBytes(code);
            random.NextBytes(table.AsSpan(2));
            table[0] = (byte)random.Next(200);
            RansDecoder.Decode(table, code, target);
        }

        Assert.ThrowsExactly<InvalidModelException>(() => RansDecoder.Decode([7, 1, 0, 0], [1, 2, 3], target));
    }
}
