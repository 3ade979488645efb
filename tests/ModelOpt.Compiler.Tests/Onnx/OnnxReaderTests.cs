using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Activations;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class OnnxReaderTests
{
    private static OnnxModel Relu => new OnnxModel().Input("x", "N", "4").Node("Relu r: x -> y").Output("y", "N", "4");

    [TestMethod]
    public void Inputs_outputs_and_names_are_the_files()
    {
        Graph graph = OnnxReader.Read(Relu.Bytes());
        Assert.AreEqual("x: Float32[N, 4]", graph.Inputs.Single().ToString());
        Assert.AreEqual("y: Float32[N, 4]", graph.Outputs.Single().ToString());
        Assert.AreEqual("r", graph.Nodes.Single().Name);
    }

    [TestMethod]
    [DataRow(1, new float[] { 1.5f, -2 }, "0000C03F000000C0")]
    [DataRow(3, new float[] { 5, -2 }, "05FE")]
    [DataRow(2, new float[] { 5, 254 }, "05FE")]
    [DataRow(9, new float[] { 0, 7 }, "0001")]
    [DataRow(5, new float[] { 5, -2 }, "0500FEFF")]
    [DataRow(4, new float[] { 5, 65534 }, "0500FEFF")]
    [DataRow(10, new float[] { 0x3C00, 0xC000 }, "003C00C0")]
    [DataRow(6, new float[] { 5, -2 }, "05000000FEFFFFFF")]
    [DataRow(7, new float[] { 5, -2 }, "0500000000000000FEFFFFFFFFFFFFFF")]
    [DataRow(12, new float[] { 5, 258 }, "0500000002010000")]
    [DataRow(13, new float[] { 5, 258 }, "05000000000000000201000000000000")]
    [DataRow(11, new float[] { 1, -2 }, "000000000000F03F00000000000000C0")]
    public void Typed_and_raw_data_are_the_same(int type, float[] data, string bytes)
    {
        var typed = new TensorProto { Name = "c", DataType = type, Dims = { 2 } };
        switch (type)
        {
            case 1: typed.FloatData.AddRange(data); break;
            case 7: typed.Int64Data.AddRange(data.Select(v => (long)v)); break;
            case 11: typed.DoubleData.AddRange(data.Select(v => (double)v)); break;
            case 12 or 13: typed.Uint64Data.AddRange(data.Select(v => (ulong)v)); break;
            default: typed.Int32Data.AddRange(data.Select(v => (int)v)); break;
        }

        var raw = new TensorProto
        {
            Name = "c", DataType = type, Dims = { 2 }, RawData = ByteString.CopyFrom(Convert.FromHexString(bytes)),
        };
        foreach (TensorProto tensor in new[] { typed, raw })
        {
            OnnxModel model = new OnnxModel().Node("Identity i: c -> y");
            model.Graph.Initializer.Add(tensor);
            model.Graph.Output.Add(Peers.TinyModel.Tensor("y", type, "2"));
            Tensor read = OnnxReader.Read(model.Bytes()).Nodes[0].Input(0).Constant!;
            Assert.AreEqual((ElementType)type, read.Type);
            Assert.AreEqual(bytes, Convert.ToHexString(read.Bytes.Span));
        }
    }

    [TestMethod]
    public void Raw_bytes_that_are_not_zero_are_true()
    {
        OnnxModel model = new OnnxModel().Node("Identity i: c -> y");
        model.Graph.Initializer.Add(new TensorProto { Name = "c", DataType = 9, Dims = { 3 }, RawData = ByteString.CopyFrom(0, 32, 255) });
        model.Graph.Output.Add(Peers.TinyModel.Tensor("y", 9, "3"));
        Assert.AreEqual("000101", Convert.ToHexString(OnnxReader.Read(model.Bytes()).Nodes[0].Input(0).Constant!.Bytes.Span));
    }

    [TestMethod]
    public void Constant_nodes_of_every_form_become_constants()
    {
        OnnxModel model = new OnnxModel()
            .Node("Constant c1: -> a", ("value_float", 2f))
            .Node("Constant c2: -> b", ("value_floats", new[] { 1f, 2f }))
            .Node("Constant c3: -> s", ("value_ints", new[] { 2L, 1L }))
            .Node("Constant c4: -> t", ("value", new TensorProto { DataType = 1, Dims = { 2 }, FloatData = { 3, 4 } }))
            .Node("Mul m: a b -> p").Node("Add n: p t -> q").Node("Reshape r: q s -> y").Output("y", "2", "1");
        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.AreEqual("Mul Add Reshape", graph.Types());
        CollectionAssert.AreEqual(new[] { 5f, 8f }, graph.Interpret(new Dictionary<string, Tensor>())[0].Span<float>().ToArray());
    }

    [TestMethod]
    public void An_initializer_that_is_also_an_input_is_a_constant()
    {
        Graph graph = OnnxReader.Read(new OnnxModel().Input("x", "2").Input("c", "2").Initializer("c", [2], 1, 2)
            .Node("Add a: x c -> y").Output("y", "2").Bytes());
        Assert.AreEqual("x", graph.Inputs.Single().Name);
        Assert.IsTrue(graph.Nodes[0].Input(1).IsConstant);
    }

    [TestMethod]
    public void Nodes_are_sorted()
    {
        Graph graph = OnnxReader.Read(new OnnxModel().Input("x", "2")
            .Node("Relu c: b -> y").Node("Sigmoid b: a -> b").Node("Tanh a: x -> a").Output("y", "2").Bytes());
        Assert.AreEqual("Tanh Sigmoid Relu", graph.Types());
    }

    [TestMethod]
    public void A_constant_output_gets_a_producer_and_keeps_its_name()
    {
        Graph graph = OnnxReader.Read(new OnnxModel().Input("x", "2").Initializer("c", [2], 1, 2)
            .Node("Add a: x c -> y").Output("y", "2").Output("c", "2").Bytes());
        ShapeInference.Run(graph, useStated: true);
        GraphVerifier.Verify(graph, "reading");
        Assert.AreEqual("c", graph.Outputs[1].Name);
        Assert.AreEqual("Identity", graph.Outputs[1].Producer!.Type);
    }

    [TestMethod]
    public void Pairs_of_QuantizeLinear_and_DequantizeLinear_become_annotations()
    {
        OnnxModel model = new OnnxModel().Input("x", "N", "2").Initializer("s", [], 0.5f).Initializer("sw", [2], 0.25f, 0.5f)
            .Node("QuantizeLinear q: x s z -> xq").Node("DequantizeLinear d: xq s z -> xd")
            .Node("DequantizeLinear dw: wq sw _ -> w", ("axis", 0))
            .Node("Gemm g: xd w -> y", ("transB", 1)).Node("QuantizeLinear q2: y s z -> yq")
            .Node("DequantizeLinear d2: yq s z -> out").Output("out", "N", "2");
        model.Graph.Initializer.Add(new TensorProto { Name = "z", DataType = 3, Int32Data = { 3 } });
        model.Graph.Initializer.Add(new TensorProto { Name = "wq", DataType = 3, Dims = { 2, 2 }, Int32Data = { 4, 8, -2, 6 } });
        Graph graph = OnnxReader.Read(model.Bytes());
        ShapeInference.Run(graph, useStated: true);
        GraphVerifier.Verify(graph, "reading");

        Assert.AreEqual("Gemm", graph.Types());
        Node gemm = graph.Nodes[0];
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 0.5f, 3), gemm.Input(0).Quantization);
        Assert.AreEqual(new Quantization(ElementType.Int8, [0.25f, 0.5f], [0, 0], 0), gemm.Input(1).Quantization);
        CollectionAssert.AreEqual(new[] { 1f, 2, -1, 3 }, gemm.Input(1).Constant!.Span<float>().ToArray());
        Assert.AreEqual("out", graph.Outputs[0].Name);
        Assert.AreEqual(0.5f, graph.Outputs[0].Quantization!.Scale);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(GraphTesting.RunPeer(model.Bytes(), feeds), graph.Interpret(feeds, fakeQuantize: true));
    }

    [TestMethod]
    public void A_value_that_is_also_read_unrounded_is_not_annotated()
    {
        Graph graph = OnnxReader.Read(new OnnxModel().Input("x", "2").Initializer("s", [], 0.5f)
            .Node("Relu r: x -> a").Node("QuantizeLinear q: a s -> aq").Node("DequantizeLinear d: aq s -> b")
            .Node("Add p: a b -> y").Output("y", "2").Bytes());
        Assert.AreEqual("Relu Identity Add", graph.Types());
        Assert.IsNull(graph.Nodes[0].Output.Quantization);
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 0.5f, -128), graph.Nodes[1].Output.Quantization);
    }

    [TestMethod]
    public void Nodes_that_nobody_reads_are_not_refused()
    {
        Graph graph = OnnxReader.Read(new OnnxModel().Input("x", "2").Node("SequenceEmpty n: x -> a").Node("Foo f: a x -> b")
            .Node("Relu r: x -> y").Output("y", "2").Bytes());
        Assert.AreEqual("Relu", graph.Types());
    }

    [TestMethod]
    [DataRow("MaxPool n: x -> y unread")]
    [DataRow("Dropout n: x -> y unread")]
    [DataRow("LayerNormalization n: x scale -> y unread unread2")]
    [DataRow("BatchNormalization n: x c c c c -> y unread unread2 unread3 unread4")]
    public void Outputs_that_nobody_reads_are_ignored(string node)
    {
        Graph graph = OnnxReader.Read(Model(node));
        ShapeInference.Run(graph, useStated: true);
        Assert.HasCount(1, graph.Nodes[0].Outputs);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(GraphTesting.RunPeer(Model(node[..(node.IndexOf('>', StringComparison.Ordinal) + 3)]), feeds),
            graph.Interpret(feeds));

        static byte[] Model(string node) => new OnnxModel().Opset(node[0] == 'B' ? 8 : 17)
            .Input("x", "1", "3", "4", "4").Initializer("scale", [4], 1, 2, 3, 4).Initializer("c", [3], 1, 2, 3)
            .Node(node, node[0] == 'M' ? [("kernel_shape", new[] { 1L, 1L })] : []).Output("y", "1", "3", "4", "4").Bytes();
    }

    [TestMethod]
    public void All_unsupported_operators_are_named_at_once()
    {
        OnnxModel model = new OnnxModel().Input("x", "2").Node("SequenceInsert first: x -> a").Node("Foo f: a -> b")
            .Node("SequenceMap i: b -> y", ("body", new GraphProto())).Output("y");
        model.Graph.Node[1].Domain = "com.example";
        Diagnostic diagnostic = Refused(model);
        Assert.AreEqual("MOPT2001", diagnostic.Descriptor.Code);
        StringAssert.Contains(diagnostic.Message, "SequenceInsert (node 'first'), SequenceMap (node 'i'), com.example.Foo (node 'f')");
    }

    [TestMethod]
    public void What_ONNX_has_and_the_compiler_lacks_is_refused_by_name()
    {
        Assert.AreEqual("MOPT1003", Refused(Relu.Opset(0)).Descriptor.Code);
        StringAssert.Contains(Refused(Relu.Opset(29)).Message, "opset 29; opsets 1 to 28");

        OnnxModel sequence = Relu;
        sequence.Graph.Input[0].Type = new TypeProto { SequenceType = new TypeProto.Types.Other() };
        StringAssert.Contains(Refused(sequence).Message, "sequence");
        OnnxModel text = Relu;
        text.Graph.Input[0].Type.TensorType.ElemType = 8;
        StringAssert.Contains(Refused(text).Message, "strings");
        OnnxModel sparse = Relu;
        sparse.Graph.SparseInitializer.Add(new SparseTensorProto());
        StringAssert.Contains(Refused(sparse).Message, "sparse");
        StringAssert.Contains(
            Refused(new OnnxModel().Input("x", "2").Node("Relu r: x -> y", ("body", new GraphProto())).Output("y")).Message, "subgraphs");
        foreach (OnnxModel model in new[] { sequence, text, sparse }) Assert.AreEqual("MOPT1004", Refused(model).Descriptor.Code);
    }

    [TestMethod]
    public void Graphs_that_are_not_graphs_are_refused()
    {
        Diagnostic cycle = Refused(new OnnxModel().Input("x", "2").Node("Relu head: x -> a")
            .Node("Add p: a c -> b").Node("Relu r: b -> c").Output("c"));
        Assert.AreEqual("MOPT1008", cycle.Descriptor.Code);
        Assert.IsTrue(cycle.Layer is "p" or "r");

        Diagnostic missing = Refused(new OnnxModel().Input("x", "2").Node("Add p: x ghost -> y").Output("y"));
        Assert.AreEqual(("MOPT1009", "p"), (missing.Descriptor.Code, missing.Layer));
        StringAssert.Contains(missing.Message, "'ghost'");
        Assert.AreEqual("MOPT1009", Refused(new OnnxModel().Input("x", "2").Output("ghost")).Descriptor.Code);
        Assert.AreEqual("MOPT1010", Refused(new OnnxModel().Input("x", "2")
            .Node("Relu a: x -> y").Node("Relu b: x -> y").Output("y")).Descriptor.Code);
        Assert.AreEqual("MOPT1010", Refused(Relu.Initializer("y", [1], 1)).Descriptor.Code);
        Assert.AreEqual("MOPT1011", Refused(new OnnxModel().Input("x", "2").Node("Relu a: x -> y")).Descriptor.Code);
        OnnxModel untyped = Relu;
        untyped.Graph.Input[0].Type = null;
        Assert.AreEqual("MOPT1011", Refused(untyped).Descriptor.Code);
    }

    [TestMethod]
    public void A_diagnostic_names_the_file()
    {
        using var folder = new TempFolder();
        string file = folder.Write("m.onnx", Relu.Opset(29).Bytes());
        Assert.AreEqual(file, Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(file)).Diagnostic.File);
        CompilationException absent = Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(folder["none.onnx"]));
        Assert.AreEqual("MOPT1001", absent.Diagnostic.Descriptor.Code);
    }

    private static Diagnostic Refused(OnnxModel model) =>
        Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model.Bytes())).Diagnostic;
}
