using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>Gives the right operand of <see cref="GemmF32{TLanes, V}"/> panel by panel.</summary>
internal unsafe interface IPanelSource
{
    /// <summary>Registers of a panel but the last, which may be narrower: 1 to 3.</summary>
    int Registers { get; }

    /// <summary>Whether panels need no scratch memory.</summary>
    bool IsInPlace { get; }

    /// <summary>
    /// Rows [k0, k0 + kc) of columns [column, column + columns), row after row, each padded to <paramref name="width"/>
    /// elements: written into <paramref name="scratch"/>, or found in place. The padding is finite.
    /// </summary>
    float* Panel(int k0, int kc, int column, int columns, int width, float* scratch);

    /// <summary>Elements from row to row of a panel of so many padded columns.</summary>
    nint Stride(int width);
}

/// <summary>B[p, j] = B[p·rowStride + j·columnStride], copied panel by panel.</summary>
internal readonly unsafe struct MatrixSource(float* b, nint rowStride, nint columnStride) : IPanelSource
{
    public int Registers => GemmF32.CopiedRegisters;

    public bool IsInPlace => false;

    public nint Stride(int width) => width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float* Panel(int k0, int kc, int column, int columns, int width, float* scratch)
    {
        float* source = b + (k0 * rowStride) + (column * columnStride);
        if (columnStride == 1)
        {
            if (columns < width)
                new Span<float>(scratch, kc * width).Clear();
            for (int p = 0; p < kc; p++)
                Unsafe.CopyBlockUnaligned(scratch + (p * width), source + (p * rowStride), (uint)columns * sizeof(float));
            return scratch;
        }

        // Contiguous columns are transposed in squares of 4, the rest element by element.
        int square = rowStride == 1 && Sse.IsSupported ? columns & -4 : 0;
        for (int j = 0; j < square; j += 4)
        {
            float* from = source + (j * columnStride);
            int p = 0;
            for (; p <= kc - 4; p += 4)
                Transpose(from + p, columnStride, scratch + (p * width) + j, width);
            for (; p < kc; p++)
            {
                for (int i = 0; i < 4; i++)
                    scratch[(p * width) + j + i] = from[(i * columnStride) + p];
            }
        }

        for (int j = square; j < width; j++)
        {
            float* from = source + (j * columnStride);
            for (int p = 0; p < kc; p++)
                scratch[(p * width) + j] = j < columns ? from[p * rowStride] : 0;
        }

        return scratch;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* from, nint fromStride, float* to, nint toStride)
    {
        Vector128<float> a = Sse.LoadVector128(from), b = Sse.LoadVector128(from + fromStride);
        Vector128<float> c = Sse.LoadVector128(from + (2 * fromStride)), d = Sse.LoadVector128(from + (3 * fromStride));
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(to);
        Sse.MoveHighToLow(cd, ab).Store(to + toStride);
        (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        Sse.MoveLowToHigh(ab, cd).Store(to + (2 * toStride));
        Sse.MoveHighToLow(cd, ab).Store(to + (3 * toStride));
    }
}

/// <summary>A constant right operand in panel order, packed once.</summary>
internal sealed unsafe class PackedMatrixF32
{
    private readonly AlignedBuffer<float> _panels;

    /// <summary>Packs B[k, n], or its transpose Bᵀ[n, k], in panels that suit n and are at most as wide as the tier.</summary>
    public PackedMatrixF32(ReadOnlySpan<float> b, int k, int n, bool transposed, SimdTier tier)
    {
        K = k;
        (Tier, Registers) = GemmF32.PanelOf(tier, n);
        int lanes = SimdTiers.Lanes(Tier), padded = (n + lanes - 1) / lanes * lanes;
        _panels = new AlignedBuffer<float>(checked(padded * k));
        fixed (float* pointer = b)
        {
            var source = new MatrixSource(pointer, transposed ? 1 : n, transposed ? k : 1);
            for (int column = 0; column < n; column += PanelWidth)
            {
                source.Panel(
                    0, k, column, Math.Min(PanelWidth, n - column), Math.Min(PanelWidth, padded - column),
                    _panels.Pointer + ((nint)column * k));
            }
        }
    }

    public int K { get; }

    /// <summary>The tier that multiplies by this operand.</summary>
    public SimdTier Tier { get; }

    /// <summary>Registers of a panel but the last.</summary>
    public int Registers { get; }

    /// <summary>Columns of a panel but the last.</summary>
    public int PanelWidth => Registers * SimdTiers.Lanes(Tier);

    /// <summary>The operand in the form that the product takes; valid while this object is alive.</summary>
    public PackedSource Source => new(_panels.Pointer, K, Registers);
}

/// <summary>The panels of a <see cref="PackedMatrixF32"/>.</summary>
internal readonly unsafe struct PackedSource(float* panels, int k, int registers) : IPanelSource
{
    public int Registers => registers;

    public bool IsInPlace => true;

    public nint Stride(int width) => width;

    public float* Panel(int k0, int kc, int column, int columns, int width, float* scratch) =>
        panels + ((nint)column * k) + ((nint)k0 * width);
}
