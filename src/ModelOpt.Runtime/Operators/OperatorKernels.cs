using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>Which operator is built by which family. A static switch, so that trimming sees all of it.</summary>
internal static class OperatorKernels
{
    /// <summary>The kernel that computes a node, bound to its shapes, quantization and constants.</summary>
    /// <param name="node">The operator with its operands.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    /// <exception cref="InvalidModelException">The operator is not supported, or not for these operands.</exception>
    public static Kernel Create(Node node, AssembledCode? code) => Guard(node, () => Select(node, code))!;

    /// <summary>Runs a factory of kernels on a node of a file that nobody vouches for.</summary>
    /// <exception cref="InvalidModelException">The factory found the node's operands wrong, in whatever way.</exception>
    public static Kernel? Guard(Node node, Func<Kernel?> create)
    {
        try
        {
            return create();
        }
        catch (Exception e) when (e is ArgumentException or ArithmeticException or IndexOutOfRangeException or OutOfMemoryException)
        {
            // What a check above missed is still the file's fault, and the node is what the user can look at.
            throw new InvalidModelException(node.Error("its operands contradict each other").Message, e);
        }
    }

    private static Kernel Select(Node node, AssembledCode? code) => node.Operator switch
    {
        _ when node.FusedKernel is { } fused => fused,
        _ when Array.TrueForAll(node.Outputs, o => o.Elements == 0) => new EmptyKernel(),
        BuiltinOperator.Conv2D => ConvolutionOperator.CreateConv2D(node, code),
        BuiltinOperator.DepthwiseConv2D => ConvolutionOperator.CreateDepthwise(node, code),
        BuiltinOperator.FullyConnected => FullyConnectedOperator.Create(node, code),
        BuiltinOperator.MaxPool2D => PoolOperator.CreateMax(node),
        BuiltinOperator.AveragePool2D => PoolOperator.CreateAverage(node),
        BuiltinOperator.Add or BuiltinOperator.Sub or BuiltinOperator.Mul or BuiltinOperator.Div
            or BuiltinOperator.Minimum or BuiltinOperator.Maximum => ArithmeticOperator.Create(node),
        BuiltinOperator.Concatenation => ConcatenationOperator.CreateConcatenation(node),
        BuiltinOperator.Pack => ConcatenationOperator.CreatePack(node),
        BuiltinOperator.Pad or BuiltinOperator.PadV2 => PadOperator.Create(node),
        BuiltinOperator.Transpose => TransposeOperator.Create(node),
        BuiltinOperator.BatchMatMul => BatchMatMulOperator.Create(node),
        BuiltinOperator.Mean or BuiltinOperator.Sum => ReduceOperator.Create(node),
        BuiltinOperator.PRelu => PReluOperator.Create(node),
        BuiltinOperator.Logistic or BuiltinOperator.Tanh or BuiltinOperator.HardSwish or BuiltinOperator.Relu
            or BuiltinOperator.Relu6 or BuiltinOperator.ReluN1To1 or BuiltinOperator.Relu0To1 or BuiltinOperator.LeakyRelu
            or BuiltinOperator.Neg or BuiltinOperator.Exp or BuiltinOperator.Log or BuiltinOperator.Sqrt
            or BuiltinOperator.Rsqrt => UnaryOperator.Create(node),
        BuiltinOperator.Slice => SliceOperator.CreateSlice(node),
        BuiltinOperator.StridedSlice => SliceOperator.CreateStrided(node),
        BuiltinOperator.Split => SplitOperator.CreateSplit(node),
        BuiltinOperator.SplitV => SplitOperator.CreateSplitV(node),
        BuiltinOperator.Unpack => SplitOperator.CreateUnpack(node),
        BuiltinOperator.Gather => GatherOperator.Create(node),
        BuiltinOperator.Cast => CastOperator.Create(node),
        BuiltinOperator.DepthToSpace or BuiltinOperator.SpaceToDepth => DepthToSpaceOperator.Create(node),
        BuiltinOperator.ResizeNearestNeighbor or BuiltinOperator.ResizeBilinear => ResizeOperator.Create(node),
        BuiltinOperator.Softmax => SoftmaxOperator.Create(node),
        BuiltinOperator.Quantize => QuantizeOperator.CreateQuantize(node),
        BuiltinOperator.Dequantize => QuantizeOperator.CreateDequantize(node),
        _ => throw node.Error("this operator is not supported"),
    };

    /// <summary>Computes tensors without elements.</summary>
    private sealed class EmptyKernel : Kernel
    {
        public override void Run(in KernelArguments args, int start, int end)
        {
        }
    }
}
