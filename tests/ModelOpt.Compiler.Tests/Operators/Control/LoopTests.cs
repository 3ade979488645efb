using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Control;
using ModelOpt.Compiler.Tests.Onnx;
using static ModelOpt.Compiler.Tests.Operators.Control.BodyModels;

namespace ModelOpt.Compiler.Tests.Operators.Control;

[TestClass]
internal sealed class LoopTests
{
    /// <summary>v = v · c + t as often as is asked, and every v.</summary>
    private static GraphProto Summing => Body("cond", "w", "w").Node("Identity i: cond_in -> cond").Node("Mul m: v half -> u")
        .Node("Add a: u t -> w").Graph;

    [TestMethod]
    [DataRow(3L)]
    [DataRow(1L)]
    public void Values_are_carried_from_run_to_run_and_stacked(long trips)
    {
        OnnxModel model = Model(Summing, "n _ t");
        Tensor[] results = model.AssertAgrees(("t", X), ("n", Tensor.Scalar(trips)));
        Assert.AreEqual(new Shape([trips, 2, 2]), results[1].Shape);
        Assert.AreEqual("[2, 2] [z_0, 2, 2]", Shapes(model.Read()));
    }

    [TestMethod]
    public void A_trip_count_that_is_known_is_the_size_of_what_is_stacked()
    {
        OnnxModel model = Model(Summing, "four _ t").Longs("four", [], 4);
        Assert.AreEqual("[2, 2] [4, 2, 2]", Shapes(model.Read()));
        model.AssertAgrees(("t", X), ("n", Tensor.Scalar(0L)));
    }

