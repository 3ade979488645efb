using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Operators.Selection;

[TestClass]
internal sealed class UniqueTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void All_outputs_agree_with_ONNX_Runtime(long sorted)
    {
        var random = new Random(3);
        foreach (ElementType type in (ElementType[])[ElementType.Float32, ElementType.Int64, ElementType.Int8])
        {
            foreach (long? axis in (long?[])[null, 0, 1, -1])
            {
                Tensor x = Tensor.Zeros(ElementType.Float32, [4, 3, 2]);
                foreach (ref float element in x.Span<float>()) element = random.Next(axis is null ? 5 : 2) - 1;
                List<(string, object)> attributes = [("sorted", sorted)];
                if (axis is { } given) attributes.Add(("axis", given));
                AssertAgrees(Node("Unique", [Casting.To(x, type)], 4, [.. attributes]));
            }
        }
    }

    [TestMethod]
    public void Sizes_are_known_when_the_model_runs()
    {
        Node node = Node("Unique", [Floats(2, 3, 4)], 4, ("axis", 1L));
        Assert.AreEqual(new Shape(2, Dim.Unknown, 4), node.Infer().Shape);
        Assert.AreEqual(new Shape(3), node.Outputs[2]!.Shape);
        Assert.AreEqual(new Shape(Dim.Unknown), Node("Unique", [Floats(2, 3, 4)]).Infer().Shape);
    }

    private static void AssertAgrees(Node node)
    {
        Tensor x = node.Input(0).Constant!;
        Tensor[] expected = node.RunPeer(fed: 1);
        Graph graph = OnnxReader.Read(node.Model(fed: 1));
        ShapeInference.Run(graph);
        Same(new Interpreter(graph).Run(x), "the interpreter");
        Same(TfliteRunner.Run(Lowering.Write(graph), x), "the runtime");

        void Same(Tensor[] actual, string who)
        {
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.AreEqual((expected[i].Type, expected[i].Shape), (actual[i].Type, actual[i].Shape), $"{who}, output {i}");
                CollectionAssert.AreEqual(expected[i].Bytes.ToArray(), actual[i].Bytes.ToArray(), $"{who}, output {i}");
            }
        }
    }
}
