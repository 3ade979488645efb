using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Kernels.Depthwise;
using ModelOpt.Runtime.Kernels.Detection;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Kernels.Pooling;
using ModelOpt.Runtime.Kernels.Quantize;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Kernels.Reduction;
using ModelOpt.Runtime.Kernels.Sampling;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>Which operator is which class. A static switch, so that trimming sees all of it.</summary>
internal static class OperatorKernels
{
    /// <summary>The runtime's knowledge of a node's operator.</summary>
    /// <exception cref="InvalidModelException">The operator is not supported.</exception>
    public static TfliteOperator Of(Node node) => Find(node.Operator) ?? throw node.Error("this operator is not supported");

    /// <summary>The runtime's knowledge of an operator; null where it has none.</summary>
    public static TfliteOperator? Find(BuiltinOperator op) => op switch
    {
        BuiltinOperator.Conv2D => new ConvolutionOperator(),
        BuiltinOperator.DepthwiseConv2D => new DepthwiseOperator(),
        BuiltinOperator.FullyConnected => new FullyConnectedOperator(),
        BuiltinOperator.MaxPool2D or BuiltinOperator.AveragePool2D => new PoolOperator(),
        BuiltinOperator.Add or BuiltinOperator.Sub or BuiltinOperator.Mul or BuiltinOperator.Div
            or BuiltinOperator.Minimum or BuiltinOperator.Maximum => new ArithmeticOperator(),
        BuiltinOperator.Concatenation => new ConcatenationOperator(),
        BuiltinOperator.Pack => new PackOperator(),
        BuiltinOperator.Pad or BuiltinOperator.PadV2 => new PadOperator(),
        BuiltinOperator.Tile => new TileOperator(),
        BuiltinOperator.Transpose => new TransposeOperator(),
        BuiltinOperator.BatchMatMul => new BatchMatMulOperator(),
        BuiltinOperator.Mean or BuiltinOperator.Sum or BuiltinOperator.ReduceMax or BuiltinOperator.ReduceMin
            or BuiltinOperator.ReduceProd or BuiltinOperator.ReduceAny or BuiltinOperator.ReduceAll => new ReduceOperator(),
        BuiltinOperator.ArgMax or BuiltinOperator.ArgMin => new ArgOperator(),
        BuiltinOperator.TopKV2 => new TopKOperator(),
        BuiltinOperator.Cumsum => new CumsumOperator(),
        BuiltinOperator.ScatterNd => new ScatterNdOperator(),
        BuiltinOperator.UnsortedSegmentMax => new UnsortedSegmentMaxOperator(),
        BuiltinOperator.OneHot => new OneHotOperator(),
        BuiltinOperator.PRelu => new PReluOperator(),
        BuiltinOperator.Pow => new PowOperator(),
        BuiltinOperator.Logistic or BuiltinOperator.Tanh or BuiltinOperator.HardSwish or BuiltinOperator.Relu
            or BuiltinOperator.Relu6 or BuiltinOperator.ReluN1To1 or BuiltinOperator.Relu0To1 or BuiltinOperator.LeakyRelu
            or BuiltinOperator.Neg or BuiltinOperator.Exp or BuiltinOperator.Log or BuiltinOperator.Sqrt
            or BuiltinOperator.Rsqrt or BuiltinOperator.Round or BuiltinOperator.Abs or BuiltinOperator.Elu
            or BuiltinOperator.Floor or BuiltinOperator.Ceil or BuiltinOperator.Sign or BuiltinOperator.Sin or BuiltinOperator.Cos
            or BuiltinOperator.Gelu or BuiltinOperator.Erf or BuiltinOperator.Sinh or BuiltinOperator.Asinh or BuiltinOperator.Acosh
            or BuiltinOperator.Atanh => new UnaryOperator(),
        BuiltinOperator.Atan2 => new Atan2Operator(),
        BuiltinOperator.LogicalNot => new LogicalNotOperator(),
        BuiltinOperator.LogicalAnd or BuiltinOperator.LogicalOr or BuiltinOperator.BitwiseXor or BuiltinOperator.RightShift
            or BuiltinOperator.FloorMod or BuiltinOperator.BitwiseAnd or BuiltinOperator.BitwiseOr
            or BuiltinOperator.LeftShift => new BitsOperator(),
        BuiltinOperator.Equal or BuiltinOperator.NotEqual or BuiltinOperator.Greater or BuiltinOperator.GreaterEqual
            or BuiltinOperator.Less or BuiltinOperator.LessEqual => new ComparisonOperator(),
        BuiltinOperator.SelectV2 => new SelectOperator(),
        BuiltinOperator.UnidirectionalSequenceLstm => new SequenceLstmOperator(),
        BuiltinOperator.LSTM or BuiltinOperator.GRU or BuiltinOperator.RNN => new RecurrentOperator(),
        BuiltinOperator.Slice => new SliceOperator(),
        BuiltinOperator.StridedSlice => new StridedSliceOperator(),
        BuiltinOperator.Split => new SplitOperator(),
        BuiltinOperator.SplitV => new SplitVOperator(),
        BuiltinOperator.Unpack => new UnpackOperator(),
        BuiltinOperator.Gather => new GatherOperator(),
        BuiltinOperator.Cast => new CastOperator(),
        BuiltinOperator.DepthToSpace or BuiltinOperator.SpaceToDepth => new DepthToSpaceOperator(),
        BuiltinOperator.ResizeNearestNeighbor or BuiltinOperator.ResizeBilinear => new ResizeOperator(),
        BuiltinOperator.Softmax => new SoftmaxOperator(),
        BuiltinOperator.Quantize => new QuantizeOperator(),
        BuiltinOperator.Dequantize => new DequantizeOperator(),
        BuiltinOperator.Reshape => new ReshapeOperator(),
        BuiltinOperator.Squeeze => new SqueezeOperator(),
        BuiltinOperator.ExpandDims => new ExpandDimsOperator(),
        BuiltinOperator.Shape => new ShapeOperator(),
        BuiltinOperator.If => new IfOperator(),
        BuiltinOperator.While => new WhileOperator(),
        BuiltinOperator.Where => new WhereOperator(),
        BuiltinOperator.Fill => new FillOperator(),
        BuiltinOperator.NonMaxSuppression => new NonMaxSuppressionOperator(),
        BuiltinOperator.DetectionPostProcess => new DetectionOperator(),
        BuiltinOperator.Unique => new UniqueOperator(),
        BuiltinOperator.BroadcastTo => new BroadcastToOperator(),
        BuiltinOperator.Range => new RangeOperator(),
        BuiltinOperator.RandomUniform or BuiltinOperator.RandomStandardNormal => new RandomOperator(),
        _ => null,
    };

    /// <summary>The kernel that computes a node, bound to its shapes, quantization and constants.</summary>
    /// <param name="node">The operator with its operands, checked by <see cref="ShapeInference"/>.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    /// <exception cref="InvalidModelException">The operator is not supported for these operands.</exception>
    public static Kernel Create(Node node, AssembledCode? code) =>
        node.FusedKernel
        ?? (Array.TrueForAll(node.Outputs, o => o.Elements == 0)
            ? new EmptyKernel()
            : Guard(node, () => ((KernelOperator)Of(node)).CreateKernel(node, code)));

    /// <summary>Runs a function on a node of a file that nobody vouches for.</summary>
    /// <exception cref="InvalidModelException">The function found the node's operands wrong, in whatever way.</exception>
    public static T Guard<T>(Node node, Func<T> function)
    {
        try
        {
            return function();
        }
        catch (Exception e) when (e is ArgumentException or ArithmeticException or IndexOutOfRangeException or OutOfMemoryException)
        {
            // A case that a check above missed is still the file's fault, and the user can look at the node.
            throw new InvalidModelException(node.Error("its operands contradict each other").Message, e);
        }
    }
}
