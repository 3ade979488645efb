using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

[TestClass]
internal sealed class SoftmaxTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        var random = new Random(6);
        foreach (int[] dims in new int[][] { [7], [3, 10], [2, 3, 4], [2, 5, 3, 4] })
        {
            for (long axis = -dims.Length; axis < dims.Length; axis++)
                Node("Softmax", [Signed(random, dims)], 1, ("axis", axis)).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void The_older_form_is_read_where_one_axis_is_summed()
    {
        var random = new Random(6);
        Node("Softmax", [Signed(random, 3, 10)]).AssertAgreesWithPeers(opset: 11);
        Node("Softmax", [Signed(random, 2, 10, 1, 1)]).AssertAgreesWithPeers(opset: 9);
        Node("Softmax", [Signed(random, 2, 3, 4)], 1, ("axis", 2L)).AssertAgreesWithPeers(opset: 12);
        Node("Softmax", [Signed(random, 2, 3, 4)], 1, ("axis", -1L)).AssertAgreesWithPeers(opset: 12);
    }

    [TestMethod]
    public void The_older_form_sums_over_several_axes()
    {
        var random = new Random(6);
        foreach (long axis in (long[])[0, 1, 2, -2])
            Node("Softmax", [Signed(random, 2, 3, 4)], 1, ("axis", axis)).AssertAgreesWithPeers(opset: 11);
    }

    [TestMethod]
    public void Large_elements_do_not_overflow()
    {
        float[] y = Node("Softmax", [Tensor.Vector(1e30f, -1e30f, 1e30f)]).Run()[0].Span<float>().ToArray();
        CollectionAssert.AreEqual(new[] { 0.5f, 0, 0.5f }, y);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2002", Node("Softmax", [Floats(N, 3)], 1, ("axis", 2L)).InferError());
        Assert.AreEqual("MOPT2005", Node("Softmax", [Tensor.Vector(1, 2)]).InferError());
    }
}
