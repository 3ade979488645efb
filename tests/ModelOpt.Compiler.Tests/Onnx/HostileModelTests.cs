using Google.Protobuf;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Operators.Control;

namespace ModelOpt.Compiler.Tests.Onnx;

/// <summary>Whatever a file holds, the outcome is a graph or one diagnostic.</summary>
[TestClass]
internal sealed class HostileModelTests
{
    [TestMethod]
    public void Files_of_other_kinds_are_told_apart()
    {
        Assert.AreEqual("it is empty", Cause([]));
        Assert.AreEqual("it is text", Cause("import torch\n"u8.ToArray()));
        Assert.AreEqual("it is a ZIP archive", Cause([.. "PK"u8, 3, 4, 10, 0]));
        Assert.AreEqual("it is a TFLite model", Cause([0x1c, 0, 0, 0, .. "TFL3"u8, 0, 0]));
        Assert.AreEqual("it is compressed with gzip", Cause([0x1f, 0x8b, 8, 0]));
        Assert.AreEqual("it is a Git LFS pointer, whose file was not fetched",
            Cause("version https://git-lfs.github.com/spec/v1\n"u8.ToArray()));
        Assert.AreEqual("it is a NumPy array", Cause([0x93, .. "NUMPY"u8, 1, 0]));
        Assert.AreEqual("it is a model of PyTorch, which torch.onnx.export exports",
            Cause([.. "PK"u8, 3, 4, .. new byte[26], .. "archive/data.pkl"u8]));
        Assert.AreEqual("it is a pickle of Python, as PyTorch writes", Cause([0x80, 2, 0x8a, 10]));
        Assert.AreEqual("it is a safetensors file, which has weights alone", Cause([88, 0, 0, 0, 0, 0, 0, 0, .. "{\"a\""u8]));
        Assert.AreEqual("it is an image", Cause([0xff, 0xd8, 0xff, 0xe0]));
        Assert.AreEqual("it holds no graph", Cause([8, 8]));
        Assert.AreEqual("it is truncated or damaged", Cause([0x3a, 0xff, 0xff, 0xff, 0xff, 0x07]));

        static string Cause(byte[] bytes)
        {
            Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(bytes)).Diagnostic;
            Assert.AreEqual("MOPT1002", diagnostic.Descriptor.Code);
            return diagnostic.Message["the file is not an ONNX model: ".Length..^1];
        }
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    [DataRow(float.NegativeInfinity)]
    public void Attributes_that_are_not_finite_are_refused(float alpha)
    {
        OnnxModel model = new OnnxModel().Input("x", "2").Node("Elu a: x -> y").Output("y");
        model.Graph.Node[0].Attribute.Add(
            new AttributeProto { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, F = alpha });
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model.Bytes())).Diagnostic;
        Assert.AreEqual(("MOPT2002", "a"), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    [TestMethod]
    [DataRow(new long[] { 1L << 40 }, "dimension of size")]
    [DataRow(new long[] { -1 }, "dimension of size -1")]
    [DataRow(new long[] { 65536, 65536, 65536 }, "over 2 GiB")]
    [DataRow(new long[] { 1 << 20, 1 << 20, 1 << 20, 1 << 20, 0 }, "over 2 GiB")]
    [DataRow(new long[] { 300_000_000 }, "holds 8 bytes where its shape and type need 1200000000")]
    [DataRow(new long[] { }, "holds 8 bytes where its shape and type need 4")]
    public void Claimed_sizes_are_not_believed(long[] dims, string cause)
    {
        foreach (bool isRaw in new[] { true, false })
        {
            OnnxModel model = new OnnxModel().Input("x", "2").Node("Add a: x c -> y").Output("y");
            var tensor = new TensorProto { Name = "c", DataType = 1, Dims = { dims } };
            if (isRaw) tensor.RawData = ByteString.CopyFrom(new byte[8]);
            else tensor.FloatData.AddRange([1, 2]);
            model.Graph.Initializer.Add(tensor);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model.Bytes())).Diagnostic;
            Assert.IsTrue(GC.GetAllocatedBytesForCurrentThread() - before < 4_000_000);
            Assert.AreEqual(("MOPT1005", "c"), (diagnostic.Descriptor.Code, diagnostic.Layer));
            StringAssert.Contains(diagnostic.Message, cause);
        }
    }

    [TestMethod]
    public void A_shape_computed_from_constants_does_not_make_memory_grow()
    {
        OnnxModel model = new OnnxModel().Initializer("x", [1, 1, 1], 1).Node("Pad p: x pads -> y").Output("z");
        model.Graph.Initializer.Add(new TensorProto { Name = "pads", DataType = 7, Dims = { 6 },
            Int64Data = { 30000, 30000, 0, 30000, 30000, 2000 } });
        model.Node("Relu r: y -> z");
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => Simplify(model.Bytes())).Diagnostic;
        StringAssert.Contains(diagnostic.Message, "too large");
    }

    [TestMethod]
    public void Deep_nesting_and_huge_names_end_in_a_short_diagnostic()
    {
        GraphProto nested = new();
        for (int i = 0; i < 300; i++)
        {
            var node = new NodeProto { OpType = "If", Output = { "y" } };
            node.Attribute.Add(new AttributeProto { Name = "then_branch", G = nested });
            nested = new GraphProto { Node = { node } };
        }

        byte[] deep = new ModelProto { Graph = nested }.ToByteArray();
        Assert.AreEqual("MOPT1002", Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(deep)).Diagnostic.Descriptor.Code);

        string huge = string.Concat(Enumerable.Repeat("a\n", 1 << 20));
        OnnxModel model = new OnnxModel().Input("x", "2").Node("Relu r: x -> y").Output("y");
        model.Graph.Node[0].Input[0] = huge;
        model.Graph.Node[0].Name = huge;
        string text = Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model.Bytes())).Diagnostic.ToString();
        Assert.IsTrue(text.Length < 4000 && !text.Contains('\n', StringComparison.Ordinal));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_model_cut_off_anywhere_or_with_flipped_bytes_gives_a_graph_or_a_diagnostic(bool hasBodies)
    {
        byte[] model = hasBodies ? BodyModels.Sample() : Sample();
        Simplify(model);
        int refused = 0, read = 0;
        for (int length = 0; length < model.Length; length++) Try(model[..length]);
        var random = new Random(7);
        for (int round = 0; round < 4000; round++)
        {
            byte[] damaged = [.. model];
            for (int flips = random.Next(1, 4); flips > 0; flips--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Try(damaged);
        }

        Assert.IsGreaterThan(model.Length / 2, refused);
        Assert.IsGreaterThan(50, read);

        void Try(byte[] bytes)
        {
            try
            {
                Simplify(bytes);
                read++;
            }
            catch (CompilationException)
            {
                refused++;
            }
        }
    }

    private static void Simplify(byte[] bytes)
    {
        Graph graph = OnnxReader.Read(bytes);
        ShapeInference.Run(graph, useStated: true);
        PassPipeline.Simplify(graph, new PassContext(new CompileOptions(), new Recipe(), new DiagnosticList()));
        OnnxWriter.Write(graph);
        Lowering.Refusals(graph);
    }

    /// <summary>A small model with one of everything that a pass looks at.</summary>
    private static byte[] Sample()
    {
        OnnxModel model = new OnnxModel().Input("x", "N", "2", "5", "5")
            .Initializer("w", [2, 2, 3, 3], [.. Enumerable.Range(0, 36).Select(i => i / 36f)])
            .Initializer("s", [2], 1, 2).Initializer("b", [2], 0, 1).Initializer("m", [2], 0, 1).Initializer("v", [2], 1, 2)
            .Initializer("k", [2, 18], [.. Enumerable.Range(0, 36).Select(i => i / 36f)])
            .Initializer("q", [], 0.1f)
            .Node("Pad pad: x pads -> p").Node("Conv conv: p w -> c", ("strides", new[] { 2L, 2L }))
            .Node("BatchNormalization bn: c s b m v -> n", ("epsilon", 1e-5f)).Node("Clip clip: n low _ -> r")
            .Node("QuantizeLinear ql: r q -> rq").Node("DequantizeLinear dl: rq q -> rd")
            .Node("Constant six: -> six", ("value_float", 6f)).Node("Mul mul: rd six -> t")
            .Node("Shape shape: x -> xs").Node("Gather g: xs zero -> n0", ("axis", 0)).Node("Unsqueeze u: n0 axis0 -> n1")
            .Node("Concat cc: n1 minus -> target", ("axis", 0)).Node("Reshape rs: t target -> f")
            .Node("Gemm gemm: f k -> y", ("transB", 1)).Output("y", "N", "2");
        model.Initializer("low", [], 0);
        foreach ((string name, long[] dims, long[] data) in new (string, long[], long[])[]
        {
            ("pads", [8], [0, 0, 1, 1, 0, 0, 1, 1]), ("zero", [], [0]), ("axis0", [1], [0]), ("minus", [1], [-1]),
        })
        {
            model.Graph.Initializer.Add(new TensorProto { Name = name, DataType = 7, Dims = { dims }, Int64Data = { data } });
        }

        return model.Bytes();
    }
}
