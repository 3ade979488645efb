namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class WhileKernelTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    [DataRow(1000L)]
    public void The_body_runs_as_long_as_the_condition_holds(long n) =>
        CollectionAssert.AreEqual(new float[] { n + 1, -2 * (n + 1), 0, 3 * (n + 1) }, SubgraphModels.RunWhile(n, [1, -2, 0, 3]));

    [TestMethod]
    public void A_run_without_end_ends_in_an_exception()
    {
        // 2^64 − 1 runs.
        var e = Assert.ThrowsExactly<InvalidModelException>(() => SubgraphModels.RunWhile(-1, [1, 2, 3, 4]));
        StringAssert.Contains(e.Message, "did not end");
    }
}
