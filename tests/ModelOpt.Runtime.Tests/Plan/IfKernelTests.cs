namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class IfKernelTests
{
    [TestMethod]
    public void The_condition_takes_one_of_two_subgraphs()
    {
        CollectionAssert.AreEqual(new float[] { 2, 4, 6, 8 }, SubgraphModels.RunIf(true, [1, 2, 3, 4]));
        CollectionAssert.AreEqual(new float[] { 1, 4, 9, 16 }, SubgraphModels.RunIf(false, [1, 2, 3, 4]));
    }
}
