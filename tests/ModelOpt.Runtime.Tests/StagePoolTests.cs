using static ModelOpt.Runtime.Tests.Plan.LaterStageTests;

namespace ModelOpt.Runtime.Tests;

[TestClass]
internal sealed class StagePoolTests
{
    [TestMethod]
    public void Sizes_that_come_again_find_their_plan()
    {
        using TfliteModel model = TfliteModel.Load(Slice());
        for (int round = 0; round < 3; round++)
        {
            for (int begin = 0; begin < 4; begin++)
                CollectionAssert.AreEqual(Numbers[begin..(begin + 2)], Cut(model, begin, 2));
        }

        Assert.AreEqual(4, model.Sessions.Later!.Plans);
    }

    [TestMethod]
    public void Few_plans_are_kept()
    {
        using TfliteModel model = TfliteModel.Load(Slice());
        for (int round = 0; round < 3; round++)
        {
            for (int begin = 0; begin < 6; begin++)
                for (int size = 0; size <= 6 - begin; size++)
                    CollectionAssert.AreEqual(Numbers[begin..(begin + size)], Cut(model, begin, size));
        }

        Assert.AreEqual(8, model.Sessions.Later!.Plans);
    }

    [TestMethod]
    public void Threads_share_the_plans()
    {
        using TfliteModel model = TfliteModel.Load(Slice());
        Parallel.For(0, 200, i => CollectionAssert.AreEqual(Numbers[(i % 5)..((i % 5) + 1)], Cut(model, i % 5, 1)));
    }
}
