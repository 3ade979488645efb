using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>The parts of <c>ConvF32SparseKernel</c> that take the time.</summary>
internal static unsafe class SparseTileF32
{
    /// <summary>Registers of pixels at most; half of those that AVX2 has.</summary>
    public const int MaxRegisters = 8;

    /// <summary>Pixels of a tile at most.</summary>
    public const int MaxPixels = MaxRegisters * 16;

    /// <summary>The least number of registers for which there is code, and which holds as many.</summary>
    public static int RegistersFor(int registers) => registers switch { 5 => 6, 7 => 8, _ => registers };

    /// <summary>Writes channels of pixels as rows, [channel, pixel].</summary>
    /// <param name="pixels">First channel of each pixel.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="first">First channel.</param>
    /// <param name="count">Channels.</param>
    /// <param name="target">Receives the rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(float** pixels, int width, int first, int count, float* target)
    {
        nint pitch = Pitch(width);
        int pixel = 0;
        for (; pixel <= width - 16; pixel += 16)
        {
            // Whole lines of the cache at once.
            float* to = target + pixel;
            int channel = 0;
            for (; channel <= count - 4; channel += 4, to += 4 * pitch)
            {
                for (int i = 0; i < 16; i += 4)
                    Transpose(pixels + pixel + i, first + channel, to + i, pitch);
            }

            for (; channel < count; channel++, to += pitch)
            {
                for (int i = 0; i < 16; i++)
                    to[i] = pixels[pixel + i][first + channel];
            }
        }

        for (; pixel < width; pixel++)
        {
            for (int channel = 0; channel < count; channel++)
                target[(channel * pitch) + pixel] = pixels[pixel][first + channel];
        }
    }

