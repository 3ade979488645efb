using System.Numerics;
using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>int8 weights of gates, symmetric, with their scales.</summary>
/// <param name="values">[rows, columns].</param>
/// <param name="scales">One for each row; where there are fewer, they repeat.</param>
internal readonly ref struct IntegerWeights(ReadOnlySpan<sbyte> values, ReadOnlySpan<float> scales)
{
    public ReadOnlySpan<sbyte> Values { get; } = values;

    public ReadOnlySpan<float> Scales { get; } = scales;
}

/// <summary>
/// A constant int8 matrix B[n, k] that float32 rows are multiplied by in int8: each row is rounded to 8 bits with its own range, as
/// TFLite's hybrid operators do it. Sums are exact; the rest is in one order on every tier.
/// </summary>
internal sealed unsafe class IntegerMatrix
{
    private readonly PackedWeightsInt8 _panels;
    private readonly Int8MicroKernel _kernel;
    private readonly Int8Form _form;
    private readonly SimdTier _tier;
    private readonly AlignedBuffer<int> _sums;
    private readonly AlignedBuffer<float> _scales;
    private readonly int _n;
    private readonly int _k;
    private readonly bool _flip;

    /// <param name="weights">[n, k].</param>
    /// <param name="first">The row of the scales that the first row has.</param>
    /// <param name="tier">Vector width.</param>
    /// <param name="form">Form of the products; the best of the processor by default.</param>
    public IntegerMatrix(IntegerWeights weights, int first, int n, int k, SimdTier tier, Int8Form? form = null)
    {
        (_n, _k) = (n, k);
        _form = form ?? Int8Forms.Best;
        _tier = SimdTiers.ForColumns((SimdTier)Math.Min((int)tier, (int)_form.WidestTier()), n);
        _kernel = Int8MicroKernel.For(_tier, _form);
        _flip = _form == Int8Form.SignedQuads;
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(weights.Values);
        _panels = new(_form, Width, bytes, 1, n, k, 0, unsigned: false);
        int padded = _panels.PanelsPerGroup * Width;
        _sums = new(padded);
        _scales = new(padded);
        for (int j = 0; j < padded; j++)
        {
            _sums.Pointer[j] = j < n ? Int8Rows.Sums(weights.Values.Slice(j * k, k)).Sum : 0;
            _scales.Pointer[j] = j < n ? weights.Scales[(first + j) % weights.Scales.Length] : 0;
        }
    }

    /// <summary>Columns up to which sums are exact.</summary>
    public const int MostColumns = 65_536;

    /// <summary>Elements of scratch memory: rows of lanes, a tile, and what the sums start with.</summary>
    public int ScratchLength => (Int8MicroKernel.TileRows * (_panels.Lanes + Width)) + Width + _panels.Lanes;

    private int Width => _kernel.PanelWidth;

    /// <summary>C[m, n] = A[m, k]·Bᵀ + bias, or + C.</summary>
    /// <param name="stride">Elements from one row of C to the next.</param>
    /// <param name="bias">[n], or null.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> elements.</param>
    public void Multiply(float* a, int m, float* c, int stride, float* bias, bool accumulate, float* scratch)
    {
        int lanes = _panels.Lanes, width = Width;
        int* rows = (int*)scratch, tile = rows + (Int8MicroKernel.TileRows * lanes), start = tile + (Int8MicroKernel.TileRows * width);
        byte* bytes = (byte*)(start + width);
        float* scales = stackalloc float[Int8MicroKernel.TileRows];
        int* zeros = stackalloc int[Int8MicroKernel.TileRows];
        new Span<int>(start, width).Clear();
        for (int i = 0; i < m; i += Int8MicroKernel.TileRows)
        {
            int count = Math.Min(Int8MicroKernel.TileRows, m - i);
            for (int row = 0; row < count; row++)
                (scales[row], zeros[row]) = Pack(a + ((nint)(i + row) * _k), rows + (row * lanes), bytes);
            for (int panel = 0; panel < _panels.PanelsPerGroup; panel++)
            {
                int column = panel * width, columns = Math.Min(width, _n - column);
                _kernel.Multiply(lanes, count, rows, lanes, _panels.Panel(0, panel), start, tile);
                for (int row = 0; row < count; row++)
                {
                    Write(
                        tile + (row * width), column, columns, scales[row], zeros[row], c + ((nint)(i + row) * stride) + column,
                        bias == null ? null : bias + column, accumulate);
                }
            }
        }
    }

    /// <summary>Rounds a row and lays it out in the form's lanes.</summary>
    private (float Scale, int Zero) Pack(float* x, int* row, byte* bytes)
    {
        if (_k == 0)
            return (0, 0);
        row[_panels.Lanes - 1] = 0;
        if (_form != Int8Form.Pairs)
            return RowQuantizer.Run(_tier, x, _k, (byte*)row, _flip);
        (float Scale, int Zero) grid = RowQuantizer.Run(_tier, x, _k, bytes, false);
        Int8Rows.Widen(bytes, _k, 0, unsigned: true, (short*)row);
        return grid;
    }

    /// <summary>c = (bias or c) + (sum − zero·Σw)·(scale·s).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(int* sums, int first, int columns, float scale, int zero, float* c, float* bias, bool accumulate)
    {
        int* weights = _sums.Pointer + first;
        float* scales = _scales.Pointer + first;
        int j = 0;
        Vector<int> zeros = new(zero);
        Vector<float> factor = new(scale);
        for (; j <= columns - Vector<float>.Count; j += Vector<float>.Count)
        {
            Vector<float> exact = Vector.ConvertToSingle(Vector.Load(sums + j) - (zeros * Vector.Load(weights + j)));
            Vector<float> value = exact * (factor * Vector.Load(scales + j));
            if (accumulate)
                value = Vector.Load(c + j) + value;
            else if (bias != null)
                value = Vector.Load(bias + j) + value;
            value.Store(c + j);
        }

        for (; j < columns; j++)
        {
            float value = (sums[j] - (zero * weights[j])) * (scale * scales[j]);
            c[j] = accumulate ? c[j] + value : bias != null ? bias[j] + value : value;
        }
    }
}
