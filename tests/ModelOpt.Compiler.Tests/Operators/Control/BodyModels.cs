using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Operators.Control;

/// <summary>Models whose nodes have bodies.</summary>
internal static class BodyModels
{
    public const int Long = 7;
    public const int Bool = 9;

    public static readonly Tensor X = Tensor.Of<float>([2, 2], [-3, -1, 1, 4]);

    public static Tensor Flag(bool value) => new(ElementType.Bool, [], new byte[] { (byte)(value ? 1 : 0) });

    /// <summary>A body of an If that has one output.</summary>
    public static GraphProto Branch(string output, params string[] nodes)
    {
        OnnxModel model = new();
        foreach (string node in nodes) model.Node(node);
        model.Graph.Output.Add(new ValueInfoProto { Name = output });
        return model.Graph;
    }

    /// <summary>A small model with each operator that has bodies, one of them inside another.</summary>
    public static byte[] Sample()
    {
        OnnxModel loop = new OnnxModel().Input("iter", Long).Input("cond_in", Bool).Input("v").Node("Identity i: cond_in -> cond")
            .Node("Add a: v t -> w").Node("Neg b: w -> stacked").Gives("cond", "w", "stacked");
        loop.Graph.Input[2].Type = null;
        OnnxModel scan = new OnnxModel().Input("state").Input("slice").Node("Add a: state slice -> next").Node("Tanh t: next -> result")
            .Gives("next", "result");
        foreach (ValueInfoProto input in scan.Graph.Input) input.Type = null;
        GraphProto inner = new OnnxModel().Node("Scan c: t t -> s p", ("body", scan.Graph), ("num_scan_inputs", 1)).Gives("p").Graph;
        inner.Node[0].Input[0] = "row";
        return new OnnxModel().Input("t", "2", "2").Input("flag", Bool).Input("n", Long).Longs("three", [], 3)
            .Initializer("row", [2], 1, 2).Initializer("two", [], 2)
            .Node("If i: flag -> y", ("then_branch", inner), ("else_branch", Branch("q", "Mul m: t two -> q")))
            .Node("Loop l: three _ y -> z all", ("body", loop.Graph)).Node("Loop k: n flag z -> o _", ("body", loop.Graph.Clone()))
            .Gives("o", "all").Bytes();
    }

    /// <summary>A value without type and shape.</summary>
    public static OnnxModel Gives(this OnnxModel model, params string[] outputs)
    {
        foreach (string output in outputs) model.Graph.Output.Add(new ValueInfoProto { Name = output });
        return model;
    }

    /// <summary>A constant of 64-bit integers.</summary>
    public static OnnxModel Longs(this OnnxModel model, string name, long[] dims, params long[] data)
    {
        model.Graph.Initializer.Add(new TensorProto { Name = name, DataType = Long, Dims = { dims }, Int64Data = { data } });
        return model;
    }

    /// <summary>The graph of a model, shapes inferred and verified.</summary>
    public static Graph Read(this OnnxModel model)
    {
        Graph graph = OnnxReader.Read(model.Bytes());
        ShapeInference.Run(graph, useStated: true);
        GraphVerifier.Verify(graph, "reading");
        return graph;
    }

    /// <summary>Fails the test unless the file that is written gives what ONNX Runtime gives, in the runtime and in LiteRT.</summary>
    /// <returns>The operators of the file's first subgraph.</returns>
    public static string AssertLowers(this OnnxModel model, params (string Name, Tensor Tensor)[] feeds)
    {
        Graph graph = model.Read();
        PassPipeline.Simplify(graph, Tests.Simplify.PassTesting.Context);
        Assert.AreEqual("", string.Join('\n', Lowering.Refusals(graph).Select(r => r.Message)));
        byte[] tflite = Lowering.Write(graph);
        Dictionary<string, Tensor> fed = feeds.ToDictionary(f => f.Name, f => f.Tensor);
        Tensor[] expected = OnnxRuntime.Run(model.Bytes(), fed), inputs = [.. graph.Inputs.Select(v => fed[v.Name])];
        GraphTesting.AssertClose(expected, TfliteRunner.Run(tflite, inputs));
        GraphTesting.AssertClose(expected, TfliteRunner.RunLiteRt(tflite, inputs));
        return string.Join(' ', LoweringTesting.Operators(tflite));
    }

    /// <summary>The reasons why a model is not written, one a line.</summary>
    public static string WhyNotLowered(this OnnxModel model)
    {
        Graph graph = model.Read();
        PassPipeline.Simplify(graph, Tests.Simplify.PassTesting.Context);
        return string.Join('\n', Lowering.Refusals(graph).Select(r => r.Message).Distinct());
    }

    /// <summary>
    /// Fails the test unless the interpreter gives what ONNX Runtime gives, and ONNX Runtime the same for the graph as it is written.
    /// </summary>
    public static Tensor[] AssertAgrees(this OnnxModel model, params (string Name, Tensor Tensor)[] feeds)
    {
        Graph graph = model.Read();
        Dictionary<string, Tensor> fed = feeds.ToDictionary(f => f.Name, f => f.Tensor);
        Tensor[] expected = OnnxRuntime.Run(model.Bytes(), fed), actual = graph.Interpret(fed);
        GraphTesting.AssertClose(expected, actual);
        GraphTesting.AssertClose(expected, graph.RunPeer(fed));
        GraphTesting.AssertClose(expected, graph.Clone().Interpret(fed));
        for (int i = 0; i < expected.Length; i++)
        {
            Shape inferred = graph.Outputs[i].Shape!;
            Assert.IsTrue(inferred.Rank == expected[i].Rank && inferred.Zip(expected[i].Shape)
                .All(p => !p.First.IsKnown || p.First == p.Second),
                $"output {i} is inferred as {inferred}, and is {expected[i].Shape}");
        }

        return expected;
    }
}