    /// <summary>
    /// Elements from row to row of so many pixels: not a power of two, or rows would get into each other's way in the cache.
    /// </summary>
    public static int Pitch(int width) => width + 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float** pixels, nint channel, float* to, nint pitch)
    {
        var square = new Square(pixels[0] + channel, pixels[1] + channel, pixels[2] + channel, pixels[3] + channel);
        square.A.Store(to);
        square.B.Store(to + pitch);
        square.C.Store(to + (2 * pitch));
        square.D.Store(to + (3 * pitch));
    }

    /// <summary>Adds a chunk's products to the sums of output channels [begin, end).</summary>
    /// <param name="tier">Vector width.</param>
    /// <param name="registers">Registers of pixels.</param>
    /// <param name="weights">All weights.</param>
    /// <param name="starts">See <see cref="SparseWeightsF32.Starts"/>.</param>
    /// <param name="begin">First output channel.</param>
    /// <param name="end">Beyond the last output channel.</param>
    /// <param name="rows">[chunk's inputs, pixels].</param>
    /// <param name="sums">[output channels, pixels].</param>
    public static void Multiply(
        SimdTier tier, int registers, SparseWeightF32* weights, int* starts, int begin, int end, float* rows, float* sums)
    {
        switch (tier)
        {
            case SimdTier.Vector512:
                Multiply<Lanes512, Vector512<float>>(registers, weights, starts, begin, end, rows, sums);
                break;
            case SimdTier.Vector256:
                Multiply<Lanes256, Vector256<float>>(registers, weights, starts, begin, end, rows, sums);
                break;
            case SimdTier.Vector128:
                Multiply<Lanes128, Vector128<float>>(registers, weights, starts, begin, end, rows, sums);
                break;
            default:
                Multiply<Lanes1, float>(registers, weights, starts, begin, end, rows, sums);
                break;
        }
    }

    private static void Multiply<TLanes, V>(
        int registers, SparseWeightF32* weights, int* starts, int begin, int end, float* rows, float* sums)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        switch (registers)
        {
            case 8:
                Multiply<TLanes, V, Eight>(weights, starts, begin, end, rows, sums);
                break;
            case 6:
                Multiply<TLanes, V, Six>(weights, starts, begin, end, rows, sums);
                break;
            case 4:
                Multiply<TLanes, V, Four>(weights, starts, begin, end, rows, sums);
                break;
            case 3:
                Multiply<TLanes, V, Three>(weights, starts, begin, end, rows, sums);
                break;
            case 2:
                Multiply<TLanes, V, Two>(weights, starts, begin, end, rows, sums);
                break;
            default:
                Multiply<TLanes, V, One>(weights, starts, begin, end, rows, sums);
                break;
        }
    }

    // Written out: where helpers take the sums by reference, the JIT computes each address on its own.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TLanes, V, TRegisters>(SparseWeightF32* weights, int* starts, int begin, int end, float* rows, float* sums)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
        where TRegisters : struct, ICount
    {
        int n = TLanes.Count;
        nint registers = typeof(TRegisters) == typeof(Eight) ? 8 : typeof(TRegisters) == typeof(Six) ? 6 : typeof(TRegisters)
            == typeof(Four) ? 4
            : typeof(TRegisters) == typeof(Three) ? 3 : typeof(TRegisters) == typeof(Two) ? 2 : 1;
        nint width = registers * n, pitch = Pitch((int)width);
        float* sum = sums + (begin * width);
        for (int channel = begin; channel < end; channel++, sum += width)
        {
            SparseWeightF32* weight = weights + starts[channel], last = weights + starts[channel + 1];
            if (weight == last)
                continue;
            V s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            s0 = TLanes.Load(sum);
            if (registers > 1)
                s1 = TLanes.Load(sum + n);
            if (registers > 2)
                s2 = TLanes.Load(sum + (2 * n));
            if (registers > 3)
                s3 = TLanes.Load(sum + (3 * n));
            if (registers > 4)
            {
                s4 = TLanes.Load(sum + (4 * n));
                s5 = TLanes.Load(sum + (5 * n));
            }

            if (registers > 6)
            {
                s6 = TLanes.Load(sum + (6 * n));
                s7 = TLanes.Load(sum + (7 * n));
            }

            for (; weight < last; weight++)
            {
                float* row = rows + (weight->Row * pitch);
                V w = TLanes.Create(weight->Weight);
                s0 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row), s0);
                if (registers > 1)
                    s1 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + n), s1);
                if (registers > 2)
                    s2 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + (2 * n)), s2);
                if (registers > 3)
                    s3 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + (3 * n)), s3);
                if (registers > 4)
                {
                    s4 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + (4 * n)), s4);
                    s5 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + (5 * n)), s5);
                }

                if (registers > 6)
                {
                    s6 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + (6 * n)), s6);
                    s7 = TLanes.FusedMultiplyAdd(w, TLanes.Load(row + (7 * n)), s7);
                }
            }

            TLanes.Store(sum, s0);
            if (registers > 1)
                TLanes.Store(sum + n, s1);
            if (registers > 2)
                TLanes.Store(sum + (2 * n), s2);
            if (registers > 3)
                TLanes.Store(sum + (3 * n), s3);
            if (registers > 4)
            {
                TLanes.Store(sum + (4 * n), s4);
                TLanes.Store(sum + (5 * n), s5);
            }

            if (registers > 6)
            {
                TLanes.Store(sum + (6 * n), s6);
                TLanes.Store(sum + (7 * n), s7);
            }
        }
    }
}

/// <summary>Four rows of four elements, transposed.</summary>
internal readonly unsafe ref struct Square
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Square(float* a, float* b, float* c, float* d)
    {
        if (!Sse.IsSupported)
        {
            A = Vector128.Create(a[0], b[0], c[0], d[0]);
            B = Vector128.Create(a[1], b[1], c[1], d[1]);
            C = Vector128.Create(a[2], b[2], c[2], d[2]);
            D = Vector128.Create(a[3], b[3], c[3], d[3]);
            return;
        }

        Vector128<float> a4 = Vector128.Load(a), b4 = Vector128.Load(b), c4 = Vector128.Load(c), d4 = Vector128.Load(d);
        Vector128<float> ab = Sse.UnpackLow(a4, b4), cd = Sse.UnpackLow(c4, d4);
        A = Sse.MoveLowToHigh(ab, cd);
        B = Sse.MoveHighToLow(cd, ab);
        (ab, cd) = (Sse.UnpackHigh(a4, b4), Sse.UnpackHigh(c4, d4));
        C = Sse.MoveLowToHigh(ab, cd);
        D = Sse.MoveHighToLow(cd, ab);
    }

    public Vector128<float> A { get; }

    public Vector128<float> B { get; }

    public Vector128<float> C { get; }

    public Vector128<float> D { get; }
}
