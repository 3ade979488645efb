using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Onnx.Rewrites.Fused;
using ModelOpt.Compiler.Onnx.Rewrites.Learned;
using ModelOpt.Compiler.Onnx.Rewrites.Quantized;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx;

/// <summary>All operators that are rewritten when a model is read.</summary>
internal static class NodeRewrites
{
    private static readonly Dictionary<(string Domain, string Type), NodeRewrite> All = new NodeRewrite[]
    {
        new QLinearConv(),
        new QLinearMatMul(),
        new QLinearFunction("QLinearAdd", "Add", 2),
        new QLinearFunction("QLinearMul", "Mul", 2),
        new QLinearFunction("QLinearSigmoid", "Sigmoid", 1),
        new QLinearFunction("QLinearLeakyRelu", "LeakyRelu", 1),
        new QLinearPool("QLinearAveragePool", "AveragePool"),
        new QLinearPool("QLinearGlobalAveragePool", "GlobalAveragePool"),
        new QLinearSoftmax(),
        new QLinearConcat(),
        new QGemm(),
        new QLinearWhere(),
        new QLinearReduceMean(),
        new QAttention(),
        new QEmbedLayerNormalization(),
        new DynamicQuantizeLstm(),
        new IntegerProduct("MatMulInteger", "MatMul"),
        new IntegerProduct("ConvInteger", "Conv"),
        new DynamicQuantizeLinear(),
        new DynamicQuantizeMatMul(),
        new MatMulIntegerToFloat(),
        new FusedConv(),
        new FusedGemm(),
        new FusedMatMul("FusedMatMul"),
        new FusedMatMul("TransposeMatMul"),
        new MatMulNBits(),
        new MatMulBnb4(),
        new GatherBlockQuantized(),
        new GeluRewrite("Gelu", 1, 1, "none"),
        new GeluRewrite("BiasGelu", 2, 2, "none"),
        new GeluRewrite("FastGelu", 1, 2, "tanh"),
        new QuickGelu(),
        new GridSampleRewrite(),
        new SkipNormalization("SkipLayerNormalization", "LayerNormalization", hasOffset: true),
        new SkipNormalization("SkipSimplifiedLayerNormalization", "RMSNormalization", hasOffset: false),
        new MaxUnpool(),
        new Einsum(),
        new CenterCropPad(),
        new Col2Im(),
        new Affine(),
        new Scale(),
        new ImageScaler(),
        new Crop(),
        new ScaledFunction("ParametricSoftplus", "Softplus"),
        new ScaledFunction("ScaledTanh", "Tanh"),
        new DynamicSlice(),
        new ConstantFill(),
        new GivenTensorFill(),
        new ScatterRewrite(),
        new DeformConv(),
        new NegativeLogLikelihood("NegativeLogLikelihoodLoss", takesScores: false),
        new NegativeLogLikelihood("SoftmaxCrossEntropyLoss", takesScores: true),
        new ReverseSequence(),
        new CumProd(),
        new SwiGlu(),
        new CausalConvWithState(),
        new LinearAttention(),
        new TensorScatter(),
        new Determinant(),
        new OnnxTwin("SimplifiedLayerNormalization", new Arity(2, 2, 2), "RMSNormalization", domain: ""),
        new OnnxTwin("QuantizeLinear", new Arity(2, 3)),
        new OnnxTwin("DequantizeLinear", new Arity(2, 3)),
        new OnnxTwin("Trilu", new Arity(1, 2)),
        new OnnxTwin("Range", new Arity(3, 3)),
        new OnnxTwin("Pad", new Arity(2, 3)),
        new ExpandDims(),
        new Distances(),
        new ChannelsLastGroupNorm("GroupNorm", hasSkip: false),
        new ChannelsLastGroupNorm("SkipGroupNorm", hasSkip: true),
        new ChannelsLastConv("NhwcConv", isFused: false),
        new ChannelsLastConv("NhwcFusedConv", isFused: true),
        new ChannelsLastPool(),
        new Inverse(),
        new UniqueRewrite(),
        new BiasSplitGelu(),
        new BiasAdd(),
        new OnnxTwin("GatherND", new Arity(2, 2)),
        new Attention(),
        new GroupQueryAttention(),
        new FusedAttention(),
        new MultiHeadAttention(),
        new PackedAttention(),
        new PackedMultiHeadAttention(),
        new RotaryEmbedding(isOwn: true),
        new RotaryEmbedding(isOwn: false),
        new EmbedLayerNormalization(),
        new FourierTransform(),
        new ShortFourierTransform(),
        new ArrayFeatureExtractor(),
        new Binarizer(),
        new FeatureVectorizer(),
        new Imputer(),
        new LabelEncoder(),
        new LinearClassifier(),
        new LinearRegressor(),
        new Normalizer(),
        new OneHotEncoder(),
        new Scaler(),
        new SvmClassifier(),
        new SvmRegressor(),
        new TreeEnsemble(),
        new TreeEnsembleClassifier(),
        new TreeEnsembleRegressor(),
    }.ToDictionary(r => (r.Domain, r.Type));

    /// <summary>The operators of a domain, in ordinal order.</summary>
    public static IEnumerable<string> Names(string domain) =>
        All.Keys.Where(k => k.Domain == domain).Select(k => k.Type).Order(StringComparer.Ordinal);

    /// <summary>The rewrite of a node, or null where it has none.</summary>
    public static NodeRewrite? Find(Node node) => All.GetValueOrDefault((node.Domain, node.Type));

    /// <summary>Whether a model may have a node: the graph has its operator, or others in its place.</summary>
    public static bool IsKnown(Node node) => Operator.Find(node) is not null || Find(node) is not null;
}
