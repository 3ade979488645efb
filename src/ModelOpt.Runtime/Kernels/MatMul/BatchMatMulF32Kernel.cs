using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// float32 matrix products of two activations. Each output is the sequential fused multiply-add over k from 0 on.
/// Inputs 0 and 1: A and B; output 0: C.
/// </summary>
internal sealed unsafe class BatchMatMulF32Kernel : Kernel
{
    private readonly BatchMatMulShape _shape;
    private readonly SimdTier _tier;
    private readonly float _low;
    private readonly float _high;
    private readonly int _panelWidth;
    private readonly int _panels;

    /// <param name="shape">Shape and batch indices.</param>
    /// <param name="low">Lowest output of the fused activation, or −∞.</param>
    /// <param name="high">Highest output of the fused activation, or +∞.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public BatchMatMulF32Kernel(BatchMatMulShape shape, float low, float high, SimdTier? tier = null)
    {
        _shape = shape;
        _tier = SimdTiers.ForColumns(tier ?? SimdTiers.Best, shape.N);
        _low = low;
        _high = high;
        _panelWidth = GemmF32.PanelWidth(_tier);
        _panels = (shape.N + _panelWidth - 1) / _panelWidth;
    }

    public override int Items => _shape.Batch * _panels;

    public override long Work => (long)_shape.Batch * _shape.M * _shape.N * _shape.K;

    public override void Run(in KernelArguments args, int start, int end)
    {
        (int m, int n, int k) = (_shape.M, _shape.N, _shape.K);
        fixed (float* a = args.Input<float>(0), b = args.Input<float>(1), c = args.Output<float>(0))
        {
            var epilogue = new GemmEpilogue { Low = _low, High = _high };
            for (int item = start; item < end;)
            {
                int batch = item / _panels, first = item % _panels, last = Math.Min(_panels, first + end - item);
                var operands = new GemmOperands
                {
                    K = k,
                    A = a + ((nint)_shape.IndicesA[batch] * m * k),
                    RowStride = _shape.TransposeA ? 1 : k,
                    ColumnStride = _shape.TransposeA ? m : 1,
                    C = c + ((nint)batch * m * n),
                    CStride = n,
                };
                var source = new MatrixSource(
                    b + ((nint)_shape.IndicesB[batch] * k * n), _shape.TransposeB ? 1 : n, _shape.TransposeB ? k : 1);
                GemmF32.Run(_tier, operands, epilogue, source, 0, m, first * _panelWidth, Math.Min(n, last * _panelWidth));
                item += last - first;
            }
        }
    }
}
