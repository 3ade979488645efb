using ModelOpt.Compiler.Onnx;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class GroupNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("GroupNormalization", [X(2, 6, 4, 5), X(6), X(6)], 1, ("num_groups", 3L)).AssertAgreesWithPeers(opset: 21);
        Node("GroupNormalization", [X(2, 6, 4, 5), X(3), X(3)], 1, ("num_groups", 3L)).AssertAgreesWithPeers(opset: 18);
    }

    [TestMethod]
    public void Each_group_has_its_own_mean_and_variance()
    {
        Tensor x = Tensor.Of<float>([1, 4, 2], [1, 1, 3, 3, 0, 0, 10, 10]);
        Tensor scale = Tensor.Vector(1f, 2, 3, 4), shift = Tensor.Vector(0f, 0, 0, 1);
        Node node = Node("GroupNormalization", [x, scale, shift], 1, ("num_groups", 2L), ("epsilon", 0f));
        node.AssertModelGives(opset: 21, -1, -1, 2, 2, -3, -3, 5, 5);
    }

    [TestMethod]
    public void No_groups_are_refused()
    {
        Node node = Node("GroupNormalization", [X(2, 6, 4), X(6), X(6)], 1, ("num_groups", 0L));
        Assert.AreEqual("MOPT2002", Assert.ThrowsExactly<CompilationException>(
            () => OnnxReader.Read(node.Model(opset: 21, fed: 1))).Diagnostic.Descriptor.Code);
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
