using ModelOpt.Compiler.Onnx;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class MaxPoolIndicesTests
{
    [TestMethod]
    [DataRow(1, 3)]
    [DataRow(2, 4)]
    [DataRow(3, 9)]
    public void Random_pools_agree_with_peers(int axes, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 16; i++)
        {
            long[] kernel = Kernel(random, axes);
            int[] x = [random.Next(1, 3), random.Next(1, 4), .. Enumerable.Range(0, axes).Select(_ => random.Next(7, 10))];
            List<(string, object)> attributes = Attributes(random, kernel, dilate: i % 3 == 0);
            attributes.Add(("kernel_shape", kernel));
            attributes.Add(("storage_order", (long)(i % 2)));
            AssertAgree(Node("MaxPool", [Signed(random, x)], 2, [.. attributes]));
        }
    }

    [TestMethod]
    public void Of_equal_elements_the_first_is_told()
    {
        Node node = Node("MaxPool", [Tensor.Of<float>([1, 2, 3], [2, 2, 1, 0, 3, 3])], 2, ("kernel_shape", new[] { 2L }));
        CollectionAssert.AreEqual(new[] { 0L, 1, 4, 4 }, node.Run()[1].ToInt64s());
        AssertAgree(node);
    }

    /// <summary>Both outputs, in the interpreter, the runtime and LiteRT, are those of ONNX Runtime.</summary>
    private static void AssertAgree(Node node)
    {
        Tensor[] expected = node.RunPeer(), inputs = [node.Input(0).Constant!];
        Graph graph = OnnxReader.Read(node.Model(fed: 1));
        ShapeInference.Run(graph);
        byte[] tflite = Lowering.Write(graph);
        foreach (Tensor[] actual in (Tensor[][])[node.Run(), TfliteRunner.Run(tflite, inputs), TfliteRunner.RunLiteRt(tflite, inputs)])
        {
            CollectionAssert.AreEqual(expected[0].Bytes.ToArray(), actual[0].Bytes.ToArray());
            CollectionAssert.AreEqual(expected[1].ToInt64s(), actual[1].ToInt64s());
        }
    }
}
