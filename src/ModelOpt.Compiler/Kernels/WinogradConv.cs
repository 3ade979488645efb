using System.Buffers;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;
using static ModelOpt.Compiler.Kernels.WinogradBlock;

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
    // With fewer channels, transforming costs more than it saves.
    private const int LeastChannels = 16;

    private readonly WinogradPlane _input, _output;

    /// <summary>Prepares a shape that <see cref="Suits"/>.</summary>
    public WinogradConv(in Window2D window)
    {
        (Inputs, Outputs) = (window.InputChannels, window.OutputChannels);
        _input = new(window.InputHeight, window.InputWidth, window.PadTop, window.PadLeft);
        _output = new(window.OutputHeight, window.OutputWidth, 0, 0);
        TilesDown = (_output.Height + Tile - 1) / Tile;
        PitchOfImage = ((_output.Width + Tile - 1) / Tile) + 1;
    }

    /// <summary>Input channels.</summary>
    public int Inputs { get; }

    /// <summary>Output channels.</summary>
    public int Outputs { get; }

    /// <summary>Rows of tiles of an image.</summary>
    public int TilesDown { get; }

    /// <summary>Tiles of a row, and the column that follows each image.</summary>
    public int PitchOfImage { get; }

    /// <summary>Whether a convolution is faster this way.</summary>
    public static bool Suits(in Window2D window, int groups) =>
        groups == 1 && Math.Min(window.InputChannels, window.OutputChannels) >= LeastChannels
        && Math.Min(window.OutputHeight, window.OutputWidth) >= Tile
        && window is { KernelHeight: FilterSide, KernelWidth: FilterSide, StrideHeight: 1, StrideWidth: 1, DilationHeight: 1,
            DilationWidth: 1 };

    /// <summary>The convolution of some images.</summary>
    /// <param name="x">[images, C, H, W].</param>
    /// <param name="w">[M, C, 3, 3].</param>
    /// <param name="bias">[M], or empty.</param>
    /// <param name="y">Takes [images, M, OH, OW].</param>
    public void Convolve(ReadOnlySpan<float> x, ReadOnlySpan<float> w, ReadOnlySpan<float> bias, Span<float> y)
    {
        int images = y.Length / (Outputs * _output.Count);
        WinogradBlock most = new(this, images);
        nint filters = Step(Outputs, Inputs);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)(Products * filters) + most.Elements));
        fixed (float* memory = buffer, source = x, weights = w, shift = bias, target = y)
        {
            float* u = memory, v = u + (Products * filters), products = v + most.InputElements, scratch = products + most.OutputElements;
            WinogradTransforms.Filters(weights, u, Outputs, Inputs);
            for (int first = 0; first < images; first += most.Images)
            {
                WinogradBlock block = most.Of(Math.Min(most.Images, images - first));
                TransformInputs(source + ((nint)first * Inputs * _input.Count), block, v, scratch);
                for (int i = 0; i < Products; i++)
                {
                    var operands = new GemmOperands
                    {
                        K = Inputs, A = u + (i * filters), RowStride = Inputs, ColumnStride = 1, C = products + (i * block.OutputStep),
                        CStride = block.Columns,
                    };
                    var right = new RowsSource(v + (i * block.InputStep), block.Columns);
                    GemmF32.Run(SimdTiers.Best, operands, new GemmEpilogue(), right, Outputs, block.Columns, null);
                }

                for (int m = 0; m < Outputs; m++)
                {
                    WinogradTransforms.Output(products + ((nint)m * block.Columns), block, shift == null ? 0 : shift[m], scratch);
                    for (int n = 0; n < block.Images; n++)
                        block.Join(scratch + (n * PitchOfImage), target + ((((nint)(first + n) * Outputs) + m) * _output.Count), _output);
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
        int images = dy.Length / (Outputs * _output.Count);
        WinogradBlock most = new(this, images);
        nint filters = Step(Inputs, Outputs);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)(Products * filters) + most.Elements));
        fixed (float* memory = buffer, source = x, gradient = dy, target = dw)
        {
            float* u = memory, v = u + (Products * filters), products = v + most.InputElements, scratch = products + most.OutputElements;
            new Span<float>(u, (int)(Products * filters)).Clear();
            for (int first = 0; first < images; first += most.Images)
            {
                WinogradBlock block = most.Of(Math.Min(most.Images, images - first));
                TransformInputs(source + ((nint)first * Inputs * _input.Count), block, v, scratch);
                TransformGradients(gradient + ((nint)first * Outputs * _output.Count), block, products, scratch);
                for (int i = 0; i < Products; i++)
                {
                    var operands = new GemmOperands
                    {
                        K = block.Run, A = v + (i * block.InputStep), RowStride = block.Columns, ColumnStride = 1, C = u + (i * filters),
                        CStride = Outputs,
                    };
                    var right = new MatrixSource(products + (i * block.OutputStep), 1, block.Columns);
                    GemmF32.Run(SimdTiers.Best, operands, new GemmEpilogue { Accumulate = true }, right, Inputs, Outputs, null);
                }
            }

            WinogradTransforms.FilterGradients(u, target, Outputs, Inputs);
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>Bᵀ d B of all tiles: [36][C, tiles].</summary>
    private void TransformInputs(float* x, WinogradBlock block, float* v, float* phases)
    {
        // Every plane writes the same elements and leaves the padding zero.
        new Span<float>(phases, Phases * block.PhaseLength).Clear();
        for (int c = 0; c < Inputs; c++)
        {
            for (int n = 0; n < block.Images; n++)
                block.Split(x + ((((nint)n * Inputs) + c) * _input.Count), _input, phases + (n * PitchOfImage));
            WinogradTransforms.Input(phases, block, v + ((nint)c * block.Columns));
        }
    }

    /// <summary>A ∂Y Aᵀ of all tiles: [36][M, tiles], zero in columns of no use.</summary>
    private void TransformGradients(float* dy, WinogradBlock block, float* products, float* phases)
    {
        new Span<float>(phases, Phases * block.PhaseLength).Clear();
        for (int m = 0; m < Outputs; m++)
        {
            for (int n = 0; n < block.Images; n++)
                block.Split(dy + ((((nint)n * Outputs) + m) * _output.Count), _output, phases + (n * PitchOfImage));
            WinogradTransforms.Gradient(phases, block, products + ((nint)m * block.Columns));
        }
    }
}
