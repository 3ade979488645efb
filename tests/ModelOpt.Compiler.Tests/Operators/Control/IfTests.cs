using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Control;
using ModelOpt.Compiler.Tests.Onnx;
using static ModelOpt.Compiler.Tests.Operators.Control.BodyModels;

namespace ModelOpt.Compiler.Tests.Operators.Control;

[TestClass]
internal sealed class IfTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_branch_that_is_taken_reads_values_around_it(bool taken)
    {
        // 'n' is a value of the graph in one branch, and of the branch in the other; 'two' is a constant around both.
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Initializer("two", [], 2).Node("Tanh a: t -> n")
            .Node("If i: flag -> y", ("then_branch", Branch("r", "Mul m: n two -> r")),
                ("else_branch", Branch("s", "Neg b: t -> n2", "Add c: n2 two -> s")))
            .Node("Relu last: y -> z").Gives("z");
        Tensor[] results = model.AssertAgrees(("t", X), ("flag", Flag(taken)));
        Assert.AreEqual(taken ? 2 * MathF.Tanh(4) : 5, results[0].Span<float>()[taken ? 3 : 0], 1e-6f);

        Graph graph = model.Read();
        Node node = graph.Nodes.Single(n => n.Type == "If");
        Assert.AreEqual(2, node.Captures);
        CollectionAssert.AreEquivalent(new[] { "flag", "n", "t" }, node.Inputs.Select(v => v!.Name).ToArray());
        Assert.IsTrue(node.Body("then_branch").Nodes[0].Inputs[1]!.IsConstant, "a constant around a body is its own");
    }

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Bodies_in_bodies_read_through_those_around_them(bool outer, bool inner)
    {
        GraphProto deep = new OnnxModel().Node("If j: inner -> q", ("then_branch", Branch("p", "Add a: n t -> p")),
            ("else_branch", Branch("p", "Sub a: n t -> p"))).Gives("q").Graph;
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Input("inner", Bool).Node("Tanh a: t -> n")
            .Node("If i: flag -> y", ("then_branch", deep), ("else_branch", Branch("q", "Relu r: n -> q"))).Gives("y");
        model.AssertAgrees(("t", X), ("flag", Flag(outer)), ("inner", Flag(inner)));
    }

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Branches_become_subgraphs(bool outer, bool inner)
    {
        // An image that is stored channel last around the branches, a convolution inside, and a branch that only passes on.
        GraphProto deep = new OnnxModel().Node("If j: inner -> q", ("then_branch", Branch("p", "Conv a: n w -> p")),
            ("else_branch", Branch("n"))).Gives("q").Graph;
        OnnxModel model = new OnnxModel().Input("x", "1", "2", "3", "4").Input("flag", Bool).Input("inner", Bool)
            .Initializer("w", [2, 2, 1, 1], 1, -2, 3, 0.5f).Node("Conv c: x w -> n")
            .Node("If i: flag -> y", ("then_branch", deep), ("else_branch", Branch("q", "Relu r: n -> m", "Conv a: m w -> q")))
            .Node("Conv d: y w -> z").Gives("z");
        // ONNX Runtime asks for an Identity where a branch passes on what is around it.
        GraphProto pass = model.Graph.Node[1].Attribute[0].G.Node[0].Attribute[1].G;
        pass.Node.Add(new NodeProto { OpType = "Identity", Input = { "n" }, Output = { "same" } });
        pass.Output[0].Name = "same";
        string operators = model.AssertLowers(
            ("x", TestGraph.RandomTensor(1, 1, 2, 3, 4)), ("flag", Flag(outer)), ("inner", Flag(inner)));
        StringAssert.Contains(operators, " IF ");
    }

    [TestMethod]
    public void Branches_of_different_sizes_are_refused_before_anything_is_written()
    {
        GraphProto twice = new OnnxModel().Node("Concat c: t t -> r", ("axis", 1)).Gives("r").Graph;
        string why = new OnnxModel().Input("t", "2", "2").Input("flag", Bool)
            .Node("If i: flag -> y", ("then_branch", twice), ("else_branch", Branch("r", "Relu c: t -> r"))).Gives("y").WhyNotLowered();
        StringAssert.Contains(why, "output 0 is [2, 4] in one branch and [2, 2] in the other");
    }

    [TestMethod]
    public void What_cannot_be_written_inside_is_refused_by_its_own_reason()
    {
        GraphProto inner = new OnnxModel().Node("Expand e: t size -> r").Gives("r").Graph;
        string why = new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Longs("size", [9], 1, 1, 1, 1, 1, 1, 1, 2, 2)
            .Node("If i: flag -> y", ("then_branch", inner), ("else_branch", inner.Clone())).Gives("y").WhyNotLowered();
        StringAssert.Contains(why, "9 dimensions");
    }

    [TestMethod]
    public void Sizes_that_differ_between_branches_are_open()
    {
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Input("flag", Bool)
            .Node("If i: flag -> y", ("then_branch", Branch("r", "Concat c: t t -> r")), ("else_branch", Branch("r", "Relu c: t -> r")))
            .Gives("y");
        ((OnnxModel)model).Graph.Node[0].Attribute[0].G.Node[0].Attribute.Add(
            new AttributeProto { Name = "axis", I = 1, Type = AttributeProto.Types.AttributeType.Int });
        Graph graph = model.Read();
        Assert.AreEqual("[2, y_1]", graph.Outputs[0].Shape!.ToString());
        Assert.AreEqual(new Shape([2, 4]), model.AssertAgrees(("t", X), ("flag", Flag(true)))[0].Shape);
        Assert.AreEqual(new Shape([2, 2]), model.AssertAgrees(("t", X), ("flag", Flag(false)))[0].Shape);
    }

    [TestMethod]
    public void What_a_branch_passes_on_is_a_copy_and_what_nobody_reads_goes()
    {
        GraphProto twice = new OnnxModel().Node("Foo unread: k -> dead").Gives("t", "t").Graph;
        GraphProto other = new OnnxModel().Initializer("c", [2, 2], 1, 2, 3, 4).Node("Relu r: t -> s").Gives("s", "c").Graph;
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Node("SequenceConstruct k: t -> k")
            .Node("If i: flag -> y z", ("then_branch", twice), ("else_branch", other)).Gives("y", "z");
        Graph graph = model.Read();
        // The unread node, and what it alone reads, cannot get the model refused.
        Assert.AreEqual("If", graph.Types());
        foreach (bool flag in new[] { true, false })
        {
            Tensor[] results = graph.Interpret(new Dictionary<string, Tensor> { ["t"] = X, ["flag"] = Flag(flag) });
            Tensor[] written = graph.RunPeer(new Dictionary<string, Tensor> { ["t"] = X, ["flag"] = Flag(flag) });
            GraphTesting.AssertClose(results, written);
            Assert.AreEqual(flag ? -3 : 0, results[0].Span<float>()[0]);
            Assert.AreEqual(flag ? -3 : 1, results[1].Span<float>()[0]);
        }
    }

    [TestMethod]
    public void Unsupported_operators_inside_are_named_with_the_others()
    {
        OnnxModel model = new OnnxModel().Input("t", "2").Input("flag", Bool).Node("Foo f: t -> u")
            .Node("If i: flag -> y", ("then_branch", Branch("r", "Bar b: u -> r")), ("else_branch", Branch("r", "Relu c: u -> r")))
            .Gives("y");
        Diagnostic diagnostic = Refused(model);
        Assert.AreEqual("MOPT2001", diagnostic.Descriptor.Code);
        StringAssert.Contains(diagnostic.Message, "Bar (node 'b'), Foo (node 'f')");
    }

    [TestMethod]
    public void Branches_that_do_not_fit_are_refused()
    {
        AssertRefused("MOPT2002", "is absent", ("then_branch", Branch("r", "Relu c: t -> r")));
        AssertRefused("MOPT2005", "in one branch", ("then_branch", Branch("r", "Relu c: t -> r")),
            ("else_branch", Branch("r", "Shape c: t -> r")));
        AssertRefused("MOPT2004", "its rank changes", ("then_branch", Branch("r", "Relu c: t -> r")),
            ("else_branch", Branch("r", "Flatten d: t -> s", "Unsqueeze c: s axes -> r")));
        AssertRefused("MOPT2002", "has 0 outputs", ("then_branch", Branch("r", "Relu c: t -> r")), ("else_branch", new GraphProto()));
        AssertRefused("MOPT1009", "nowhere", ("then_branch", Branch("r", "Relu c: nowhere -> r")), ("else_branch", new GraphProto()));
        GraphProto withInput = Branch("r", "Relu c: t -> r");
        withInput.Input.Add(new ValueInfoProto { Name = "more" });
        AssertRefused("MOPT2002", "has inputs", ("then_branch", withInput), ("else_branch", Branch("r", "Relu c: t -> r")));

        GraphProto deep = Branch("r", "Relu c: t -> r");
        for (int i = 0; i < 10; i++)
            deep = new OnnxModel().Node($"If i{i}: flag -> r", ("then_branch", deep), ("else_branch", deep.Clone())).Gives("r").Graph;
        AssertRefused("MOPT1011", "nested", ("then_branch", deep), ("else_branch", Branch("r", "Relu c: t -> r")));
    }

    [TestMethod]
    public void A_node_reads_what_its_bodies_read()
    {
        // The bodies are what keeps 'n' and puts the node behind it.
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Input("flag", Bool)
            .Node("If i: flag -> y", ("then_branch", Branch("r", "Relu m: n -> r")), ("else_branch", Branch("s", "Neg b: n -> s")))
            .Node("Tanh a: t -> n").Gives("y");
        Graph graph = model.Read();
        Assert.AreEqual("Tanh If", graph.Types());
        Graph body = graph.Nodes[1].Body("then_branch");
        body.Inputs[0].Shape = new Shape([2, 3]);
        StringAssert.Contains(Assert.ThrowsExactly<CompilationException>(() => GraphVerifier.Verify(graph, "a test")).Message,
            "does not stand for 'n'");
    }

    [TestMethod]
    public void A_clone_has_bodies_of_its_own()
    {
        Graph graph = new OnnxModel().Input("t", "2", "2").Input("flag", Bool)
            .Node("If i: flag -> y", ("then_branch", Branch("r", "Relu m: t -> r")), ("else_branch", Branch("s", "Neg b: t -> s")))
            .Gives("y").Read();
        Graph copy = graph.Clone();
        Graph body = If.Branch(copy.Nodes[0], true);
        Assert.AreNotSame(If.Branch(graph.Nodes[0], true), body);
        body.Remove(body.Nodes[0]);
        Assert.HasCount(1, If.Branch(graph.Nodes[0], true).Nodes);
    }

    private static Diagnostic Refused(OnnxModel model) =>
        Assert.ThrowsExactly<CompilationException>(() => ShapeInference.Run(OnnxReader.Read(model.Bytes()))).Diagnostic;

    private static void AssertRefused(string code, string text, params (string, object)[] bodies)
    {
        Diagnostic diagnostic = Refused(new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Longs("axes", [1], 0)
            .Node("If i: flag -> y", bodies).Gives("y"));
        Assert.AreEqual(code, diagnostic.Descriptor.Code, diagnostic.Message);
        StringAssert.Contains(diagnostic.Message, text);
    }
}
