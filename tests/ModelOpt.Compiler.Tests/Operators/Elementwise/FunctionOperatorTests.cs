using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

/// <summary>Functions of one number that are computed in double precision.</summary>
[TestClass]
internal sealed class FunctionOperatorTests
{
    [TestMethod]
    [DataRow("Sin", 7)]
    [DataRow("Cos", 7)]
    [DataRow("Tan", 7)]
    [DataRow("Atan", 7)]
    [DataRow("Cosh", 9)]
    [DataRow("Softplus", 1)]
    [DataRow("Softsign", 1)]
    [DataRow("Selu", 6)]
    [DataRow("Celu", 12)]
    [DataRow("Mish", 18)]
    [DataRow("ThresholdedRelu", 10)]
    public void Results_agree_with_peers(string type, int since) =>
        Node(type, [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers(opset: Math.Max(17, since));

    [TestMethod]
    [DataRow("Log")]
    [DataRow("Reciprocal")]
    [DataRow("Asin")]
    [DataRow("Acos")]
    public void Results_between_0_and_1_agree_with_peers(string type) => Node(type, [Between(0.01f, 1)]).AssertAgreesWithPeers();

    [TestMethod]
    [DataRow("Sinh", -3f, 3f)]
    [DataRow("Asinh", -9f, 9f)]
    [DataRow("Acosh", 1f, 9f)]
    [DataRow("Atanh", -0.99f, 0.99f)]
    public void Custom_operators_agree_with_ONNX_Runtime(string type, float low, float high) =>
        Node(type, [Between(low, high)]).AssertAgreesWithPeers(liteRt: false);

    [TestMethod]
    [DataRow("none")]
    [DataRow("tanh")]
    public void Gelu_agrees_with_peers(string approximate) =>
        Node("Gelu", [Between(-6, 6)], 1, ("approximate", approximate)).AssertAgreesWithPeers(opset: 20);

    [TestMethod]
    public void Attributes_agree_with_peers()
    {
        Tensor x = Between(-5, 5);
        Node("Selu", [x], 1, ("alpha", 2f), ("gamma", 0.5f)).AssertAgreesWithPeers();
        Node("Celu", [x], 1, ("alpha", 0.7f)).AssertAgreesWithPeers();
        Node("ThresholdedRelu", [x], 1, ("alpha", -0.5f)).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Swish_is_a_product_with_a_sigmoid()
    {
        Tensor y = Node("Swish", [Tensor.Vector(-2f, 0f, 3f)], 1, ("alpha", 0.5f)).Run()[0];
        float[] expected = [-2 / (1 + MathF.E), 0, 3 / (1 + MathF.Exp(-1.5f))];
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], y.Span<float>()[i], 1e-6f);
    }

    [TestMethod]
    public void Far_numbers_stay_finite()
    {
        Tensor far = Tensor.Vector(-200f, 200f);
        foreach (string type in new[] { "Softplus", "Mish", "Softsign", "Selu", "Gelu" })
        {
            Tensor y = Node(type, [far]).Run()[0];
            Assert.IsTrue(y.Span<float>().ToArray().All(float.IsFinite), type);
        }

        foreach (string type in new[] { "Softplus", "Softsign", "Selu" }) Node(type, [far]).AssertAgreesWithPeers();
        Node("Mish", [far]).AssertAgreesWithPeers(opset: 18);
    }

    private static Tensor Between(float low, float high)
    {
        var random = new Random(3);
        Tensor x = Tensor.Zeros(ElementType.Float32, [2, 5, 19]);
        foreach (ref float element in x.Span<float>()) element = low + (random.NextSingle() * (high - low));
        return x;
    }
}
