using ModelOpt.Compiler.Calibration;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class LayerTargetsTests
{
    [TestMethod]
    public void What_a_layer_is_added_to_counts_as_it_has_become()
    {
        (Graph graph, Node first, Node second) = Residual("Relu");
        LayerTargets target = Of(second, graph)!;
        Assert.AreSame(first.Output, target.Added);
        Assert.AreEqual("sum", target.Wanted.Name);
        var seen = new Dictionary<Value, Tensor> { [target.Wanted] = Tensor.Vector<float>([5, -3]),
            [target.Added!] = Tensor.Vector<float>([1, 2]) };
        CollectionAssert.AreEqual(new float[] { 4, -5 }, target.Of(seen, null).Span<float>().ToArray());
    }

    [TestMethod]
    public void What_is_computed_later_cannot_be_counted_on()
    {
        (Graph graph, Node first, _) = Residual("Relu");
        LayerTargets target = Of(first, graph)!;
        Assert.IsNull(target.Added);
        Assert.AreEqual(first.Output.Name, target.Wanted.Name);
        Assert.IsFalse(target.IsOneSided, "the second layer reads it too");
    }

    [TestMethod]
    [DataRow("Relu", 0f, float.PositiveInfinity)]
    [DataRow("Clip", 0f, 6f)]
    [DataRow("Sigmoid", float.NegativeInfinity, float.PositiveInfinity)]
    public void An_activation_forgives_where_it_is_flat(string activation, float floor, float ceiling)
    {
        (Graph graph, _, Node second) = Residual(activation);
        LayerTargets target = Of(second, graph)!;
        Assert.AreEqual((floor, ceiling), (target.Floor, target.Ceiling));
        Assert.AreEqual(activation != "Sigmoid", target.IsOneSided);
    }

    [TestMethod]
    public void An_output_that_others_read_is_not_forgiven()
    {
        (Graph graph, _, Node second) = Residual("Relu");
        graph.Outputs.Add(graph.Values.First(v => v.Name == "sum"));
        Assert.IsFalse(Of(second, graph)!.IsOneSided);
    }

    [TestMethod]
    public void A_layer_that_the_float_model_lacks_has_no_target()
    {
        (Graph graph, Node first, _) = Residual("Relu");
        Assert.IsNull(LayerTargets.Of(first, graph, new Dictionary<string, Value>()));
    }

    /// <summary>
    /// The distance to the target is an upper bound of that behind the activation; nothing is left of it where both are flat.
    /// </summary>
    [TestMethod]
    public void What_is_near_the_target_is_near_behind_the_activation()
    {
        (Graph graph, _, Node second) = Residual("Clip");
        LayerTargets target = Of(second, graph)!;
        float[] points = [-9, -2, -0.5f, 0, 1, 3, 5.5f, 6, 7, 11];
        foreach (float wanted in points)
        foreach (float now in points)
        {
            const float added = 0.75f;
            var seen = new Dictionary<Value, Tensor> { [target.Wanted] = Tensor.Vector<float>([wanted]),
                [target.Added!] = Tensor.Vector<float>([added]) };
            float aim = target.Of(seen, Tensor.Vector<float>([now - added])).Span<float>()[0] + added;
            Assert.IsTrue(Math.Pow(now - aim, 2) <= Math.Pow(now - wanted, 2), "it asks for no more than the float model's value");
            if ((now <= 0 && wanted <= 0) || (now >= 6 && wanted >= 6)) Assert.AreEqual(now, aim, 1e-6, "nothing is lost");
            foreach (float then in points) Assert.IsTrue(Behind(then, wanted) <= Math.Pow(then - aim, 2) + 1e-9, $"{wanted} {now} {then}");
        }

        static double Behind(float value, float wanted) => Math.Pow(Math.Clamp(value, 0, 6) - Math.Clamp(wanted, 0, 6), 2);
    }

    private static LayerTargets? Of(Node layer, Graph graph) => LayerTargets.Of(
        layer, graph, graph.Clone().Nodes.SelectMany(n => n.Outputs).OfType<Value>().ToDictionary(v => v.Name));

    private static (Graph Graph, Node First, Node Second) Residual(string activation)
    {
        var g = new TestGraph();
        Value first = g.Add("Gemm", [g.Input("x", 1, 4), g.Random(1, 4, 4), g.Random(2, 4)], ("transB", 1));
        Value second = g.Add("Gemm", [first, g.Random(3, 4, 4), g.Random(4, 4)], ("transB", 1));
        Value sum = g.Add("Add", [second, first]);
        sum.Name = "sum";
        g.Output(g.Add(activation, activation == "Clip" ? [sum, g.Constant(Tensor.Scalar(0f)), g.Constant(Tensor.Scalar(6f))] : [sum]));
        Graph graph = g.Build();
        return (graph, first.Producer!, second.Producer!);
    }
}
