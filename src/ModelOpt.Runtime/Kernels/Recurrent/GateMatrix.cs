using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>The weights of gates, packed where they are constant: in float32, or as integers that rows are multiplied by in int8.</summary>
internal sealed unsafe class GateMatrix
{
    private PackedMatrixF32? _packed;
    private IntegerMatrix? _integers;

    /// <summary>Elements of scratch memory that a product takes.</summary>
    public int ScratchLength => _integers?.ScratchLength ?? 0;

    /// <summary>Packs rows of weights [.., k].</summary>
    public void Pack(ReadOnlySpan<float> weights, int first, int rows, int k, SimdTier tier) =>
        _packed = new(weights.Slice(first * k, rows * k), k, rows, true, tier);

    /// <summary>Packs rows of integers [.., k].</summary>
    public void Pack(IntegerWeights weights, int first, int rows, int k, SimdTier tier, Int8Form? form) =>
        _integers = new(new(weights.Values.Slice(first * k, rows * k), weights.Scales), first, rows, k, tier, form);

    /// <summary>C[m, n] = A[m, k] · B[n, k]ᵀ + bias, or + C.</summary>
    /// <param name="b">The weights, where they are not packed.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> elements.</param>
    public void Multiply(
        float* a, int m, int k, float* c, int stride, int n, float* b, float* bias, bool accumulate, SimdTier tier, float* scratch)
    {
        if (m == 0 || n == 0)
            return;
        if (_integers is not null)
        {
            _integers.Multiply(a, m, c, stride, bias, accumulate, scratch);
            return;
        }

        var operands = new GemmOperands { K = k, A = a, RowStride = k, ColumnStride = 1, C = c, CStride = stride };
        var epilogue = new GemmEpilogue { ColumnBias = bias, Accumulate = accumulate };
        if (_packed is not null)
            GemmF32.Run(_packed.Tier, operands, epilogue, _packed.Source, 0, m, 0, n);
        else
            GemmF32.Run(SimdTiers.ForColumns(tier, n), operands, epilogue, new MatrixSource(b, 1, k), 0, m, 0, n);
    }
}
