using ModelOpt.Runtime.Plan;

namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class ArenaLayoutTests
{
    [TestMethod]
    public void Blocks_alive_together_never_overlap()
    {
        var random = new Random(21);
        for (int round = 0; round < 500; round++)
        {
            ArenaBlock[] blocks = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ =>
            {
                int first = random.Next(30);
                return new ArenaBlock(random.Next(0, 5000), first, first + random.Next(0, 10));
            })];
            int size = ArenaLayout.Place(blocks);
            for (int i = 0; i < blocks.Length; i++)
            {
                Assert.AreEqual(0, blocks[i].Offset % ArenaLayout.Alignment);
                Assert.IsTrue(blocks[i].Offset >= 0 && blocks[i].Offset + blocks[i].Bytes <= size);
                for (int j = 0; j < i; j++)
                {
                    bool together = blocks[i].FirstStep <= blocks[j].LastStep && blocks[j].FirstStep <= blocks[i].LastStep;
                    bool overlap = blocks[i].Offset < blocks[j].Offset + blocks[j].Bytes
                        && blocks[j].Offset < blocks[i].Offset + blocks[i].Bytes;
                    Assert.IsFalse(together && overlap && blocks[i].Bytes > 0 && blocks[j].Bytes > 0);
                }
            }
        }
    }

    [TestMethod]
    public void A_chain_needs_two_blocks_only()
    {
        ArenaBlock[] chain = [.. Enumerable.Range(0, 20).Select(i => new ArenaBlock(640, i, i + 1))];
        Assert.AreEqual(1280, ArenaLayout.Place(chain));
    }

    [TestMethod]
    public void More_than_two_gigabytes_are_refused()
    {
        ArenaBlock[] blocks = [.. Enumerable.Range(0, 3).Select(_ => new ArenaBlock(1 << 30, 0, 0))];
        Assert.ThrowsExactly<InvalidModelException>(() => ArenaLayout.Place(blocks));
    }
}
