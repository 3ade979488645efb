using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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
                var job = new DepthwiseJob(tier, w, outputs, x, f, b, y);
                if (pool is null)
                    job.ExecuteAll();
                else
                    pool.Run(job, job.Parts);
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
                        GemmF32.Run(tier, operands, epilogue, new MatrixSource(planes, inputPlane, 1), outputs, outputPlane, pool);
                    else
                        GemmF32.Run(tier, operands, epilogue, new PatchSource(planes, w), outputs, outputPlane, pool);
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
                    if ((uint)iy < (uint)w.InputHeight)
                        CopyRun(plane + ((nint)iy * w.InputWidth), (ox * w.StrideWidth) + dx, w.StrideWidth, w.InputWidth, target + j, run);
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

    /// <summary>One part per image and output channel: a plane in, a plane out.</summary>
    private sealed class DepthwiseJob(
        SimdTier tier, Window2D window, int multiplier, float* input, float* weights, float* bias, float* output) : IParallelJob
    {
        public int Parts => window.Batch * window.OutputChannels;

        public void ExecuteAll()
        {
            for (int part = 0; part < Parts; part++)
                Execute(part);
        }

        public void Execute(int part)
        {
            int channel = part % window.OutputChannels;
            float* x = input + ((nint)(part / multiplier) * window.InputHeight * window.InputWidth);
            float* f = weights + ((nint)channel * window.KernelHeight * window.KernelWidth);
            float* y = output + ((nint)part * window.OutputHeight * window.OutputWidth);
            float start = bias == null ? 0 : bias[channel];
            switch (tier)
            {
                case SimdTier.Vector512:
                    Plane<Lanes512, Vector512<float>>(window, x, f, start, y);
                    break;
                case SimdTier.Vector256:
                    Plane<Lanes256, Vector256<float>>(window, x, f, start, y);
                    break;
                case SimdTier.Vector128:
                    Plane<Lanes128, Vector128<float>>(window, x, f, start, y);
                    break;
                default:
                    Plane<Lanes1, float>(window, x, f, start, y);
                    break;
            }
        }
    }

    /// <summary>
    /// One plane, lanes along the output row, tap after tap. For a stride s an input row is first split into its s phases, in
    /// which neighbouring outputs are neighbours. Taps in the padding add nothing and are left out.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Plane<TLanes, V>(in Window2D w, float* x, float* f, float start, float* y)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        int stride = w.StrideWidth, phaseLength = (w.InputWidth + stride - 1) / stride;
        const int onStack = 4096;
        int length = stride * phaseLength;
        float[]? heap = stride > 1 && length > onStack ? new float[length] : null;
        float* memory = stackalloc float[stride > 1 && heap is null ? length : 1];
        fixed (float* large = heap)
        {
            float* phases = heap is null ? memory : large;
            new Span<float>(y, w.OutputHeight * w.OutputWidth).Fill(start);
            for (int oy = 0; oy < w.OutputHeight; oy++)
            {
                float* target = y + ((nint)oy * w.OutputWidth);
                for (int ky = 0; ky < w.KernelHeight; ky++)
                {
                    int iy = (oy * w.StrideHeight) - w.PadTop + (ky * w.DilationHeight);
                    if ((uint)iy >= (uint)w.InputHeight)
                        continue;
                    float* row = x + ((nint)iy * w.InputWidth);
                    if (stride > 1)
                    {
                        for (int phase = 0; phase < stride; phase++)
                        {
                            float* to = phases + (phase * phaseLength);
                            for (int i = 0, from = phase; from < w.InputWidth; i++, from += stride)
                                to[i] = row[from];
                        }
                    }

                    for (int kx = 0; kx < w.KernelWidth; kx++)
                    {
                        // Input column ox·stride + dx is element ox + shift of the phase.
                        int dx = (kx * w.DilationWidth) - w.PadLeft;
                        int phase = ((dx % stride) + stride) % stride, shift = (dx - phase) / stride;
                        int available = (w.InputWidth - phase + stride - 1) / stride;
                        int begin = Math.Clamp(-shift, 0, w.OutputWidth);
                        int end = Math.Clamp(available - shift, begin, w.OutputWidth);
                        float* source = stride > 1 ? phases + (phase * phaseLength) + shift : row + shift;
                        AddTap<TLanes, V>(source, f[(ky * w.KernelWidth) + kx], target, begin, end);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTap<TLanes, V>(float* source, float weight, float* target, int begin, int end)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V factor = TLanes.Create(weight);
        int i = begin;
        for (; i <= end - TLanes.Count; i += TLanes.Count)
            TLanes.Store(target + i, TLanes.FusedMultiplyAdd(TLanes.Load(source + i), factor, TLanes.Load(target + i)));
        for (; i < end; i++)
            target[i] = MathF.FusedMultiplyAdd(source[i], weight, target[i]);
    }
}
