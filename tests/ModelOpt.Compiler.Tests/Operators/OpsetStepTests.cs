using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Tests.Operators;

[TestClass]
internal sealed class OpsetStepTests
{
    /// <summary>Each operator's versions in ONNX, from the one in force at the oldest opset that is read to the newest.</summary>
    private static Dictionary<string, int[]> OfOnnx()
    {
        string text = File.ReadAllText(Path.Combine(Snapshot.Repository, "tests/ModelOpt.Compiler.Tests/Operators/opset-versions.txt"));
        return text.Split("\n\n")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(
            words => words[0],
            words =>
            {
                int[] all = [.. words.Skip(1).Select(int.Parse)];
                int first = all.LastOrDefault(v => v <= Graph.OldestOpset, all[0]);
                return all.Where(v => v >= first && v <= Graph.Opset).ToArray();
            });
    }

    [TestMethod]
    public void Each_operator_declares_every_version_that_ONNX_has()
    {
        Dictionary<string, int[]> onnx = OfOnnx();
        Assert.IsGreaterThan(150, onnx.Count);
        foreach (string name in Operator.Names)
        {
            Operator op = Operator.Of(Node(name, []));
            CollectionAssert.AreEqual(onnx[name], op.Versions.Select(v => v.Opset).ToArray(), name);
        }
    }

    [TestMethod]
    public void Steps_are_applied_from_the_models_opset_on_and_in_order()
    {
        Graph graph = new();
        Node node = Node("Slice", [Floats(4, 6)], 1, ("starts", new[] { 1L }), ("ends", new[] { 3L }));
        graph.Add(node);
        Operator.Of(node).Upgrade(graph, node, 9);
        CollectionAssert.AreEqual(new[] { 1L }, node.Input(1).Constant!.ToInt64s());
        CollectionAssert.AreEqual(new[] { 3L }, node.Input(2).Constant!.ToInt64s());
        Assert.IsEmpty(node.Attributes);
    }

    [TestMethod]
    public void An_operator_that_came_after_the_models_opset_is_refused()
    {
        CompilationException e = Assert.ThrowsExactly<CompilationException>(
            () => OnnxReader.Read(Node("HardSwish", [Tensor.Vector(1f)]).Model(opset: 13)));
        Assert.AreEqual("MOPT1012", e.Diagnostic.Descriptor.Code);
        StringAssert.Contains(e.Message, "HardSwish came with opset 14, and the model uses opset 13");
    }

    [TestMethod]
    public void An_attribute_that_became_an_input_is_refused_from_then_on()
    {
        Node Squeeze() => Node("Squeeze", [Tensor.Zeros(ElementType.Float32, [1, 2, 1])], 1, ("axes", new[] { 0L }));
        OnnxReader.Read(Squeeze().Model(opset: 12));
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(Squeeze().Model(opset: 13)));
        StringAssert.Contains(e.Message, "'axes' is not one of Squeeze from opset 13 on");
    }

    [TestMethod]
    public void What_came_after_the_written_opset_raises_it_and_the_rest_is_written_as_it_was()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 2, 3, 4);
        foreach ((Node node, int written) in new[]
        {
            (Node("ReduceMean", [x, Tensor.Vector(1L)]), 17), (Node("ReduceMean", [x], 1, ("noop_with_empty_axes", 1L)), 18),
            (Node("Split", [x], 2, ("num_outputs", 2L)), 17),
            (Node("Resize", [x, null, Tensor.Vector(2f)], 1, ("axes", new[] { 2L }), ("antialias", 0L)), 18),
            (Node("Resize", [x, null, Tensor.Vector(1f, 1, 2)], 1, ("coordinate_transformation_mode", "half_pixel_symmetric"),
                ("mode", "linear")), 19),
        })
        {
            Graph graph = OnnxReader.Read(node.Model(opset: written == 19 ? 19 : 18, fed: 1));
            ShapeInference.Run(graph);
            byte[] model = OnnxWriter.Write(graph);
            Assert.AreEqual(written, OnnxFile.Parse(model).OpsetImport.Single().Version, node.Type);
            Tensor expected = node.RunPeer(written == 19 ? 19 : 18, fed: 1)[0];
            Tensor actual = Peers.OnnxRuntime.Run(model, new Dictionary<string, Tensor> { ["x0"] = x })[0];
            Assert.IsTrue(expected.Bytes.Span.SequenceEqual(actual.Bytes.Span), node.Type);
        }
    }
}
