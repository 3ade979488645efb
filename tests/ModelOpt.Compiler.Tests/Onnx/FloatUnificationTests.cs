using System.Runtime.InteropServices;
using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class FloatUnificationTests
{
    [TestMethod]
    [DataRow(ElementType.Float16)]
    [DataRow(ElementType.Float64)]
    [DataRow(ElementType.BFloat16)]
    public void A_model_of_another_float_becomes_its_float32_twin(ElementType type)
    {
        Graph graph = Read(Model(type)), twin = Read(Model(ElementType.Float32));
        Assert.IsFalse(graph.Values.Any(v => v.Type.IsFloat() && v.Type != ElementType.Float32));
        bool isDeclared = type != ElementType.BFloat16;
        Assert.AreEqual(isDeclared ? type : null, graph.DeclaredType(graph.Inputs[0]));
        Assert.AreEqual(isDeclared ? type : null, graph.DeclaredType(graph.Outputs[0]));
        Assert.IsNull(twin.DeclaredType(twin.Inputs[0]));
        graph.Declare("x", null);
        graph.Declare("y", null);
        CollectionAssert.AreEqual(OnnxWriter.Write(twin), OnnxWriter.Write(graph));
        CollectionAssert.AreEqual(Lowering.Write(twin), Lowering.Write(graph));
    }

    [TestMethod]
    public void The_caller_feeds_and_gets_what_the_file_says_in_every_form()
    {
        Graph graph = Read(Model(ElementType.Float16));
        Half[] x = [(Half)0.5f, (Half)(-1), (Half)2, (Half)0.25f], y = new Half[2];
        Tensor input = Tensor.Of<Half>([1, 4], x);
        Half[] expected = Casting.To(graph.Interpret(new Dictionary<string, Tensor> { ["x"] = Casting.To(input, ElementType.Float32) })[0],
            ElementType.Float16).Span<Half>().ToArray();
        byte[] tflite = Lowering.Write(graph);
        using TfliteModel model = TfliteModel.Load(tflite);
        model.Run<Half, Half>(x, y);
        CollectionAssert.AreEqual(expected, y);
        CollectionAssert.AreEqual(expected, GraphTesting.RunPeer(
            OnnxWriter.Write(graph), new Dictionary<string, Tensor> { ["x"] = input })[0].Span<Half>().ToArray());
        Peers.LiteRtTensor peer = Peers.LiteRt.Run(tflite, input.Bytes.ToArray())[0];
        CollectionAssert.AreEqual(expected, MemoryMarshal.Cast<byte, Half>(peer.Data).ToArray());
    }

    [TestMethod]
    public void A_quantized_output_is_given_as_the_file_says()
    {
        Graph graph = Read(Model(ElementType.Float64));
        foreach (Value value in (Value[])[graph.Inputs[0], graph.Outputs[0]])
            value.Quantization = Quantization.PerTensor(ElementType.Int8, 1f / 32, 0);
        double[] x = [0.5, -1, 2, 0.25], y = new double[2];
        using TfliteModel model = TfliteModel.Load(Lowering.Write(graph));
        model.Run<double, double>(x, y);
        Tensor peer = GraphTesting.RunPeer(
            OnnxWriter.Write(graph), new Dictionary<string, Tensor> { ["x"] = Tensor.Of<double>([1, 4], x) })[0];
        CollectionAssert.AreEqual(peer.Span<double>().ToArray(), y);
    }

    [TestMethod]
    public void Large_doubles_stay_numbers_and_infinities_infinite()
    {
        OnnxModel model = new OnnxModel().Input("x", 11, "3").Node("Add a: x c -> y");
        model.Graph.Initializer.Add(new TensorProto { Name = "c", DataType = 11, Dims = { 3 },
            DoubleData = { -1e300, 1e300, double.NegativeInfinity } });
        model.Graph.Output.Add(Peers.TinyModel.Tensor("y", 11, "3"));
        CollectionAssert.AreEqual(
            new[] { float.MinValue, float.MaxValue, float.NegativeInfinity },
            Read(model.Bytes()).Nodes[0].Input(1).Constant!.Span<float>().ToArray());
    }

    private static Graph Read(byte[] model)
    {
        Graph graph = OnnxReader.Read(model, asFloat32: true);
        ShapeInference.Run(graph, useStated: true);
        return graph;
    }

    /// <summary>A layer, with a Cast, a constant of an attribute and a stated type in between.</summary>
    private static byte[] Model(ElementType type)
    {
        var rows = new TensorProto { Name = "rows", DataType = 7, Dims = { 1 }, Int64Data = { 2 } };
        OnnxModel model = new OnnxModel().Input("x", (int)type, "N", "4")
            .Node("MatMul m: x w -> p").Node("Cast c: p -> q", ("to", (int)type))
            .Node("ConstantOfShape s: rows -> r", ("value", Proto("", type, [0.5f], [1]))).Node("Add a: q r -> y");
        model.Graph.Initializer.Add(rows);
        model.Graph.Initializer.Add(Proto("w", type, [1, -2, 0.5f, 0.25f, 2, 1, -1, 0.125f], [4, 2]));
        model.Graph.ValueInfo.Add(Peers.TinyModel.Tensor("p", (int)type, "N", "2"));
        model.Graph.Output.Add(Peers.TinyModel.Tensor("y", (int)type, "N", "2"));
        return model.Bytes();
    }

    private static TensorProto Proto(string name, ElementType type, float[] values, long[] dims) => new()
    {
        Name = name, DataType = (int)type, Dims = { dims },
        RawData = ByteString.CopyFrom(Casting.To(Tensor.Vector<float>(values), type).Bytes.Span),
    };
}
