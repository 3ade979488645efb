using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Movement;
using AttributeType = ModelOpt.Compiler.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class InliningTests
{
    private static readonly Tensor X = Tensor.Of<float>([2, 2], [-3, -1, 1, 4]);

    [TestMethod]
    public void Functions_become_their_nodes_with_the_callers_attributes_and_names()
    {
        // leak(x, slope = 0.5): LeakyRelu(x) + x; twice(x) = leak(leak(x, 0.25)), which also gives what is between.
        FunctionProto leak = Function("leak", ["x"], ["y"], n => n.Node("LeakyRelu l: x -> t").Node("Add a: t x -> y"));
        leak.Node[0].Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeType.Float });
        leak.AttributeProto.Add(new AttributeProto { Name = "slope", F = 0.5f, Type = AttributeType.Float });
        FunctionProto twice = Function("twice", ["x"], ["y", "t"], n => n.Node("leak i: x -> t", ("slope", 0.25f)).Node("leak o: t -> y"));
        foreach (NodeProto call in twice.Node) call.Domain = "local";
        OnnxModel model = Model(leak, twice).Input("t", "2", "2")
            .Node("twice f: t -> y between").Node("twice g: y -> z _").Output("z", "2", "2").Output("between", "2", "2");
        foreach (NodeProto call in model.Graph.Node) call.Domain = "local";

        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.AreEqual("LeakyRelu Add LeakyRelu Add LeakyRelu Add LeakyRelu Add", graph.Types());
        Assert.AreEqual("f/i/l", graph.Nodes[0].Name);
        AssertRuns(model, graph);
    }

    [TestMethod]
    public void An_argument_that_is_left_out_is_left_out_inside()
    {
        FunctionProto limit = Function("limit", ["x", "low", "high"], ["y"], n => n.Node("Clip c: x low high -> y"));
        OnnxModel model = Model(limit).Input("t", "2", "2").Initializer("two", [], 2).Node("limit f: t _ two -> y").Output("y", "2", "2");
        model.Graph.Node[0].Domain = "local";
        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.IsNull(graph.Nodes.Single().InputOrNull(1));
        AssertRuns(model, graph);
    }

    [TestMethod]
    public void What_a_function_passes_through_is_a_copy()
    {
        OnnxModel model = Model(Function("pass", ["x"], ["x", "x"], n => { })).Input("t", "2", "2")
            .Node("pass f: t -> y z").Output("y", "2", "2").Output("z", "2", "2");
        model.Graph.Node[0].Domain = "local";
        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.AreEqual("Identity Identity", graph.Types());
        ShapeInference.Run(graph);
        // ONNX Runtime takes no such function.
        Tensor[] results = graph.Interpret(new Dictionary<string, Tensor> { ["t"] = X });
        Assert.IsTrue(Array.TrueForAll(results, r => r.Bytes.Span.SequenceEqual(X.Bytes.Span)));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void An_If_with_a_constant_condition_becomes_its_branch(bool condition)
    {
        GraphProto then = new OnnxModel().Initializer("two", [], 2).Node("Mul m: n two -> u").Node("Neg n: u -> result")
            .Output("result", "2", "2").Graph;
        GraphProto inner = new OnnxModel().Node("Relu r: n -> result").Output("result", "2", "2").Graph;
        GraphProto outer = new OnnxModel().Node("Sigmoid s: n -> unused").Output("unused", "2", "2").Graph;
        TensorProto flag = new() { DataType = 9, RawData = Google.Protobuf.ByteString.CopyFrom((byte)(condition ? 1 : 0)) };
        GraphProto branch = new OnnxModel().Node("If j: flag -> result", ("then_branch", outer), ("else_branch", inner))
            .Output("result", "2", "2").Graph;
        OnnxModel model = Model().Input("t", "2", "2").Node("Constant c: -> flag", ("value", flag)).Node("Abs_ a: t -> n")
            .Node("If i: flag -> y", ("then_branch", then), ("else_branch", branch)).Node("Relu last: y -> z").Output("z", "2", "2");
        model.Graph.Node[1].OpType = "Tanh";

        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.AreEqual(condition ? "Tanh Mul Neg Relu" : "Tanh Relu Relu", graph.Types());
        AssertRuns(model, graph);
    }

    [TestMethod]
    public void A_branch_that_gives_what_is_around_it_is_a_copy()
    {
        GraphProto pass = new OnnxModel().Output("n", "2", "2").Graph;
        TensorProto flag = new() { DataType = 9, RawData = Google.Protobuf.ByteString.CopyFrom(1) };
        OnnxModel model = Model().Input("t", "2", "2").Node("Constant c: -> flag", ("value", flag)).Node("Tanh a: t -> n")
            .Node("If i: flag -> y", ("then_branch", pass), ("else_branch", pass)).Node("Relu last: y -> z").Output("z", "2", "2");
        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.AreEqual("Tanh Identity Relu", graph.Types());
        // ONNX Runtime asks for an Identity in the branch.
        AssertRuns(Model().Input("t", "2", "2").Node("Tanh a: t -> n").Node("Relu last: n -> z").Output("z", "2", "2"), graph);
    }

    [TestMethod]
    public void Functions_that_only_branches_call_become_their_nodes()
    {
        // twice(x) = leak(x) + x, of which a branch of its own makes the sum.
        FunctionProto leak = Function("leak", ["x"], ["y"], n => n.Node("LeakyRelu l: x -> y"));
        GraphProto sum = new OnnxModel().Node("leak i: x -> t").Node("Add a: t x -> r").Output("r", "2", "2").Graph;
        sum.Node[0].Domain = "local";
        GraphProto none = new OnnxModel().Node("Neg n: x -> r").Output("r", "2", "2").Graph;
        FunctionProto twice = Function(
            "twice", ["x", "c"], ["y"], n => n.Node("If i: c -> y", ("then_branch", sum), ("else_branch", none)));
        GraphProto then = new OnnxModel().Node("twice f: n flag -> r").Output("r", "2", "2").Graph;
        GraphProto other = new OnnxModel().Node("leak f: n -> r").Output("r", "2", "2").Graph;
        then.Node[0].Domain = other.Node[0].Domain = "local";
        OnnxModel model = Model(leak, twice).Input("t", "2", "2").Initializer("zero", [], 0).Node("Neg a: t -> n")
            .Node("ReduceSum s: t -> total", ("keepdims", 0)).Node("Greater g: total zero -> flag")
            .Node("If i: flag -> y", ("then_branch", then), ("else_branch", other)).Output("y", "2", "2");

        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.AreEqual("Neg ReduceSum Greater If", graph.Types());
        AssertRuns(model, graph);
    }

    [TestMethod]
    public void A_constant_of_a_branch_says_nothing_of_names_elsewhere()
    {
        TensorProto yes = new() { DataType = 9, RawData = Google.Protobuf.ByteString.CopyFrom(1) };
        GraphProto negative = new OnnxModel().Node("Neg n: n -> r").Output("r", "2", "2").Graph;
        GraphProto positive = new OnnxModel().Node("Relu p: n -> r").Output("r", "2", "2").Graph;
        GraphProto constant = new OnnxModel().Node("Constant c: -> flag", ("value", yes))
            .Node("If i: flag -> s", ("then_branch", negative), ("else_branch", positive)).Output("s", "2", "2").Graph;
        GraphProto computed = new OnnxModel().Node("Less l: total zero -> flag")
            .Node("If i: flag -> s", ("then_branch", negative), ("else_branch", positive)).Output("s", "2", "2").Graph;
        OnnxModel model = Model().Input("t", "2", "2").Initializer("zero", [], 0).Node("Tanh a: t -> n")
            .Node("ReduceSum s: t -> total", ("keepdims", 0)).Node("Less g: total zero -> low").Node("Not n: low -> high")
            .Node("If i: low -> y", ("then_branch", constant), ("else_branch", computed))
            .Node("If j: high -> z", ("then_branch", constant), ("else_branch", computed)).Output("y", "2", "2").Output("z", "2", "2");

        Graph graph = OnnxReader.Read(model.Bytes());
        string[] types = [.. graph.AllNodes.Select(n => n.Type)];
        Assert.AreEqual(4, types.Count(t => t == "If"), "that of the constant is taken in both copies");
        AssertRuns(model, graph);
    }

    [TestMethod]
    public void Functions_that_have_no_end_or_are_of_another_opset_are_refused()
    {
        FunctionProto self = Function("self", ["x"], ["y"], n => n.Node("self s: x -> y"));
        self.Node[0].Domain = "local";
        OnnxModel model = Model(self).Input("t", "2", "2").Node("self f: t -> y").Output("y", "2", "2");
        model.Graph.Node[0].Domain = "local";
        StringAssert.Contains(Refused(model).Message, "nested too deeply");

        FunctionProto[] doubling = [.. Enumerable.Range(0, 40).Select(i =>
        {
            FunctionProto function = Function($"f{i}", ["x"], ["y"], n => n.Node($"f{i + 1} a: x -> t").Node($"f{i + 1} b: t -> y"));
            foreach (NodeProto call in function.Node) call.Domain = "local";
            return function;
        })];
        model = Model([.. doubling, Function("f40", ["x"], ["y"], n => n.Node("Relu r: x -> y"))]).Input("t", "2", "2").Node("f0 f: t -> y")
            .Output("y", "2", "2");
        model.Graph.Node[0].Domain = "local";
        StringAssert.Contains(Refused(model).Message, "more than");

        FunctionProto old = Function("old", ["x"], ["y"], n => n.Node("Softmax s: x -> y"));
        old.OpsetImport[0].Version = 11;
        model = Model(old).Input("t", "2", "2").Node("old f: t -> y").Output("y", "2", "2");
        model.Graph.Node[0].Domain = "local";
        StringAssert.Contains(Refused(model).Message, "another opset (old of 11, the model of 17) that use Softmax");

        FunctionProto open = Function("open", ["x"], ["y"], n => n.Node("Add s: x t -> y"));
        model = Model(open).Input("t", "2", "2").Node("open f: t -> y").Output("y", "2", "2");
        model.Graph.Node[0].Domain = "local";
        Assert.AreEqual("MOPT1009", Refused(model).Descriptor.Code);

        GraphProto inner = new OnnxModel().Node("Add s: x t -> r").Output("r", "2", "2").Graph;
        FunctionProto hidden = Function("hidden", ["x"], ["y"], n => n.Node(
            "If i: x -> y", ("then_branch", inner), ("else_branch", inner.Clone())));
        model = Model(hidden).Input("t", "2", "2").Node("hidden f: t -> y").Output("y", "2", "2");
        model.Graph.Node[0].Domain = "local";
        Assert.AreEqual("MOPT1009", Refused(model).Descriptor.Code, "a name that only the caller has");
    }

    private static OnnxModel Model(params FunctionProto[] functions)
    {
        OnnxModel model = new();
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        model.Proto.Functions.AddRange(functions);
        return model;
    }

    private static FunctionProto Function(string name, string[] inputs, string[] outputs, Action<OnnxModel> nodes)
    {
        OnnxModel body = new();
        nodes(body);
        return new FunctionProto
        {
            Name = name, Domain = "local", Input = { inputs }, Output = { outputs }, Node = { body.Graph.Node },
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 },
                new OperatorSetIdProto { Domain = "local", Version = 1 } },
        };
    }

    private static Diagnostic Refused(OnnxModel model) =>
        Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model.Bytes())).Diagnostic;

    private static void AssertRuns(OnnxModel model, Graph graph)
    {
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, "reading");
        Dictionary<string, Tensor> feeds = new() { ["t"] = X };
        GraphTesting.AssertClose(GraphTesting.RunPeer(model.Bytes(), feeds), graph.Interpret(feeds));
        GraphTesting.AssertClose(graph.Interpret(feeds), graph.RunPeer(feeds));
    }
}
