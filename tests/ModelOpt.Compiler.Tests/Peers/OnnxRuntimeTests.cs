using Microsoft.ML.OnnxRuntime;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Peers;

[TestClass]
internal sealed class OnnxRuntimeTests
{
    [TestMethod]
    public void Every_element_type_goes_in_and_comes_out()
    {
        foreach (ElementType type in Enum.GetValues<ElementType>()
            .Where(type => type is not (ElementType.Undefined or ElementType.String or ElementType.BFloat16)))
        {
            Tensor x = Operators.OperatorTesting.Random(new Random(1), type, 2);
            byte[] identity = TinyModel.Of(
                "Identity", [TinyModel.Tensor("x", (int)type, "2")], [TinyModel.Tensor("y", (int)type, "2")]);
            Tensor y = OnnxRuntime.Run(identity, new Dictionary<string, Tensor> { ["x"] = x }).Single();
            Assert.AreEqual(type, y.Type);
            Assert.IsTrue(x.Bytes.Span.SequenceEqual(y.Bytes.Span), $"{type}");
        }
    }

    [TestMethod]
    public void A_scalar_and_an_empty_tensor_pass()
    {
        byte[] scalar = TinyModel.Of("Relu", [TinyModel.Tensor("x", 1)], [TinyModel.Tensor("y", 1)]);
        Tensor y = OnnxRuntime.Run(scalar, new Dictionary<string, Tensor> { ["x"] = Tensor.Of<float>([], [-3f]) }).Single();
        Assert.AreEqual(0, y.Rank);
        Assert.AreEqual(0f, y.Span<float>()[0]);

        byte[] open = TinyModel.Of("Relu", [TinyModel.Tensor("x", 1, "N", "4")], [TinyModel.Tensor("y", 1, "N", "4")]);
        Tensor none = OnnxRuntime.Run(
            open, new Dictionary<string, Tensor> { ["x"] = Tensor.Zeros(ElementType.Float32, [0, 4]) }).Single();
        Assert.AreEqual(new Shape(0, 4), none.Shape);
    }

    [TestMethod]
    public void A_valid_model_is_accepted_and_an_invalid_one_is_not()
    {
        OnnxRuntime.AssertValid(
            TinyModel.Of("Relu", [TinyModel.Tensor("x", 1, "N", "4")], [TinyModel.Tensor("y", 1, "N", "4")]));

        StringAssert.Contains(Refusal("Relv", TinyModel.Tensor("y", 1, "4")), "Relv");
        StringAssert.Contains(Refusal("Relu", TinyModel.Tensor("y", 1, "5")), "Inferred=4 Declared=5");
        StringAssert.Contains(Refusal("Relu", TinyModel.Tensor("y", 6, "4")), "Type Error");

        static string Refusal(string op, ValueInfoProto y) => Assert.ThrowsExactly<AssertFailedException>(
            () => OnnxRuntime.AssertValid(TinyModel.Of(op, [TinyModel.Tensor("x", 1, "4")], [y]))).Message;
    }

    [TestMethod]
    public void Wrong_inputs_are_refused()
    {
        byte[] add = TinyModel.Of(
            "Add", [TinyModel.Tensor("a", 1, "4"), TinyModel.Tensor("b", 1, "4")], [TinyModel.Tensor("sum", 1, "4")]);
        Tensor four = Tensor.Of<float>([4], [1f, 2f, 3f, 4f]);
        Assert.ThrowsExactly<OnnxRuntimeException>(() => OnnxRuntime.Run(add, new Dictionary<string, Tensor>
        {
            ["a"] = four,
            ["b"] = Tensor.Of<float>([2], [1f, 2f]),
        }));
    }
}
