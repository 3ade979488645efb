using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Operators.Control;
using static ModelOpt.Compiler.Tests.Operators.Control.BodyModels;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class BranchInliningTests
{
    [TestMethod]
    [DataRow(7L, "Tanh Mul Relu")]
    [DataRow(0L, "Tanh Relu")]
    public void A_condition_that_folds_to_a_constant_decides(long number, string types)
    {
        // The inner If is decided too, by a value that the body captures; what is left captures nothing.
        GraphProto deep = new OnnxModel().Node("If j: flag -> q", ("then_branch", Branch("p", "Mul a: n t -> p")),
            ("else_branch", Branch("p", "Sub a: n t -> p"))).Gives("q").Graph;
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Longs("number", [], number).Node("Tanh a: t -> n")
            .Node("Cast c: number -> flag", ("to", 9))
            .Node("If i: flag -> y", ("then_branch", deep), ("else_branch", Branch("q", "Relu r: n -> q")))
            .Node("Relu last: y -> z").Gives("z");
        Graph graph = model.Read();
        Tensor[] expected = graph.Interpret(new Dictionary<string, Tensor> { ["t"] = X });
        PassPipeline.Simplify(graph, PassTesting.Context);
        Assert.AreEqual(number == 0 ? "Tanh Relu Relu" : types, graph.Types());
        GraphTesting.AssertClose(expected, graph.Interpret(new Dictionary<string, Tensor> { ["t"] = X }));
    }

    [TestMethod]
    [DataRow("2", "[2, 2, 1]", "Reshape Tanh")]
    [DataRow("1", "[1, 2]", "Tanh")]
    [DataRow("N", "[1, 2]", "Tanh")]
    public void A_condition_that_follows_from_sizes_decides_before_shapes_are_inferred(string rows, string shape, string types)
    {
        // rows − 1, as a bool: the branches give other ranks, and the one that is not taken does not fit.
        GraphProto squeezed = new OnnxModel().Node("Flatten f: t -> r", ("axis", 0)).Gives("r").Graph;
        GraphProto kept = new OnnxModel().Node("Reshape s: t shape -> q").Gives("q").Graph;
        OnnxModel model = new OnnxModel().Input("t", rows, "2").Longs("one", [1], 1).Longs("first", [1], 0).Longs("shape", [3], 2, 2, 1)
            .Node("Shape h: t -> sizes").Node("Gather g: sizes first -> size").Node("Sub d: size one -> less")
            .Node("Cast c: less -> flag", ("to", 9)).Node("If i: flag -> y", ("then_branch", kept), ("else_branch", squeezed))
            .Node("Tanh last: y -> z").Gives("z");
        Graph graph = OnnxReader.Read(model.Bytes());
        // Where the batch is open, the model is one of a single sample.
        OpenBatch.Close(graph, null);
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, "reading");
        Assert.AreEqual(shape, $"{graph.Outputs[0].Shape}");
        PassPipeline.Simplify(graph, PassTesting.Context);
        Assert.AreEqual(types, graph.Types());
    }

    [TestMethod]
    public void Passes_simplify_inside_branches_that_stay()
    {
        // −(2 + 3) · n: the sum is computed when the model is compiled, the Identity goes, the other branch keeps its own.
        GraphProto then = new OnnxModel().Initializer("two", [], 2).Initializer("three", [], 3).Node("Add s: two three -> five")
            .Node("Identity i: n -> m").Node("Mul m: m five -> r").Gives("r").Graph;
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Node("Tanh a: t -> n").Node("Neg b: t -> unread")
            .Node("If i: flag -> y", ("then_branch", then), ("else_branch", Branch("q", "Relu r: n -> q", "Neg u: unread -> dead")))
            .Gives("y");
        Graph graph = model.Read();
        PassPipeline.Simplify(graph, PassTesting.Context);
        Assert.AreEqual("Tanh If", graph.Types());
        Assert.AreEqual("Mul", graph.Nodes[1].Body("then_branch").Types());
        foreach (bool flag in new[] { true, false })
        {
            Dictionary<string, Tensor> feeds = new() { ["t"] = X, ["flag"] = Flag(flag) };
            GraphTesting.AssertClose(GraphTesting.RunPeer(model.Bytes(), feeds), graph.Interpret(feeds));
            GraphTesting.AssertClose(graph.Interpret(feeds), graph.RunPeer(feeds));
        }
    }
}
