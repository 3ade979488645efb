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

    /// <summary>What is no number is found where it comes first, and nowhere else.</summary>
    public static void AssertAgreeOnNaN(string type)
    {
        Tensor x = Tensor.Of<float>([5, 3], [float.NaN, 1, 2, 1, float.NaN, 2, 2, float.NaN, 1, 1, 2, float.NaN, 2, 2, float.NaN]);
        foreach (long last in (long[])[0, 1])
            foreach (long keep in (long[])[0, 1])
                Node(type, [x], 1, ("axis", 1L), ("keepdims", keep), ("select_last_index", last)).AssertAgreesWithPeers();
    }

    public static void AssertRefusesOtherAxes(string type) =>
        Assert.AreEqual("MOPT2002", Node(type, [Floats(2, 3)], 1, ("axis", 2L)).InferError());
}
