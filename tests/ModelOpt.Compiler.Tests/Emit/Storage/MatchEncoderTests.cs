using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Tests.Emit.Storage;

[TestClass]
internal sealed class MatchEncoderTests
{
    [TestMethod]
    public void Bytes_come_back()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(4) == 0 ? random.Next(8) : random.Next(4000)];
            int values = random.Next(1, 257), period = random.Next(1, 300);
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = i >= period && random.Next(10) > 0 ? bytes[i - period] : (byte)random.Next(values);
            byte[] again = new byte[bytes.Length];
            MatchDecoder.Decode(MatchEncoder.Encode(bytes), again);
            CollectionAssert.AreEqual(bytes, again, $"seed {seed}");
        }
    }

    [TestMethod]
    public void The_tables_of_a_file_take_less_than_by_Deflate()
    {
        byte[] file = File.ReadAllBytes(typeof(MatchEncoderTests).Assembly.Location)[..60_000];
        using MemoryStream deflated = new();
        using (System.IO.Compression.DeflateStream deflate = new(deflated, System.IO.Compression.CompressionLevel.SmallestSize, true))
            deflate.Write(file);
        Assert.IsLessThan(0.95 * deflated.Length, MatchEncoder.Encode(file).Length);
    }

    [TestMethod]
    public void Any_code_gives_bytes_or_is_refused()
    {
        var random = new Random(5);
        byte[] target = new byte[1000];
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] code = new byte[random.Next(200)];
            random.NextBytes(code);
            try
            {
                MatchDecoder.Decode(code, target);
            }
            catch (InvalidModelException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(500, refused);
    }
}
