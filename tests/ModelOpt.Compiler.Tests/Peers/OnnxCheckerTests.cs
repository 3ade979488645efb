namespace ModelOpt.Compiler.Tests.Peers;

[TestClass]
public sealed class OnnxCheckerTests
{
    [TestMethod]
    public void A_valid_model_is_accepted_and_an_invalid_one_is_not()
    {
        OnnxChecker.AssertValid(
            TinyModel.Of("Relu", [TinyModel.Tensor("x", 1, "N", "4")], [TinyModel.Tensor("y", 1, "N", "4")]));

        string? wrongOperator = OnnxChecker.Validate(
            TinyModel.Of("Relv", [TinyModel.Tensor("x", 1, "4")], [TinyModel.Tensor("y", 1, "4")]));
        StringAssert.Contains(wrongOperator, "Relv");
        string? wrongShape = OnnxChecker.Validate(
            TinyModel.Of("Relu", [TinyModel.Tensor("x", 1, "4")], [TinyModel.Tensor("y", 1, "5")]));
        StringAssert.Contains(wrongShape, "ShapeInferenceError");
    }
}
