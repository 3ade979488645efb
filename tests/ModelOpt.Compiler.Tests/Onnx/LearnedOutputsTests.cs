using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Onnx.Rewrites;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class LearnedOutputsTests
{
    /// <summary>As skl2onnx writes a classifier: label, and a list of maps from label to probability.</summary>
    [TestMethod]
    public void Probabilities_in_a_list_of_maps_stay_a_tensor()
    {
        LearnedModel model = new("LinearClassifier", 2, 2,
            [("coefficients", new[] { 1, -2, 0.5f, 0.25f, 3, -1 }), ("intercepts", new[] { 0.5f, -1, 0 }),
                ("classlabels_ints", new[] { 3L, 4, 9 }), ("post_transform", "SOFTMAX")]);
        Tensor x = model.Rows(5);
        Tensor[] expected = Peers.OnnxRuntime.Run(model.Bytes, new Dictionary<string, Tensor> { ["x"] = x });
        GraphProto proto = model.Proto.Graph;
        var zip = new NodeProto
        {
            OpType = "ZipMap", Domain = "ai.onnx.ml", Input = { proto.Output[1].Name }, Output = { "probabilities" },
        };
        zip.Attribute.Add(new AttributeProto
        {
            Name = "classlabels_int64s", Ints = { 3, 4, 9 }, Type = AttributeProto.Types.AttributeType.Ints,
        });
        proto.Node.Add(zip);
        proto.Output[1] = new ValueInfoProto
        {
            Name = "probabilities", Type = new TypeProto { SequenceType = new TypeProto.Types.Other() },
        };
        Graph graph = OnnxReader.Read(model.Bytes);
        Diagnostic remark = graph.Remarks.Single();
        Assert.AreEqual("MOPT1014", remark.Descriptor.Code);
        StringAssert.Contains(remark.Message, "'probabilities' is a tensor [N, classes]");
        StringAssert.Contains(remark.Message, "the classes 3, 4, 9");
        ShapeInference.Run(graph);
        GraphTesting.AssertClose(expected, new Interpreter(graph).Run(x));
    }
}
