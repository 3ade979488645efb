namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class ConstantTests
{
    [TestMethod]
    public void Every_numeric_form_agrees_with_ONNX_Runtime()
    {
        Node("Constant", [], 1, ("value", Tensor.Of<int>([2, 2], [1, 2, 3, 4]))).AssertAgrees();
        Node("Constant", [], 1, ("value_float", 1.5f)).AssertAgrees();
        Node("Constant", [], 1, ("value_int", 7L)).AssertAgrees();
        Node("Constant", [], 1, ("value_ints", new long[] { 1, -2 })).AssertAgrees();
    }

    [TestMethod]
    public void Other_forms_are_refused()
    {
        Assert.AreEqual("MOPT2006", Node("Constant", [], 1, ("value_string", "x")).InferError());
        Assert.AreEqual("MOPT2006", Node("Constant", []).InferError());
    }
}
