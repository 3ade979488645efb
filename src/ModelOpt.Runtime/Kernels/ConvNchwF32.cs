using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// float32 convolution in ONNX's layout: input [N, C, H, W], weights [M, C/groups, KH, KW], output [N, M, OH, OW].
/// Each output is the sequential fused multiply-add over (channel, ky, kx) from the bias on, so its bits depend on neither
/// machine nor threads. Calibration and the compiler's interpreter run on it.
/// </summary>
internal static unsafe class ConvNchwF32
{
    /// <summary>Computes the convolution; channels and sizes stand in <paramref name="window"/>.</summary>
    /// <param name="window">Shape of the operation (its layout is not used).</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weights">[M, C/groups, KH, KW].</param>
    /// <param name="bias">[M], or empty.</param>
    /// <param name="output">[N, M, OH, OW].</param>
    /// <param name="pool">Threads to work on, or null.</param>
    /// <exception cref="ArgumentException">A span does not have the size that the shape gives it.</exception>
    public static void Run(
        in Window2D window, int groups, ReadOnlySpan<float> input, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias,
        Span<float> output, WorkerPool? pool = null) =>
        Run(SimdTiers.Best, window, groups, input, weights, bias, output, pool);

    /// <summary>The same on a chosen tier.</summary>
    internal static void Run(
        SimdTier tier, in Window2D window, int groups, ReadOnlySpan<float> input, ReadOnlySpan<float> weights,
        ReadOnlySpan<float> bias, Span<float> output, WorkerPool? pool)
    {
        Window2D w = window;
        if (groups <= 0 || w.InputChannels % groups != 0 || w.OutputChannels % groups != 0)
            throw new ArgumentException("The groups do not divide the channels.", nameof(groups));
        int inputs = w.InputChannels / groups, outputs = w.OutputChannels / groups;
        int k = inputs * w.KernelHeight * w.KernelWidth;
        int inputPlane = w.InputHeight * w.InputWidth, outputPlane = w.OutputHeight * w.OutputWidth;
        Check(input.Length, (long)w.Batch * w.InputChannels * inputPlane, nameof(input));
        Check(weights.Length, (long)w.OutputChannels * k, nameof(weights));
        Check(output.Length, (long)w.Batch * w.OutputChannels * outputPlane, nameof(output));
        if (!bias.IsEmpty)
            Check(bias.Length, w.OutputChannels, nameof(bias));
        if (output.IsEmpty)
            return;

        fixed (float* x = input, f = weights, b = bias, y = output)
        {
            if (inputs == 1)
            {
                var job = new DepthwisePlaneF32(tier, w, x, f, b, y);
                if (pool is not null)
                    pool.Run(job, job.Parts);
                for (int part = 0; pool is null && part < job.Parts; part++)
                    job.Execute(part);
                return;
            }

            for (int image = 0; image < w.Batch; image++)
            {
                for (int group = 0; group < groups; group++)
                {
                    var operands = new GemmOperands
                    {
                        K = k,
                        A = f + ((nint)group * outputs * k),
                        RowStride = k,
                        ColumnStride = 1,
                        C = y + ((((nint)image * groups) + group) * outputs * outputPlane),
                        CStride = outputPlane,
                    };
                    var epilogue = new GemmEpilogue { RowBias = b == null ? null : b + (group * outputs) };
                    float* planes = x + ((((nint)image * groups) + group) * inputs * inputPlane);
                    if (w.IsPointwise)
                    {
                        var source = new MatrixSource(planes, inputPlane, 1);
                        GemmF32.Run(tier, operands, epilogue, source, outputs, outputPlane, pool);
                    }
                    else
                    {
                        GemmF32.Run(tier, operands, epilogue, new PatchSource(planes, w), outputs, outputPlane, pool);
                    }
                }
            }
        }
    }

    private static void Check(int length, long expected, string name)
    {
        if (length != expected)
            throw new ArgumentException($"{length} elements where the shape has {expected}.", name);
    }

    /// <summary>The matrix of patches [C·KH·KW, OH·OW] of one image's planes, never stored as a whole.</summary>
    private readonly struct PatchSource(float* planes, Window2D window) : IPanelSource
    {
        public int Registers => GemmF32.CopiedRegisters;

        public bool IsInPlace => false;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public float* Panel(int k0, int kc, int column, int columns, int width, float* scratch)
        {
            Window2D w = window;
            int taps = w.KernelHeight * w.KernelWidth;
            for (int p = 0; p < kc; p++)
            {
                int channel = (k0 + p) / taps, tap = (k0 + p) % taps;
                int dy = (tap / w.KernelWidth * w.DilationHeight) - w.PadTop;
                int dx = (tap % w.KernelWidth * w.DilationWidth) - w.PadLeft;
                float* plane = planes + ((nint)channel * w.InputHeight * w.InputWidth);
                float* target = scratch + (p * width);
                int oy = column / w.OutputWidth, ox = column % w.OutputWidth;
                for (int j = 0; j < columns;)
                {
                    int run = Math.Min(columns - j, w.OutputWidth - ox);
                    int iy = (oy * w.StrideHeight) + dy;
                    float* row = plane + ((nint)iy * w.InputWidth);
                    if ((uint)iy < (uint)w.InputHeight)
                        CopyRun(row, (ox * w.StrideWidth) + dx, w.StrideWidth, w.InputWidth, target + j, run);
                    else
                        new Span<float>(target + j, run).Clear();
                    j += run;
                    ox = 0;
                    oy++;
                }

                new Span<float>(target + columns, width - columns).Clear();
            }

            return scratch;
        }

        /// <summary>target[i] = row[first + i·stride], zero outside of the row.</summary>
        private static void CopyRun(float* row, int first, int stride, int length, float* target, int count)
        {
            int begin = first >= 0 ? 0 : Math.Min(count, (-first + stride - 1) / stride);
            int end = first >= length ? begin : Math.Clamp(((length - 1 - first) / stride) + 1, begin, count);
            new Span<float>(target, begin).Clear();
            new Span<float>(target + end, count - end).Clear();
            if (stride == 1)
            {
                new Span<float>(row + first + begin, end - begin).CopyTo(new Span<float>(target + begin, end - begin));
                return;
            }

            for (int i = begin; i < end; i++)
                target[i] = row[first + (i * stride)];
        }
    }
}
