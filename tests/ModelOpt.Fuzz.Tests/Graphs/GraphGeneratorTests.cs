using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Quantize;
using ModelOpt.Fuzz.Graphs;
using ModelOpt.Fuzz.Graphs.Checks;
using ModelOpt.Fuzz.Graphs.Generation;

namespace ModelOpt.Fuzz.Tests.Graphs;

[TestClass]
internal sealed class GraphGeneratorTests
{
    private const int Models = 600;

    private const string Rounds = "It rounds when the model runs, and the project does not: how far results are apart, no noise says.";
    private const string Known = "A constant: initializers are written instead.";
    private const string Composed = "Reading puts operators in its place that graphs have.";
    private const string NoKernel = "ONNX Runtime has no kernel for processors.";
    private const string Integers = "A layer of integers: models of the other generator have it as pairs around one of floats.";

    /// <summary>Operators that no random graph has, and why; each is drawn alone.</summary>
    private static readonly Dictionary<string, string> NotUsed = new(StringComparer.Ordinal)
    {
        ["Constant"] = "Initializers are written instead.",
        ["QuantizeLinear"] = "The other generator's.",
        ["DequantizeLinear"] = "The other generator's.",
        ["Upsample"] = "Opset 10 removed it.",
        ["Affine"] = "ONNX took it out of its first opsets.",
        ["Crop"] = "Likewise.",
        ["ImageScaler"] = "Likewise.",
        ["Scale"] = "Likewise.",
        ["ConstantFill"] = "Likewise.",
        ["DynamicSlice"] = "Likewise.",
        ["GivenTensorFill"] = "Likewise.",
        ["ParametricSoftplus"] = "Likewise.",
        ["ScaledTanh"] = "Likewise.",
        ["Scatter"] = "Opset 11 renamed it.",
        ["AffineGrid"] = "It came with opset 20.",
        ["Col2Im"] = Composed,
        ["CenterCropPad"] = Composed,
        ["Einsum"] = Composed,
        ["GlobalLpPool"] = "ONNX Runtime lacks that of opset 22, in which a model is written that has newer operators beside it.",
        ["GridSample"] = "Where it samples is chosen by values; it is drawn alone.",
        ["MaxUnpool"] = "Likewise.",
        ["RoiAlign"] = "Likewise.",
        ["DeformConv"] = "It came with opset 19.",
        ["CumProd"] = "It came with opset 26.",
        ["NegativeLogLikelihoodLoss"] = "A loss, which no model that is compiled ends in.",
        ["SoftmaxCrossEntropyLoss"] = "Likewise.",
        ["ReverseSequence"] = Composed,
        ["RMSNormalization"] = "It came with opset 23.",
        ["Swish"] = "It came with opset 24.",
        ["Compress"] = "Its size depends on values; the writer of graphs has to know sizes.",
        ["NonMaxSuppression"] = "Likewise.",
        ["NonZero"] = "Likewise.",
        ["Unique"] = "Likewise.",
        ["Attention"] = "It came with opset 23.",
        ["RotaryEmbedding"] = "Likewise.",
        ["DFT"] = Composed,
        ["STFT"] = Composed,
        ["BlackmanWindow"] = Known,
        ["HammingWindow"] = Known,
        ["HannWindow"] = Known,
        ["MelWeightMatrix"] = Known,
        ["CausalConvWithState"] = Composed,
        ["Det"] = Composed,
        ["LinearAttention"] = Composed,
        ["SimplifiedLayerNormalization"] = Composed,
        ["SwiGLU"] = Composed,
        ["TensorScatter"] = Composed,
        ["com.microsoft.Attention"] = Composed,
        ["com.microsoft.BiasAdd"] = Composed,
        ["com.microsoft.BiasSplitGelu"] = Composed,
        ["com.microsoft.CDist"] = Composed,
        ["com.microsoft.EmbedLayerNormalization"] = Composed,
        ["com.microsoft.ExpandDims"] = Composed,
        ["com.microsoft.GatherND"] = Composed,
        ["com.microsoft.GridSample"] = "Where it samples is chosen by values; it is drawn alone.",
        ["com.microsoft.MatMulBnb4"] = Composed,
        ["com.microsoft.GatherBlockQuantized"] = Composed,
        ["com.microsoft.Inverse"] = "Matrices that have an inverse are drawn alone.",
        ["com.microsoft.NhwcConv"] = NoKernel,
        ["com.microsoft.NhwcFusedConv"] = NoKernel,
        ["com.microsoft.NhwcMaxPool"] = Integers,
        ["com.microsoft.PackedAttention"] = NoKernel,
        ["com.microsoft.PackedMultiHeadAttention"] = NoKernel,
        ["com.microsoft.SkipGroupNorm"] = NoKernel,
        ["com.microsoft.Unique"] = "Its size depends on values; the writer of graphs has to know sizes.",
        ["com.microsoft.GroupNorm"] = Composed,
        ["com.microsoft.GroupQueryAttention"] = Composed,
        ["com.microsoft.MultiHeadAttention"] = Composed,
        ["com.microsoft.Pad"] = Composed,
        ["com.microsoft.Range"] = Composed,
        ["com.microsoft.RotaryEmbedding"] = Composed,
        ["com.microsoft.Trilu"] = Composed,
        ["com.microsoft.DequantizeLinear"] = "The other generator's, as ONNX's.",
        ["com.microsoft.QuantizeLinear"] = "Likewise.",
        ["DynamicQuantizeLinear"] = Rounds,
        ["com.microsoft.DynamicQuantizeLSTM"] = Rounds,
        ["com.microsoft.DynamicQuantizeMatMul"] = Rounds,
        ["ConvInteger"] = Integers,
        ["MatMulInteger"] = Integers,
        ["QLinearConv"] = Integers,
        ["QLinearMatMul"] = Integers,
        ["com.microsoft.MatMulIntegerToFloat"] = Integers,
        ["com.microsoft.QAttention"] = Integers,
        ["com.microsoft.QEmbedLayerNormalization"] = Integers,
        ["com.microsoft.QGemm"] = Integers,
        ["com.microsoft.QLinearAdd"] = Integers,
        ["com.microsoft.QLinearAveragePool"] = Integers,
        ["com.microsoft.QLinearConcat"] = Integers,
        ["com.microsoft.QLinearGlobalAveragePool"] = Integers,
        ["com.microsoft.QLinearLeakyRelu"] = Integers,
        ["com.microsoft.QLinearMul"] = Integers,
        ["com.microsoft.QLinearReduceMean"] = Integers,
        ["com.microsoft.QLinearSigmoid"] = Integers,
        ["com.microsoft.QLinearSoftmax"] = Integers,
    };

