using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>BATCH_MATMUL: matrix products over the last two dimensions, the others broadcasting.</summary>
internal sealed class BatchMatMulOperator : KernelOperator
{
    private const int MaxMatrices = 1 << 20;

    public override WeightLayout Weight => WeightLayout.Matrices;

    public override TensorSpec[] Infer(Node node)
    {
        Tensor x = node.Input(0), y = node.Input(1);
        if (x.Type != y.Type)
            throw node.UnsupportedTypes();
        node.Require(x.Rank >= 2 && y.Rank >= 2, "operands must have at least 2 dimensions");
        (int m, int k, int k2, int n) = Sizes(node);
        node.Require(k == k2, $"{k} columns meet {k2} rows");
        return [new TensorSpec(x.Type, [.. Axes.Broadcast(node, x.Shape[..^2], y.Shape[..^2]), m, n])];
    }

    // Samples are matrices or, of two dimensions, rows of the left one.
    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched)
        && (node.Output.Rank > 2 || (OnlyFirst(node, batched) && !BatchMatMulOptions.Read(node.Options).TransposeX));

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        BatchMatMulOptions options = BatchMatMulOptions.Read(node.Options);
        Tensor x = node.Input(0), y = node.Input(1), output = node.Output;
        (int m, int k, _, int n) = Sizes(node);
        if (k == 0)
            return new CopyKernel([], PadOperator.Zero(output));
        var batches = new BroadcastShape(x.Shape[..^2], y.Shape[..^2], output.Shape[..^2]);
        int count = output.Elements / (m * n);
        node.Require(count <= MaxMatrices, $"more than {MaxMatrices} matrices");
        int[] left = new int[count], right = new int[count];
        for (int row = 0, i = 0; row < batches.Rows; row++)
        {
            (int l, int r) = batches.Offsets(row);
            for (int j = 0; j < batches.Length; j++, i++)
                (left[i], right[i]) = (l + (batches.LeftRepeats ? 0 : j), r + (batches.RightRepeats ? 0 : j));
        }
        var shape = new BatchMatMulShape(m, n, k, options.TransposeX, options.TransposeY, left, right);
        if (x.Type == TensorType.Float32)
            return new BatchMatMulF32Kernel(shape, float.NegativeInfinity, float.PositiveInfinity);
        if (!x.IsQuantized8 || !y.IsQuantized8 || !output.IsQuantized8)
            throw node.UnsupportedTypes();
        var quantization = new LayerQuantization(
            x.Scale, x.ZeroPoint, [y.Scale], y.ZeroPoint, output.Scale, output.ZeroPoint, output.TypeMin, output.TypeMax);
        return new BatchMatMulInt8Kernel(shape, quantization, x.Type == TensorType.UInt8);
    }

    // Rows and columns of a matrix on the left, and of one on the right.
    private static (int M, int K, int K2, int N) Sizes(Node node)
    {
        BatchMatMulOptions options = BatchMatMulOptions.Read(node.Options);
        int[] x = node.Input(0).Shape, y = node.Input(1).Shape;
        (int m, int k) = options.TransposeX ? (x[^1], x[^2]) : (x[^2], x[^1]);
        (int k2, int n) = options.TransposeY ? (y[^1], y[^2]) : (y[^2], y[^1]);
        return (m, k, k2, n);
    }
}
