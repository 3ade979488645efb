using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

/// <summary>What ArgMax and ArgMin share.</summary>
internal static class ArgCases
{
    public static void AssertAgree(string type)
    {
        var random = new Random(8);
        Node(type, [Signed(random, 2, 3, 4, 5)], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node(type, [Signed(random, 2, 3, 4, 5)], 1, ("axis", -1L), ("keepdims", 0L)).AssertAgreesWithPeers();
        Tensor ties = Tensor.Of<float>([2, 4], [1, 3, 3, 0, -1, -1, -1, -1]);
        Node(type, [ties], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node(type, [ties], 1, ("axis", 1L), ("select_last_index", 1L)).AssertAgreesWithPeers();
    }

    public static void AssertRefusesOtherAxes(string type) =>
        Assert.AreEqual("MOPT2002", Node(type, [Floats(2, 3)], 1, ("axis", 2L)).InferError());
}
