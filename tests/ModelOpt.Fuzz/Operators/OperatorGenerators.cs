using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Selection;
using ModelOpt.Fuzz.Operators.Generators;

namespace ModelOpt.Fuzz.Operators;

/// <summary>The generator of each operator: what knows which attributes and shapes make sense together.</summary>
internal static class OperatorGenerators
{
    // ONNX Runtime ends the process where its scales are no initializers.
    private const string Crashing = $"{NodeRewrite.Microsoft}.QLinearWhere";

    private const string Draws = "Its numbers are random: tests of distributions compare them.";

    /// <summary>Operators that no case is drawn of, and why.</summary>
    public static readonly IReadOnlyDictionary<string, string> NotDrawn = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["If"] = "Its bodies are graphs, which tests of branches compare with ONNX Runtime.",
        ["Loop"] = "Likewise, tests of loops.",
        ["Scan"] = "Likewise.",
        ["Bernoulli"] = Draws,
        ["Multinomial"] = Draws,
        ["RandomNormal"] = Draws,
        ["RandomNormalLike"] = Draws,
        ["RandomUniform"] = Draws,
        ["RandomUniformLike"] = Draws,
    };

    /// <summary>The operators that a graph has and that cases are drawn of.</summary>
    public static IEnumerable<string> OfGraphs => Operator.Names.Where(n => !NotDrawn.ContainsKey(n));

    /// <summary>The operators that cases are drawn of: those, and those that others express when a model is read.</summary>
    public static IEnumerable<string> Drawn => OfGraphs.Concat(NodeRewrites.Names(""))
        .Concat(NodeRewrites.Names(NodeRewrite.Microsoft).Select(n => $"{NodeRewrite.Microsoft}.{n}"))
        .Where(n => n != Crashing).Order(StringComparer.Ordinal);

    private static readonly Dictionary<string, Action<CaseBuilder>> All = new(OnnxRuntimeOperators.All, StringComparer.Ordinal)
    {
        ["Abs"] = Elementwise.Unary,
        ["Acos"] = Elementwise.Unary,
        ["Acosh"] = Elementwise.Unary,
        ["Add"] = Elementwise.Binary,
        ["Affine"] = Olds.Image,
        ["AffineGrid"] = Grids.Affine,
        ["And"] = Elementwise.Binary,
        ["ArgMax"] = Picks.Extreme,
        ["ArgMin"] = Picks.Extreme,
        ["Asin"] = Elementwise.Unary,
        ["Asinh"] = Elementwise.Unary,
        ["Atan"] = Elementwise.Unary,
        ["Atanh"] = Elementwise.Unary,
        ["Attention"] = Attentions.Own,
        ["AveragePool"] = Windows.Pool,
        ["BatchNormalization"] = Products.BatchNormalization,
        ["BitShift"] = Elementwise.Shift,
        ["BitwiseAnd"] = Elementwise.Binary,
        ["BitwiseNot"] = Elementwise.Unary,
        ["BitwiseOr"] = Elementwise.Binary,
        ["BitwiseXor"] = Elementwise.Binary,
        ["BlackmanWindow"] = Signals.Window,
        ["Cast"] = Elementwise.Cast,
        ["CastLike"] = Elementwise.CastLike,
        ["CausalConvWithState"] = Attentions.CausalConv,
        ["Ceil"] = Elementwise.Unary,
        ["Celu"] = Elementwise.Unary,
        ["CenterCropPad"] = Grids.Centre,
        ["Clip"] = Elementwise.Clip,
        ["Col2Im"] = Grids.Columns,
        ["Compress"] = Shapes.Compress,
        ["Concat"] = Movement.Concat,
        ["Constant"] = Shapes.Constant,
        ["ConstantFill"] = Olds.Fill,
        ["ConstantOfShape"] = Shapes.Filled,
        ["Conv"] = Windows.Conv,
        ["ConvInteger"] = Integers.Convolution,
        ["ConvTranspose"] = Windows.Transposed,
        ["Cos"] = Elementwise.Unary,
        ["Cosh"] = Elementwise.Unary,
        ["Crop"] = Olds.Image,
        ["CumProd"] = Normalizations.CumSum,
        ["CumSum"] = Normalizations.CumSum,
        ["DFT"] = Signals.Transform,
        ["DeformConv"] = Grids.Deform,
        ["DepthToSpace"] = Movement.Depth,
        ["DequantizeLinear"] = Products.Dequantize,
        ["Det"] = Grids.Determinant,
        ["Div"] = Elementwise.Binary,
        ["Dropout"] = Elementwise.Dropout,
        ["DynamicSlice"] = Olds.Slice,
        ["DynamicQuantizeLinear"] = Integers.Dynamic,
        ["Einsum"] = Grids.Einsum,
        ["Elu"] = Elementwise.Unary,
        ["Equal"] = Elementwise.Binary,
        ["Erf"] = Elementwise.Unary,
        ["Exp"] = Elementwise.Unary,
        ["Expand"] = Movement.Expand,
        ["EyeLike"] = Shapes.Eye,
        ["Flatten"] = Shapes.Flatten,
        ["Floor"] = Elementwise.Unary,
        ["GRU"] = Recurrences.Gru,
        ["Gather"] = Movement.Gather,
        ["GatherElements"] = Picks.GatherElements,
        ["GatherND"] = Picks.GatherND,
        ["Gelu"] = Elementwise.Unary,
        ["Gemm"] = Products.Gemm,
        ["GivenTensorFill"] = Olds.Given,
        ["GlobalAveragePool"] = Windows.Global,
        ["GlobalLpPool"] = Grids.GlobalNorm,
        ["GlobalMaxPool"] = Windows.Global,
        ["Greater"] = Elementwise.Binary,
        ["GreaterOrEqual"] = Elementwise.Binary,
        ["GridSample"] = Grids.Sample,
        ["GroupNormalization"] = Normalizations.Group,
        ["HammingWindow"] = Signals.Window,
        ["HannWindow"] = Signals.Window,
        ["HardSigmoid"] = Elementwise.Unary,
        ["HardSwish"] = Elementwise.Unary,
        ["Hardmax"] = Products.Softmax,
        ["Identity"] = Elementwise.Unary,
        ["ImageScaler"] = Olds.Image,
        ["InstanceNormalization"] = Products.InstanceNormalization,
        ["IsInf"] = Elementwise.Unary,
        ["IsNaN"] = Elementwise.Unary,
        ["LRN"] = Normalizations.LocalResponse,
        ["LSTM"] = Recurrences.Lstm,
        ["LayerNormalization"] = Products.LayerNormalization,
        ["LeakyRelu"] = Elementwise.Unary,
        ["Less"] = Elementwise.Binary,
        ["LessOrEqual"] = Elementwise.Binary,
        ["LinearAttention"] = Attentions.Linear,
        ["Log"] = Elementwise.Unary,
        ["LogSoftmax"] = Products.Softmax,
        ["LpNormalization"] = Normalizations.Lp,
        ["LpPool"] = Grids.NormPool,
        ["MatMul"] = Products.MatMul,
        ["MatMulInteger"] = Integers.Product,
        ["Max"] = Elementwise.Variadic,
        ["MaxPool"] = Windows.Pool,
        ["MaxUnpool"] = Grids.Unpool,
        ["Mean"] = Elementwise.Variadic,
        ["MeanVarianceNormalization"] = Products.MeanVarianceNormalization,
        ["MelWeightMatrix"] = Signals.Bands,
        ["Min"] = Elementwise.Variadic,
        ["Mish"] = Elementwise.Unary,
        ["Mod"] = Elementwise.Mod,
        ["Mul"] = Elementwise.Binary,
        ["Neg"] = Elementwise.Unary,
        ["NegativeLogLikelihoodLoss"] = Products.Loss,
        ["NonMaxSuppression"] = Picks.Boxes,
        ["NonZero"] = Shapes.NonZero,
        ["Not"] = Elementwise.Unary,
        ["OneHot"] = Picks.OneHot,
        ["Or"] = Elementwise.Binary,
        ["PRelu"] = Elementwise.PRelu,
        ["Pad"] = Movement.Pad,
        ["ParametricSoftplus"] = Olds.Function,
        ["Pow"] = Elementwise.Pow,
        ["QLinearConv"] = Integers.QuantizedConvolution,
        ["QLinearMatMul"] = Integers.QuantizedProduct,
        ["QuantizeLinear"] = Products.Quantize,
        ["RMSNormalization"] = Normalizations.RootMeanSquare,
        ["RNN"] = Recurrences.Rnn,
        ["Range"] = Shapes.Range,
        ["Reciprocal"] = Elementwise.Unary,
        ["ReduceL1"] = Products.Reduction,
        ["ReduceL2"] = Products.Reduction,
        ["ReduceLogSum"] = Products.Reduction,
        ["ReduceLogSumExp"] = Products.Reduction,
        ["ReduceMax"] = Products.Reduction,
        ["ReduceMean"] = Products.Reduction,
        ["ReduceMin"] = Products.Reduction,
        ["ReduceProd"] = Products.Reduction,
        ["ReduceSum"] = Products.Reduction,
        ["ReduceSumSquare"] = Products.Reduction,
        ["Relu"] = Elementwise.Unary,
        ["Reshape"] = Shapes.Reshape,
        ["Resize"] = Movement.Resize,
        ["ReverseSequence"] = Shapes.Reversed,
        ["RoiAlign"] = Grids.Regions,
        ["RotaryEmbedding"] = Attentions.Rotary,
        ["Round"] = Elementwise.Unary,
        ["STFT"] = Signals.Frames,
        ["Scale"] = Olds.Image,
        ["ScaledTanh"] = Olds.Function,
        ["Scatter"] = Picks.ScatterElements,
        ["ScatterElements"] = Picks.ScatterElements,
        ["ScatterND"] = Picks.ScatterND,
        ["Selu"] = Elementwise.Unary,
        ["Shape"] = Shapes.Shape,
        ["Shrink"] = Elementwise.Unary,
        ["Sigmoid"] = Elementwise.Unary,
        ["Sign"] = Elementwise.Unary,
        ["SimplifiedLayerNormalization"] = Normalizations.RootMeanSquare,
        ["Sin"] = Elementwise.Unary,
        ["Sinh"] = Elementwise.Unary,
        ["Size"] = Shapes.Size,
        ["Slice"] = Movement.Slice,
        ["Softmax"] = Products.Softmax,
        ["SoftmaxCrossEntropyLoss"] = Products.Loss,
        ["Softplus"] = Elementwise.Unary,
        ["Softsign"] = Elementwise.Unary,
        ["SpaceToDepth"] = Movement.Space,
        ["Split"] = Movement.Split,
        ["Sqrt"] = Elementwise.Root,
        ["Squeeze"] = Shapes.Squeeze,
        ["Sub"] = Elementwise.Binary,
        ["Sum"] = Elementwise.Variadic,
        ["SwiGLU"] = Elementwise.Gated,
        ["Swish"] = Elementwise.Unary,
        ["Tan"] = Elementwise.Unary,
        ["Tanh"] = Elementwise.Unary,
        ["TensorScatter"] = Attentions.Cache,
        ["ThresholdedRelu"] = Elementwise.Unary,
        ["Tile"] = Movement.Tile,
        ["TopK"] = Picks.Top,
        ["Transpose"] = Movement.Transpose,
        ["Trilu"] = Shapes.Triangle,
        ["Unique"] = Picks.Distinct,
        ["Unsqueeze"] = Shapes.Unsqueeze,
        ["Upsample"] = Movement.Upsample,
        ["Where"] = Elementwise.Where,
        ["Xor"] = Elementwise.Binary,
    };

    /// <summary>The operators that have one.</summary>
    public static IEnumerable<string> Operators => All.Keys.Order(StringComparer.Ordinal);

    /// <summary>Makes a case.</summary>
    /// <param name="index">The number of the case among those of the operator.</param>
    /// <param name="opset">The opset, or null for any from 7 to 22.</param>
    /// <param name="unreadType">An element type that the project has no name for, which the case should have had; or null.</param>
    public static OperatorCase Make(string name, int seed, int index, int? opset, out string? unreadType)
    {
        // FNV-1a: string.GetHashCode differs from run to run.
        uint hash = 2166136261;
        foreach (char letter in $"{name}/{seed}/{index}") hash = (hash ^ letter) * 16777619;
        var draw = new Draw((int)hash);
        // An operator that came late is drawn at the opsets that have it.
        int first = Math.Max(7, OperatorSchema.FirstOpset(name)), chosen = opset ?? draw.Int(first, Math.Max(first, 22));
        OperatorSchema schema = OperatorSchema.At(name, chosen)
            ?? throw new ArgumentException($"Opset {chosen} has no {name}.", nameof(opset));

        var builder = new CaseBuilder(schema, chosen, draw);
        All[name](builder);
        unreadType = builder.UnreadType;
        return builder.Build();
    }
}
