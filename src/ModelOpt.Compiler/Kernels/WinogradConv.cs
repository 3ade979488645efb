using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Depthwise;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;
using Lanes = System.Runtime.Intrinsics.Vector512<float>;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// Convolutions of 3 × 3 with stride 1 by minimal filtering F(4×4, 3×3): tiles of 4 × 4 outputs take 36 multiplications instead of 144
/// (Winograd 1980; Lavin and Gray 2016), Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, which are 36 matrix products over the channels. The gradient
/// of the weights is Gᵀ[(Bᵀ d B) ⊙ (A ∂Y Aᵀ)]G. Float32 loses about a digit against direct convolutions, which is little beside the
/// noise of a training step. Every sum has one order and nothing is fused, so that bits depend on neither machine nor threads.
/// </summary>
/// <remarks>
/// Planes are split into the 4 × 4 phases of tiles: what all tiles have at one place is then one run of elements, and so is what they
/// become. Rows of tiles of some images lie side by side, each image followed by a column that only the tile before it reads.
/// </remarks>
internal sealed unsafe class WinogradConv
{
    private const int Tile = 4, FilterSide = 3, Side = Tile + FilterSide - 1;
    private const int Phases = Tile * Tile, Products = Side * Side, Taps = FilterSide * FilterSide;

    // Transformed inputs and products of the images that are computed at a time should stay in the second-level cache, in elements.
    private const int BlockElements = 230_000;

    // With fewer channels, transforming takes longer than what it saves.
    private const int LeastChannels = 16;

    private readonly int inputs, outputs, inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft;
    private readonly int tilesDown, pitchOfImage;

    /// <summary>Prepares a shape that <see cref="Suits"/>.</summary>
    /// <param name="window">Shape of the convolution.</param>
    public WinogradConv(in Window2D window)
    {
        (inputs, outputs, padTop, padLeft) = (window.InputChannels, window.OutputChannels, window.PadTop, window.PadLeft);
        (inputHeight, inputWidth, outputHeight, outputWidth) = (window.InputHeight, window.InputWidth, window.OutputHeight, window.OutputWidth);
        tilesDown = (outputHeight + Tile - 1) / Tile;
        pitchOfImage = ((outputWidth + Tile - 1) / Tile) + 1;
    }

    /// <summary>Whether a convolution is faster this way.</summary>
    /// <param name="window">Its shape.</param>
    /// <param name="groups">Its groups.</param>
    public static bool Suits(in Window2D window, int groups) =>
        groups == 1 && Math.Min(window.InputChannels, window.OutputChannels) >= LeastChannels && Math.Min(window.OutputHeight, window.OutputWidth) >= Tile
        && window is { KernelHeight: FilterSide, KernelWidth: FilterSide, StrideHeight: 1, StrideWidth: 1, DilationHeight: 1, DilationWidth: 1 };