    [TestMethod]
    public void Random_numbers_in_a_body_are_refused()
    {
        GraphProto body = Body("cond", "w", "w").Node("Identity i: cond_in -> cond").Node("RandomNormalLike r: v -> u")
            .Node("Add a: u t -> w").Graph;
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => Shapes(Model(body, "n _ t").Read()));
        Assert.AreEqual("MOPT2006", e.Diagnostic.Descriptor.Code);
        StringAssert.Contains(e.Message, "random numbers (r) in its body");
    }

    [TestMethod]
    public void No_run_gives_what_was_there_before_and_empty_stacks()
    {
        OnnxModel model = Model(Summing, "n _ t");
        Tensor[] results = model.Read().Interpret(new Dictionary<string, Tensor> { ["t"] = X, ["n"] = Tensor.Scalar(0L) });
        Assert.IsTrue(results[0].Bytes.Span.SequenceEqual(X.Bytes.Span));
        Assert.AreEqual(new Shape([0, 2, 2]), results[1].Shape);
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    [DataRow(5L)]
    public void What_it_carries_becomes_a_WHILE(long trips)
    {
        OnnxModel model = Model(Summing, "n _ t");
        model.Graph.Output.RemoveAt(1);
        model.Graph.Node[0].Output.RemoveAt(1);
        model.Graph.Node[0].Attribute[0].G.Output.RemoveAt(2);
        Assert.AreEqual("WHILE", model.AssertLowers(("t", X), ("n", Tensor.Scalar(trips))));
    }

    [TestMethod]
    public void A_WHILE_ends_by_its_condition_its_trips_or_the_first_of_both()
    {
        foreach (string inputs in new[] { "_ flag t", "n flag t", "four flag t", "four _ t" })
        {
            GraphProto body = Body("cond", "w").Longs("five", [], 5).Node("Sub s: five iter -> left")
                .Node("Cast k: left -> cond", ("to", 9)).Node("Add a: v t -> w").Graph;
            OnnxModel model = Model(body, inputs).Input("flag", Bool).Longs("four", [], 4);
            model.Graph.Output.RemoveAt(1);
            model.Graph.Node[0].Output.RemoveAt(1);
            foreach (long trips in new[] { 0L, 3, 100 })
            {
                foreach (bool flag in new[] { true, false })
                    model.AssertLowers(("t", X), ("n", Tensor.Scalar(trips)), ("flag", Flag(flag)));
            }
        }
    }

    [TestMethod]
    public void What_WHILE_cannot_express_is_refused_before_anything_is_written()
    {
        StringAssert.Contains(Model(Summing, "n _ t").WhyNotLowered(), "stacks what each run gives");
        StringAssert.Contains(Model(Summing, "many _ t").Longs("many", [], 10000).WhyNotLowered(), "stacks what each run gives");
        GraphProto body = Body("cond", "w").Node("Identity i: cond_in -> cond").Node("Concat c: v t -> w", ("axis", 1)).Graph;
        OnnxModel growing = Model(body, "n _ t");
        growing.Graph.Node[0].Output.RemoveAt(1);
        growing.Graph.Output.RemoveAt(1);
        StringAssert.Contains(growing.WhyNotLowered(), "changes from run to run");
    }

    [TestMethod]
    public void A_condition_that_becomes_false_ends_it()
    {
        // 5 − (number of the run) as a bool: runs 0…5.
        GraphProto body = Body("cond", "w", "w").Longs("five", [], 5).Node("Sub s: five iter -> left")
            .Node("Cast k: left -> cond", ("to", 9)).Node("Add a: v t -> w").Graph;
        OnnxModel model = Model(body, "_ flag t").Input("flag", Bool);
        Tensor[] results = model.AssertAgrees(("t", X), ("n", Tensor.Scalar(0L)), ("flag", Flag(true)));
        Assert.AreEqual(new Shape([6, 2, 2]), results[1].Shape);
    }

    [TestMethod]
    public void A_size_that_changes_from_run_to_run_is_open()
    {
        GraphProto body = Body("cond", "w", "u").Node("Identity i: cond_in -> cond").Node("Concat c: v t -> w", ("axis", 1))
            .Node("Neg m: t -> u").Graph;
        OnnxModel model = Model(body, "n _ t");
        Assert.AreEqual("[2, y_1] [z_0, 2, 2]", Shapes(model.Read()));
        Assert.AreEqual(new Shape([2, 8]), model.AssertAgrees(("t", X), ("n", Tensor.Scalar(3L)))[0].Shape);
    }

    [TestMethod]
    public void A_body_that_does_not_fit_is_refused()
    {
        AssertRefused("MOPT2002", "inputs, and the node", Summing, "n _ t t");
        AssertRefused("MOPT2005", "as Float32 and gives it as Int64",
            Body("cond", "w", "w").Node("Identity i: cond_in -> cond").Node("Shape m: v -> w").Graph, "n _ t");
        AssertRefused("MOPT2005", "not one bool", Body("cond", "w", "w").Node("Neg m: v -> w").Node("Neg i: v -> cond").Graph, "n _ t");
        AssertRefused("MOPT2005", "not one int64", Summing, "t _ t");
        AssertRefused("MOPT2003", "absent", Summing, "n");
        GraphProto small = Summing;
        small.Output.RemoveAt(2);
        AssertRefused("MOPT2002", "outputs, and the node", small, "n _ t");
    }

    [TestMethod]
    public void An_endless_run_can_be_ended_and_is_not_computed_when_the_model_is_compiled()
    {
        GraphProto body = Body("cond", "w", "half").Node("Identity i: cond_in -> cond").Node("Neg m: v -> w").Graph;
        Graph graph = Model(body, "_ _ half").Read();
        using CancellationTokenSource cancellation = new(TimeSpan.FromMilliseconds(50));
        Assert.ThrowsExactly<OperationCanceledException>(() => new Compiler.Interpretation.Interpreter(graph).Run(
            new Dictionary<string, Tensor> { ["t"] = X, ["n"] = Tensor.Scalar(0L) }, cancellation.Token));
        PassResultOf(graph);
        Assert.AreEqual("Loop", graph.Types());
    }

    private static void PassResultOf(Graph graph) =>
        new Compiler.Simplify.ConstantFolding().Apply(graph, Tests.Simplify.PassTesting.Context);

    private static OnnxModel Body(params string[] outputs) =>
        new OnnxModel().Input("iter", Long).Input("cond_in", Bool).Input("v").Gives(outputs);

    private static OnnxModel Model(GraphProto body, string inputs)
    {
        body.Input[2].Type = null;
        return new OnnxModel().Input("t", "2", "2").Input("n", Long).Initializer("half", [], 0.5f)
            .Node($"Loop l: {inputs} -> y z", ("body", body)).Gives("y", "z");
    }

    private static string Shapes(Graph graph) => string.Join(' ', graph.Outputs.Select(o => o.Shape));

    private static void AssertRefused(string code, string text, GraphProto body, string inputs)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => ShapeInference.Run(OnnxReader.Read(Model(body, inputs).Bytes()))).Diagnostic;
        Assert.AreEqual(code, diagnostic.Descriptor.Code, diagnostic.Message);
        StringAssert.Contains(diagnostic.Message, text);
    }
}