    [TestMethod]
    public void Models_are_valid_and_use_all_operators()
    {
        HashSet<string> used = [];
        for (int i = 0; i < Models; i++)
        {
            ModelProto model = GraphGenerator.Make(new Random(i), shrinks: i % 5 == 0).Model;
            using Reference reference = new(model);
            used.UnionWith(model.Graph.Node.Select(n => n.Domain.Length == 0 ? n.OpType : $"{n.Domain}.{n.OpType}"));
        }

        IEnumerable<string> drawn = Fuzz.Operators.OperatorGenerators.Drawn;
        Assert.AreEqual("", string.Join(", ", drawn.Except(used).Except(NotUsed.Keys)));
        Assert.AreEqual("", string.Join(", ", NotUsed.Keys.Except(drawn.Except(used))));
    }

    [TestMethod]
    public void Quantized_models_are_valid()
    {
        for (int i = 0; i < Models / 12; i++)
        {
            ModelProto model = QdqGenerator.Make(new Random(i));
            Subject subject = new(model);
            Assert.IsTrue(model.Graph.Node.Any(n => n.OpType == "DequantizeLinear"), $"{i}");
            Assert.AreEqual(Samples.Count, subject.Values.Length);
        }
    }

    [TestMethod]
    public void The_same_seed_makes_the_same_model() =>
        Assert.AreEqual(QdqGenerator.Make(new Random(7)), QdqGenerator.Make(new Random(7)));
}
