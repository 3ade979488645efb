using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// 8-bit matrix products of two activations, each with its zero point: y = requantize(Σ (a − z_a)·(b − z_b)), the numerics of
/// ONNX Runtime's QLinearMatMul. B is packed a panel at a time for as many rows of A as fit the cache.
/// Inputs 0 and 1: A and B; output 0: C.
/// </summary>
internal sealed unsafe class BatchMatMulInt8Kernel : Kernel
{
    private const int BlockBytes = 128 * 1024;

    private readonly BatchMatMulShape _shape;
    private readonly bool _unsigned;
    private readonly int _zeroPointA;
    private readonly int _zeroPointB;
    private readonly int _pairs;
    private readonly int _rowsPerBlock;
    private readonly int _rowBlocks;
    private readonly Int8MicroKernel _kernel;
    private readonly Requantizer _requantizer;

    /// <param name="shape">Shape and batch indices.</param>
    /// <param name="quantization">A's parameters as the input's, B's as those of per-tensor weights.</param>
    /// <param name="unsigned">A, B and C are uint8 instead of int8.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public BatchMatMulInt8Kernel(BatchMatMulShape shape, LayerQuantization quantization, bool unsigned, SimdTier? tier = null)
    {
        SimdTier chosen = SimdTiers.ForColumns(tier ?? SimdTiers.Best, shape.N);
        _shape = shape;
        _unsigned = unsigned;
        _zeroPointA = quantization.InputZeroPoint;
        _zeroPointB = quantization.WeightZeroPoint;
        _kernel = Int8MicroKernel.For(chosen, Int8Form.Pairs);
        _pairs = Int8Form.Pairs.Lanes(shape.K);
        int width = _kernel.PanelWidth;
        _requantizer = new Requantizer(quantization, [], 1, shape.N, (shape.N + width - 1) / width * width, chosen);
        int tiles = Math.Clamp(BlockBytes / (4 * Math.Max(1, _pairs)) / Int8MicroKernel.TileRows, 1, 64);
        _rowsPerBlock = Math.Min(tiles * Int8MicroKernel.TileRows, Math.Max(1, shape.M));
        _rowBlocks = (shape.M + _rowsPerBlock - 1) / _rowsPerBlock;
    }

    public override int ScratchBytes =>
        (sizeof(int) * ((_rowsPerBlock * _pairs) + ((_pairs + Int8MicroKernel.TileRows) * _kernel.PanelWidth)))
        + (sizeof(short) * 2 * _pairs);

    public override int Items => _shape.Batch * _rowBlocks;

    public override long Work => (long)_shape.Batch * _shape.M * _shape.N * _shape.K;

    public override void Run(in KernelArguments args, int start, int end)
    {
        (int m, int n, int k) = (_shape.M, _shape.N, _shape.K);
        int width = _kernel.PanelWidth;
        fixed (byte* a = args.Input<byte>(0), b = args.Input<byte>(1), c = args.Output<byte>(0))
        fixed (int* scratch = args.Scratch<int>())
        {
            int* tile = scratch;
            int* panel = tile + (Int8MicroKernel.TileRows * width);
            int* rows = panel + (_pairs * width);
            short* column = (short*)(rows + (_rowsPerBlock * _pairs));
            for (int item = start; item < end; item++)
            {
                int batch = item / _rowBlocks, begin = item % _rowBlocks * _rowsPerBlock;
                int count = Math.Min(_rowsPerBlock, m - begin);
                PackRows(a + ((nint)_shape.IndicesA[batch] * m * k), begin, count, (short*)rows);
                byte* right = b + ((nint)_shape.IndicesB[batch] * k * n);
                for (int j = 0; j < n; j += width)
                {
                    int columns = Math.Min(width, n - j);
                    PackPanel(right, j, columns, panel, column);
                    for (int i = 0; i < count; i += Int8MicroKernel.TileRows)
                    {
                        int tileRows = Math.Min(Int8MicroKernel.TileRows, count - i);
                        int* starts = _requantizer.Starts + j;
                        _kernel.Multiply(_pairs, tileRows, rows + ((nint)i * _pairs), _pairs, panel, starts, tile);
                        byte* target = c + ((((nint)batch * m) + begin + i) * n) + j;
                        _requantizer.Apply(tile, width, j, target, n, tileRows, columns);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackRows(byte* a, int begin, int count, short* target)
    {
        (int m, int k) = (_shape.M, _shape.K);
        for (int i = 0; i < count; i++, target += 2 * _pairs)
        {
            if (!_shape.TransposeA)
            {
                Int8Rows.Widen(a + ((nint)(begin + i) * k), k, _zeroPointA, _unsigned, target);
            }
            else
            {
                for (int p = 0; p < k; p++)
                    target[p] = Value(a[((nint)p * m) + begin + i], _zeroPointA);
            }

            if (k % 2 != 0)
                target[k] = 0;
        }
    }

    /// <summary>[pairs, width] from columns [first, first + columns) of B; zero beyond them and for an odd last k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackPanel(byte* b, int first, int columns, int* panel, short* column)
    {
        (int n, int k, int width) = (_shape.N, _shape.K, _kernel.PanelWidth);
        if (columns < width)
            new Span<int>(panel, _pairs * width).Clear();
        for (int j = 0; _shape.TransposeB && j < columns; j++)
        {
            // A column of B is stored as a row: its widened pairs are the panel's column.
            Int8Rows.Widen(b + ((nint)(first + j) * k), k, _zeroPointB, _unsigned, column);
            if (k % 2 != 0)
                column[k] = 0;
            for (int p = 0; p < _pairs; p++)
                panel[(p * width) + j] = ((int*)column)[p];
        }

        for (int p = 0; !_shape.TransposeB && p < _pairs; p++)
        {
            byte* even = b + ((nint)2 * p * n) + first;
            byte* odd = even + n;
            short* target = (short*)(panel + (p * width));
            bool paired = (2 * p) + 1 < k;
            for (int j = 0; j < columns; j++)
            {
                target[2 * j] = Value(even[j], _zeroPointB);
                target[(2 * j) + 1] = paired ? Value(odd[j], _zeroPointB) : (short)0;
            }
        }
    }

    private short Value(byte value, int zeroPoint) => (short)((_unsigned ? value : (sbyte)value) - zeroPoint);
}
