using ModelOpt.Compiler.Interpretation;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class ExpandTests
{
    [TestMethod]
    public void Random_broadcasts_agree_with_ONNX_Runtime()
    {
        var random = new Random(2);
        foreach ((int[] a, int[] b) in BroadcastCases.Shapes(8, 20))
            Node("Expand", [Random(random, ElementType.Float32, a), Tensor.Vector(Array.ConvertAll(b, d => (long)d))]).AssertAgrees();
    }

    [TestMethod]
    public void Sizes_are_followed() =>
        Assert.AreEqual(new Shape(N, 4, 3), Node("Expand", [Floats(1, 3), Sizes(N, 4, 1)]).Infer().Shape);

    [TestMethod]
    public void Lowered_it_gives_the_same()
    {
        var graph = new TestGraph();
        graph.Output(graph.Add("Expand", graph.ChannelLast(2, 3, 4, 1), graph.Longs(2, 1, 1, 5)));
        graph.Output(graph.Add("Expand", graph.Input("v", 3), graph.Longs(4, 1)));
        StringAssert.Contains(graph.AssertLowers(), "MUL");
    }

    [TestMethod]
    public void A_constant_is_expanded_to_an_open_batch()
    {
        // A class token before the patches, as exporters of vision transformers write it.
        var graph = new TestGraph();
        Value x = graph.Input("x", -1, 3, 4);
        Value batch = graph.Add("Gather", graph.Add("Shape", x), graph.Longs(0));
        Value sizes = graph.Add("Concat", [batch, graph.Longs(2, 4)], ("axis", 0));
        graph.Output(graph.Add("Concat", [graph.Add("Expand", graph.Random(1, 1, 1, 4), sizes), x], ("axis", 1)));
        StringAssert.Contains(graph.AssertLowers(), "SLICE CAST MUL CAST");

        using TfliteModel model = TfliteModel.Load(Lowering.Write(graph.Graph));
        Assert.IsTrue(model.HasDynamicBatch);
        using ModelCall call = model.Begin(batch: 2);
        Tensor given = TestGraph.RandomTensor(2, 2, 3, 4);
        // Not even what is no number comes through.
        given.Span<float>()[0] = float.NaN;
        call.SetInput<float>(0, given.Span<float>());
        call.Run();
        float[] expected = new Interpreter(graph.Graph).Run([given])[0].Span<float>().ToArray();
        float[] actual = new float[expected.Length];
        call.GetOutput<float>(0, actual);
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void Sizes_follow_from_those_of_inputs()
    {
        var graph = new TestGraph();
        Value x = graph.Input("x", -1, 2);
        Value twice = graph.Add("Mul", graph.Add("Shape", x), graph.Longs(2, 1));
        graph.Output(graph.Add("Expand", graph.Random(1, 1, 2), twice));
        graph.Output(graph.Add("ConstantOfShape", twice));
        Graph model = graph.Build();
        Assert.AreEqual(0, Lowering.Refusals(model).Count);
        using TfliteModel written = TfliteModel.Load(Lowering.Write(model));
        CollectionAssert.AreEqual((int[])[-1, 2], written.Outputs[0].Shape.ToArray());
    }

    [TestMethod]
    public void A_computed_shape_agrees_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(8), ElementType.Float32, 3, 1, 4);
        foreach (long[] shape in (long[][])[[3, 2, 4], [1, 5, 1], [2, 1, 1, 1], [4], [1, 0, 1]])
            Node("Expand", [x, Tensor.Vector(shape)]).AssertAgreesWithPeers(fed: 2, liteRt: false);
    }
}
