using ModelOpt.Compiler.Tests.Compile;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class PadPiecesTests
{
    [TestMethod]
    [DataRow("reflect")]
    [DataRow("edge")]
    public void Open_sizes_are_padded_by_their_elements(string mode)
    {
        OpenSizesTests.Check([new(-1, "N"), 3, new(-1, "H"), new(-1, "W")], (g, x) => g.Add(
            "Pad", [g.Add("Relu", x), g.Longs(0, 0, 2, 1, 0, 0, 1, 3)], ("mode", mode)), [1, 3, 5, 6], [2, 3, 4, 9]);
    }
}
