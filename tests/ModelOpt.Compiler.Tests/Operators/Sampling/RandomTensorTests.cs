using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class RandomTensorTests
{
    [TestMethod]
    public void A_seed_decides_what_is_drawn_and_each_node_without_one_has_its_own()
    {
        float[] first = Draw(4), again = Draw(4), other = Draw(5);
        CollectionAssert.AreEqual(first, again);
        Assert.IsGreaterThan(90, first.Zip(other).Count(p => p.First != p.Second));
        var graph = new TestGraph();
        Node a = graph.Node("RandomNormal", [], 1, ("shape", new[] { 4 })), b = graph.Node("RandomNormal", [], 1, ("shape", new[] { 4 }));
        foreach (Node node in (Node[])[a, b]) Operator.Of(node).Normalize(graph.Graph, node);
        Assert.AreNotEqual(a.Float("seed", 0), b.Float("seed", 0));

        static float[] Draw(float seed) =>
            Node("RandomUniform", [], 1, ("shape", new[] { 100L }), ("seed", seed)).Run()[0].Span<float>().ToArray();
    }

    [TestMethod]
    public void Each_run_draws_other_numbers_and_each_load_the_same()
    {
        Graph graph = OnnxReader.Read(Node("RandomUniformLike", [Tensor.Zeros(ElementType.Float32, [100])]).Model(fed: 1));
        ShapeInference.Run(graph);
        byte[] file = Lowering.Write(graph);
        float[][] drawn = [.. Enumerable.Range(0, 2).SelectMany(_ => TwoRuns())];
        CollectionAssert.AreEqual(drawn[0], drawn[2]);
        CollectionAssert.AreEqual(drawn[1], drawn[3]);
        Assert.IsGreaterThan(90, drawn[0].Zip(drawn[1]).Count(p => p.First != p.Second));

        float[][] TwoRuns()
        {
            float[][] results = new float[2][];
            using TfliteModel model = TfliteModel.Load(file);
            using ModelCall call = model.Begin();
            for (int i = 0; i < 2; i++)
            {
                results[i] = new float[100];
                call.SetInput<float>(0, new float[100]);
                call.Run();
                call.GetOutput<float>(0, results[i]);
            }

            return results;
        }
    }

    [TestMethod]
    public void Noise_is_added_in_a_compiled_model_and_not_folded_away()
    {
        var model = new Onnx.Rewrites.RewriteModel();
        string x = model.Input(ElementType.Float32, 1, 64);
        string y = model.Node("Add", [x, model.Node("RandomNormal", [], ("shape", new[] { 1L, 64L }), ("scale", 2f))]);
        byte[] bytes = model.Output(model.Node("Relu", [y])).Bytes();
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("model.onnx", bytes), new CompileOptions { Quantization = QuantizationMode.None }, diagnostics);
        Assert.AreEqual("", string.Join("\n", diagnostics.Diagnostics));
        float[] drawn = TfliteRunner.Run(compiled.Tflite, Tensor.Zeros(ElementType.Float32, [1, 64]))[0].Span<float>().ToArray();
        Assert.IsGreaterThan(20, drawn.Distinct().Count());
    }

    [TestMethod]
    public void Types_and_shapes_that_do_not_exist_are_refused()
    {
        Assert.AreEqual("MOPT2002", Node("RandomNormal", [], 1, ("shape", new[] { -1L })).InferError());
        Assert.AreEqual("MOPT2002", Node("RandomNormal", []).InferError());
        Assert.AreEqual("MOPT2002", Node("RandomUniform", [], 1, ("shape", new[] { 2L }), ("dtype", 7L)).InferError());
        Assert.AreEqual("MOPT2002", Node("RandomUniformLike", [Tensor.Vector(1, 2)]).InferError());
        Value y = Node("RandomUniformLike", [Floats(N, 3)], 1, ("dtype", 11L)).Infer();
        Assert.AreEqual((ElementType.Float64, new Shape(N, 3)), (y.Type, y.Shape));
    }
}
