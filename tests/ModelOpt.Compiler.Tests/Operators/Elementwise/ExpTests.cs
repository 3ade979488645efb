namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class ExpTests
{
    [TestMethod]
    public void It_agrees_with_ONNX_Runtime_within_two_units_in_the_last_place()
    {
        Node node = Node("Exp", [TestGraph.RandomTensor(1, 300)]);
        ReadOnlySpan<float> expected = node.RunPeer()[0].Span<float>(), actual = node.Run()[0].Span<float>();
        for (int i = 0; i < expected.Length; i++)
            Assert.IsLessThanOrEqualTo(2, Math.Abs(
                BitConverter.SingleToInt32Bits(expected[i]) - BitConverter.SingleToInt32Bits(actual[i])));
    }
}
