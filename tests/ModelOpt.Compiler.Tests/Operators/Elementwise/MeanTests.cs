namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class MeanTests
{
    [TestMethod]
    [DataRow("a", "Identity")]
    [DataRow("a b", "Add Mul")]
    [DataRow("b c a", "Add Add Mul")]
    public void Any_number_of_inputs_becomes_Adds_and_a_Mul_as_in_ONNX_Runtime(string inputs, string types) =>
        SumTests.AssertAgrees("Mean", inputs, types);
}
