using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Nodes along an axis, which had all axes from it on before opset 13.</summary>
internal static class AxisCases
{
    public static void AssertAgree(string type)
    {
        var random = new Random(8);
        Node(type, [Signed(random, 2, 3, 4)]).AssertAgreesWithPeers();
        Node(type, [Signed(random, 2, 3, 4)], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node(type, [Signed(random, 2, 3, 4)], 1, ("axis", 1L)).AssertAgreesWithPeers(opset: 11);
    }
}