    /// <summary>The convolution of some images.</summary>
    /// <param name="x">[images, C, H, W].</param>
    /// <param name="w">[M, C, 3, 3].</param>
    /// <param name="bias">[M], or empty.</param>
    /// <param name="y">Takes [images, M, OH, OW].</param>
    public void Convolve(ReadOnlySpan<float> x, ReadOnlySpan<float> w, ReadOnlySpan<float> bias, Span<float> y)
    {
        int images = y.Length / (outputs * outputHeight * outputWidth);
        Block most = new(this, images);
        nint filters = Step(outputs, inputs);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)(Products * filters) + most.Elements));
        fixed (float* memory = buffer, source = x, weights = w, shift = bias, target = y)
        {
            float* u = memory, v = u + (Products * filters), products = v + most.InputElements, scratch = products + most.OutputElements;
            TransformFilters(weights, u);
            for (int first = 0; first < images; first += most.Images)
            {
                Block block = most.Of(Math.Min(most.Images, images - first));
                TransformInputs(source + ((nint)first * inputs * inputHeight * inputWidth), block, v, scratch);
                for (int i = 0; i < Products; i++)
                {
                    var operands = new GemmOperands
                    {
                        K = inputs, A = u + (i * filters), RowStride = inputs, ColumnStride = 1, C = products + (i * block.OutputStep), CStride = block.Columns,
                    };
                    var right = new RowsSource(v + (i * block.InputStep), block.Columns);
                    GemmF32.Run(SimdTiers.Best, operands, new GemmEpilogue(), right, outputs, block.Columns, null);
                }

                for (int m = 0; m < outputs; m++)
                {
                    TransformOutput(products + ((nint)m * block.Columns), block, shift == null ? 0 : shift[m], scratch);
                    for (int n = 0; n < block.Images; n++)
                        Join(scratch + (n * pitchOfImage), block, target + ((((nint)(first + n) * outputs) + m) * outputHeight * outputWidth));
                }
            }
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>The gradient of the weights from some images.</summary>
    /// <param name="x">[images, C, H, W].</param>
    /// <param name="dy">[images, M, OH, OW].</param>
    /// <param name="dw">Takes [C, 3, 3, M].</param>
    public void Weights(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dw)
    {
        int images = dy.Length / (outputs * outputHeight * outputWidth);
        Block most = new(this, images);
        nint filters = Step(inputs, outputs);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)(Products * filters) + most.Elements));
        fixed (float* memory = buffer, source = x, gradient = dy, target = dw)
        {
            float* u = memory, v = u + (Products * filters), products = v + most.InputElements, scratch = products + most.OutputElements;
            new Span<float>(u, (int)(Products * filters)).Clear();
            for (int first = 0; first < images; first += most.Images)
            {
                Block block = most.Of(Math.Min(most.Images, images - first));
                TransformInputs(source + ((nint)first * inputs * inputHeight * inputWidth), block, v, scratch);
                TransformGradients(gradient + ((nint)first * outputs * outputHeight * outputWidth), block, products, scratch);
                for (int i = 0; i < Products; i++)
                {
                    var operands = new GemmOperands
                    {
                        K = block.Run, A = v + (i * block.InputStep), RowStride = block.Columns, ColumnStride = 1, C = u + (i * filters), CStride = outputs,
                    };
                    var right = new MatrixSource(products + (i * block.OutputStep), 1, block.Columns);
                    GemmF32.Run(SimdTiers.Best, operands, new GemmEpilogue { Accumulate = true }, right, inputs, outputs, null);
                }
            }

            TransformFilterGradients(u, target);
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    private static int Padded(int columns) => (columns + Lanes.Count - 1) / Lanes.Count * Lanes.Count;

    // From the matrix of one product to the next: vectors may reach beyond its end.
    private static nint Step(int rows, int columns) => ((nint)rows * columns) + Lanes.Count;

    /// <summary>Bᵀ d B of all tiles: [36][C, tiles].</summary>
    private void TransformInputs(float* x, Block block, float* v, float* phases)
    {
        // Every plane writes to the same places, and leaves those of the padding zero.
        new Span<float>(phases, Phases * block.PhaseLength).Clear();
        for (int c = 0; c < inputs; c++)
        {
            for (int n = 0; n < block.Images; n++)
                Split(x + ((((nint)n * inputs) + c) * inputHeight * inputWidth), inputHeight, inputWidth, padTop, padLeft, phases + (n * pitchOfImage), block);
            TransformInput(phases, block, v + ((nint)c * block.Columns));
        }
    }

    /// <summary>A ∂Y Aᵀ of all tiles: [36][M, tiles], zero in columns of no use.</summary>
    private void TransformGradients(float* dy, Block block, float* products, float* phases)
    {
        new Span<float>(phases, Phases * block.PhaseLength).Clear();
        for (int m = 0; m < outputs; m++)
        {
            for (int n = 0; n < block.Images; n++)
                Split(dy + ((((nint)n * outputs) + m) * outputHeight * outputWidth), outputHeight, outputWidth, 0, 0, phases + (n * pitchOfImage), block);
            TransformGradient(phases, block, products + ((nint)m * block.Columns));
        }
    }

    /// <summary>Puts a plane into its phases: row y, column x of the padded plane is at (y / 4, x / 4) of phase (y mod 4, x mod 4).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(float* plane, int height, int width, int padTop, int padLeft, float* phases, Block block)
    {
        nint phase = block.PhaseLength;
        for (int y = 0; y < height; y++, plane += width)
        {
            float* row = phases + ((y + padTop) % Tile * Tile * phase) + ((y + padTop) / Tile * block.Pitch);
            float* p0 = row + (padLeft % Tile * phase) + (padLeft / Tile), p1 = row + ((padLeft + 1) % Tile * phase) + ((padLeft + 1) / Tile);
            float* p2 = row + ((padLeft + 2) % Tile * phase) + ((padLeft + 2) / Tile), p3 = row + ((padLeft + 3) % Tile * phase) + ((padLeft + 3) / Tile);
            int x = 0;
            for (; Sse.IsSupported && x <= width - Phases; x += Phases, p0 += Tile, p1 += Tile, p2 += Tile, p3 += Tile)
            {
                (Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) = Transposed(
                    Vector128.Load(plane + x), Vector128.Load(plane + x + 4), Vector128.Load(plane + x + 8), Vector128.Load(plane + x + 12));
                a.Store(p0);
                b.Store(p1);
                c.Store(p2);
                d.Store(p3);
            }

            for (; x <= width - Tile; x += Tile)
                (*p0++, *p1++, *p2++, *p3++) = (plane[x], plane[x + 1], plane[x + 2], plane[x + 3]);
            if (x < width) *p0 = plane[x];
            if (x + 1 < width) *p1 = plane[x + 1];
            if (x + 2 < width) *p2 = plane[x + 2];
        }
    }

    /// <summary>Makes a plane of the phases of an output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Join(float* phases, Block block, float* plane)
    {
        nint phase = block.Columns;
        for (int y = 0; y < outputHeight; y++, plane += outputWidth)
        {
            float* p0 = phases + (y % Tile * Tile * phase) + (y / Tile * block.Pitch), p1 = p0 + phase, p2 = p1 + phase, p3 = p2 + phase;
            int x = 0;
            for (; Sse.IsSupported && x <= outputWidth - Phases; x += Phases, p0 += Tile, p1 += Tile, p2 += Tile, p3 += Tile)
            {
                (Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) = Transposed(
                    Vector128.Load(p0), Vector128.Load(p1), Vector128.Load(p2), Vector128.Load(p3));
                a.Store(plane + x);
                b.Store(plane + x + 4);
                c.Store(plane + x + 8);
                d.Store(plane + x + 12);
            }

            for (; x <= outputWidth - Tile; x += Tile)
                (plane[x], plane[x + 1], plane[x + 2], plane[x + 3]) = (*p0++, *p1++, *p2++, *p3++);
            if (x < outputWidth) plane[x] = *p0;
            if (x + 1 < outputWidth) plane[x + 1] = *p1;
            if (x + 2 < outputWidth) plane[x + 2] = *p2;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> A, Vector128<float> B, Vector128<float> C, Vector128<float> D) Transposed(
        Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
    {
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), abHigh = Sse.UnpackHigh(a, b), cdHigh = Sse.UnpackHigh(c, d);
        return (Sse.MoveLowToHigh(ab, cd), Sse.MoveHighToLow(cd, ab), Sse.MoveLowToHigh(abHigh, cdHigh), Sse.MoveHighToLow(cdHigh, abHigh));
    }

    /// <summary>Bᵀ d B of the tiles of a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformInput(float* phases, Block block, float* v)
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
                    Vector512.Load(column + (3 * Tile * phase)), Vector512.Load(column + block.Pitch), Vector512.Load(column + (Tile * phase) + block.Pitch),
                    half + (b * Lanes.Count), Side * Lanes.Count);
            }

            for (int a = 0; a < Side; a++)
            {
                float* row = half + (a * Side * Lanes.Count);
                Multiply(
                    Vector512.Load(row), Vector512.Load(row + Lanes.Count), Vector512.Load(row + (2 * Lanes.Count)), Vector512.Load(row + (3 * Lanes.Count)),
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
    private static void TransformOutput(float* products, Block block, float bias, float* phases)
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
    private static void TransformGradient(float* phases, Block block, float* products)
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
    private void TransformFilters(float* w, float* u)
    {
        int filters = outputs * inputs;
        nint step = Step(outputs, inputs);
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
            Lanes sum = sixth * (x0 + x2), middle = sixth * x1, outer = sixth * ((quarter * x0) + x2), half = middle * Vector512.Create(0.5f);
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
    private void TransformFilterGradients(float* u, float* dw)
    {
        nint step = Step(inputs, outputs);
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

    /// <summary>Images that are computed together, and how they lie in memory.</summary>
    private readonly struct Block
    {
        private readonly WinogradConv conv;

        /// <summary>As many images as are best computed together.</summary>
        public Block(WinogradConv conv, int images)
        {
            int fitting = Math.Max(1, BlockElements / (Products * (conv.inputs + conv.outputs) * conv.tilesDown * conv.pitchOfImage));
            int blocks = Math.Max(1, (images + fitting - 1) / fitting);
            this = new Block(conv, (images + blocks - 1) / blocks, conv.tilesDown);
        }

        private Block(WinogradConv conv, int images, int tilesDown)
        {
            (this.conv, Images) = (conv, images);
            Pitch = images * conv.pitchOfImage;
            Run = (tilesDown * Pitch) - 1;
            Columns = Padded(Run);
            PhaseLength = ((tilesDown + 1) * Pitch) + (2 * Lanes.Count);
            (InputStep, OutputStep) = (Step(conv.inputs, Columns), Step(conv.outputs, Columns));
        }

        public int Images { get; }

        /// <summary>From one row of tiles to the next.</summary>
        public int Pitch { get; }

        /// <summary>From the first tile to the last.</summary>
        public int Run { get; }

        /// <summary>Of the matrices: the run, in whole vectors.</summary>
        public int Columns { get; }

        public int PhaseLength { get; }

        public nint InputStep { get; }

        public nint OutputStep { get; }

        public int InputElements => checked((int)(Products * InputStep));

        public int OutputElements => checked((int)(Products * OutputStep));

        public int Elements => checked(InputElements + OutputElements + (Phases * Math.Max(PhaseLength, Columns)) + Lanes.Count);

        /// <summary>The same for another number of images.</summary>
        public Block Of(int images) => images == Images ? this : new Block(conv, images, conv.tilesDown);
    }
}
