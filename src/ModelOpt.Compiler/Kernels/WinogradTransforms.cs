using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static ModelOpt.Compiler.Kernels.WinogradBlock;
using Lanes = System.Runtime.Intrinsics.Vector512<float>;

namespace ModelOpt.Compiler.Kernels;

/// <summary>The transforms of minimal filtering F(4×4, 3×3), of sixteen tiles or filters at a time; no sum is fused.</summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Bᵀ d B of the tiles of a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float* phases, WinogradBlock block, float* v)
    {
        nint phase = block.PhaseLength, step = block.InputStep;
        float* half = stackalloc float[Products * Lanes.Count];
        for (int t = 0; t < block.Run; t += Lanes.Count, phases += Lanes.Count, v += Lanes.Count)
        {
            for (int b = 0; b < Side; b++)
            {
                float* column = phases + (b % Tile * phase) + (b / Tile);
                Multiply(
                    Vector512.Load(column), Vector512.Load(column + (Tile * phase)), Vector512.Load(column + (2 * Tile * phase)),
                    Vector512.Load(column + (3 * Tile * phase)), Vector512.Load(column + block.Pitch),
                    Vector512.Load(column + (Tile * phase) + block.Pitch),
                    half + (b * Lanes.Count), Side * Lanes.Count);
            }

            for (int a = 0; a < Side; a++)
            {
                float* row = half + (a * Side * Lanes.Count);
                Multiply(
                    Vector512.Load(row), Vector512.Load(row + Lanes.Count), Vector512.Load(row + (2 * Lanes.Count)),
                    Vector512.Load(row + (3 * Lanes.Count)),
                    Vector512.Load(row + (4 * Lanes.Count)), Vector512.Load(row + (5 * Lanes.Count)), v + (a * Side * step), step);
            }
        }

        // Bᵀ x.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Multiply(Lanes x0, Lanes x1, Lanes x2, Lanes x3, Lanes x4, Lanes x5, float* to, nint step)
        {
            Lanes four = Vector512.Create(4f), five = Vector512.Create(5f);
            Lanes even = x4 - (four * x2), odd = x3 - (four * x1), difference = x4 - x2, twice = x3 - x1;
            twice += twice;
            ((four * x0) - (five * x2) + x4).Store(to);
            (even + odd).Store(to + step);
            (even - odd).Store(to + (2 * step));
            (difference + twice).Store(to + (3 * step));
            (difference - twice).Store(to + (4 * step));
            ((four * x1) - (five * x3) + x5).Store(to + (5 * step));
        }
    }

    /// <summary>Aᵀ m A of the tiles of an output: the phases of its plane, each as long as the columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* products, WinogradBlock block, float bias, float* phases)
    {
        nint step = block.OutputStep, phase = block.Columns;
        float* half = stackalloc float[Tile * Side * Lanes.Count];
        for (int t = 0; t < block.Run; t += Lanes.Count, products += Lanes.Count, phases += Lanes.Count)
        {
            for (int b = 0; b < Side; b++)
                Multiply(products + (b * step), Side * step, default, half + (b * Lanes.Count), Side * Lanes.Count);
            for (int a = 0; a < Tile; a++)
                Multiply(half + (a * Side * Lanes.Count), Lanes.Count, Vector512.Create(bias), phases + (a * Tile * phase), phase);
        }

        // Aᵀ x + shift.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Multiply(float* from, nint fromStep, Lanes shift, float* to, nint step)
        {
            Lanes x1 = Vector512.Load(from + fromStep), x2 = Vector512.Load(from + (2 * fromStep));
            Lanes x3 = Vector512.Load(from + (3 * fromStep)), x4 = Vector512.Load(from + (4 * fromStep));
            Lanes sum = x1 + x2 + shift, difference = x1 - x2 + shift, outer = x3 + x4, twice = x3 - x4;
            twice += twice;
            Lanes four = Vector512.Create(4f);
            (Vector512.Load(from) + sum + outer).Store(to);
            (difference + twice).Store(to + step);
            (sum + (four * outer)).Store(to + (2 * step));
            (difference + (four * twice) + Vector512.Load(from + (5 * fromStep))).Store(to + (3 * step));
        }
    }

    /// <summary>A ∂Y Aᵀ of the tiles of an output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(float* phases, WinogradBlock block, float* products)
    {
        nint phase = block.PhaseLength, step = block.OutputStep;
        float* half = stackalloc float[Side * Tile * Lanes.Count];
        for (int t = 0; t < block.Run; t += Lanes.Count, phases += Lanes.Count, products += Lanes.Count)
        {
            for (int b = 0; b < Tile; b++)
                Multiply(phases + (b * phase), Tile * phase, half + (b * Lanes.Count), Tile * Lanes.Count);
            for (int a = 0; a < Side; a++)
                Multiply(half + (a * Tile * Lanes.Count), Lanes.Count, products + (a * Side * step), step);
        }

        // A x.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Multiply(float* from, nint fromStep, float* to, nint step)
        {
            Lanes x0 = Vector512.Load(from), x1 = Vector512.Load(from + fromStep);
            Lanes x2 = Vector512.Load(from + (2 * fromStep)), x3 = Vector512.Load(from + (3 * fromStep));
            Lanes four = Vector512.Create(4f);
            Lanes even = x0 + x2, odd = x1 + x3, evenTwice = x0 + (four * x2), oddTwice = x1 + (four * x3);
            oddTwice += oddTwice;
            x0.Store(to);
            (even + odd).Store(to + step);
            (even - odd).Store(to + (2 * step));
            (evenTwice + oddTwice).Store(to + (3 * step));
            (evenTwice - oddTwice).Store(to + (4 * step));
            x3.Store(to + (5 * step));
        }
    }

    /// <summary>G g Gᵀ of all filters: [36][M, C].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Filters(float* w, float* u, int outputs, int inputs)
    {
        int filters = outputs * inputs;
        nint step = WinogradBlock.Step(outputs, inputs);
        float* taps = stackalloc float[Taps * Lanes.Count], half = stackalloc float[Side * FilterSide * Lanes.Count];
        for (int first = 0; first < filters; first += Lanes.Count, u += Lanes.Count)
        {
            for (int i = 0; i < Lanes.Count; i++)
            {
                float* filter = w + ((nint)Math.Min(first + i, filters - 1) * Taps);
                for (int t = 0; t < Taps; t++) taps[(t * Lanes.Count) + i] = filter[t];
            }

            for (int b = 0; b < FilterSide; b++)
                Multiply(taps + (b * Lanes.Count), FilterSide * Lanes.Count, half + (b * Lanes.Count), FilterSide * Lanes.Count);
            for (int a = 0; a < Side; a++)
                Multiply(half + (a * FilterSide * Lanes.Count), Lanes.Count, u + (a * Side * step), step);
        }

        // G x.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Multiply(float* from, nint fromStep, float* to, nint step)
        {
            Lanes x0 = Vector512.Load(from), x1 = Vector512.Load(from + fromStep), x2 = Vector512.Load(from + (2 * fromStep));
            Lanes quarter = Vector512.Create(0.25f), sixth = Vector512.Create(1 / 6f);
            Lanes sum = sixth * (x0 + x2), middle = sixth * x1, outer = sixth * ((quarter * x0) + x2),
                half = middle * Vector512.Create(0.5f);
            (quarter * x0).Store(to);
            (-(sum + middle)).Store(to + step);
            (middle - sum).Store(to + (2 * step));
            (outer + half).Store(to + (3 * step));
            (outer - half).Store(to + (4 * step));
            x2.Store(to + (5 * step));
        }
    }

    /// <summary>Gᵀ u G of all filters: from [36][C, M] to [C, 3, 3, M].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FilterGradients(float* u, float* dw, int outputs, int inputs)
    {
        nint step = WinogradBlock.Step(inputs, outputs);
        float* half = stackalloc float[FilterSide * Side * Lanes.Count], taps = stackalloc float[Taps * Lanes.Count];
        for (int c = 0; c < inputs; c++, u += outputs, dw += Taps * outputs)
        {
            for (int m = 0; m < outputs; m += Lanes.Count)
            {
                for (int b = 0; b < Side; b++)
                    Multiply(u + m + (b * step), Side * step, half + (b * Lanes.Count), Side * Lanes.Count);
                for (int a = 0; a < FilterSide; a++)
                    Multiply(half + (a * Side * Lanes.Count), Lanes.Count, taps + (a * FilterSide * Lanes.Count), Lanes.Count);
                int count = Math.Min(Lanes.Count, outputs - m);
                for (int t = 0; t < Taps; t++)
                    new Span<float>(taps + (t * Lanes.Count), count).CopyTo(new Span<float>(dw + (t * outputs) + m, count));
            }
        }

        // Gᵀ x.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Multiply(float* from, nint fromStep, float* to, nint step)
        {
            Lanes x1 = Vector512.Load(from + fromStep), x2 = Vector512.Load(from + (2 * fromStep));
            Lanes x3 = Vector512.Load(from + (3 * fromStep)), x4 = Vector512.Load(from + (4 * fromStep));
            Lanes quarter = Vector512.Create(0.25f), sixth = Vector512.Create(1 / 6f), half = Vector512.Create(0.5f);
            Lanes sum = x1 + x2, outer = x3 + x4;
            ((quarter * Vector512.Load(from)) + (sixth * ((quarter * outer) - sum))).Store(to);
            (sixth * ((half * (x3 - x4)) + (x2 - x1))).Store(to + step);
            ((sixth * (outer - sum)) + Vector512.Load(from + (5 * fromStep))).Store(to + (2 * step));
        }
    }
}
