using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// float32 convolution in ONNX's layout: input [N, C, H, W], weights [M, C/groups, KH, KW], output [N, M, OH, OW].
/// Each output is the sequential fused multiply-add over (channel, ky, kx) from the bias on, so its bits depend on neither
/// machine nor threads. Calibration and the compiler's interpreter run on it.
/// </summary>
internal static unsafe class ConvNchwF32
{
    /// <summary>Computes the convolution.</summary>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weights">[M, C/groups, KH, KW].</param>
    /// <param name="bias">[M], or empty.</param>
    /// <param name="output">[N, M, OH, OW].</param>
    /// <param name="pool">Threads to work on, or null.</param>
    /// <exception cref="ArgumentException">A span does not have the size that the shape gives it.</exception>
    public static void Run(
        in ConvShape shape, ReadOnlySpan<float> input, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, Span<float> output,
        WorkerPool? pool = null) => Run(SimdTiers.Best, shape, input, weights, bias, output, pool);

    /// <summary>The same on a chosen tier.</summary>
    internal static void Run(
        SimdTier tier, in ConvShape shape, ReadOnlySpan<float> input, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias,
        Span<float> output, WorkerPool? pool)
    {
        (Window2D w, int groups) = shape;
        if (groups <= 0 || w.InputChannels % groups != 0 || w.OutputChannels % groups != 0)
            throw new ArgumentException("The groups do not divide the channels.", nameof(shape));
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
            if (inputs == 1 && outputs == 1)
            {
                var job = new DepthwiseNchwF32(tier, w, x, f, b, y);
                Run(pool, job.Parts, job);
                return;
            }

            if (inputs == 1)
            {
                var job = new DepthwisePlaneF32(tier, w, x, f, b, y);
                Run(pool, job.Parts, job);
                return;
            }

            for (int image = 0; image < w.Batch * groups; image++)
            {
                float* from = x + ((nint)image * inputs * inputPlane), to = y + ((nint)image * outputs * outputPlane);
                var operands = new GemmOperands
                {
                    K = k,
                    A = f + ((nint)(image % groups) * outputs * k),
                    RowStride = k,
                    ColumnStride = 1,
                    C = to,
                    CStride = outputPlane,
                };
                var epilogue = new GemmEpilogue { RowBias = b == null ? null : b + (image % groups * outputs) };
                if (w.IsPointwise)
                    GemmF32.Run(tier, operands, epilogue, new MatrixSource(from, inputPlane, 1), outputs, outputPlane, pool);
                else
                    Run(tier, w, from, inputs, operands, epilogue, outputs, pool);
            }
        }
    }

    /// <summary>One image's planes of a group, laid out as <see cref="PaddedPlanes"/>.</summary>
    private static void Run(
        SimdTier tier, in Window2D window, float* input, int inputs, GemmOperands operands, in GemmEpilogue epilogue, int outputs,
        WorkerPool? pool)
    {
        var planes = new PaddedPlanes(window);
        int taps = window.KernelHeight * window.KernelWidth, run = planes.Run;
        int block = RowSource.Block(tier, window.OutputWidth);
        bool byRows = block > 0 && planes.Pitch > window.OutputWidth, direct = byRows || planes.Pitch == window.OutputWidth;
        long length = ((long)inputs * planes.PlaneLength) + PaddedPlanes.Slack + (direct ? 0 : (long)outputs * run);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)length));
        int[] offsets = ArrayPool<int>.Shared.Rent(inputs * taps);
        for (int tap = 0; tap < taps; tap++)
            offsets[tap] = planes.Offset(tap / window.KernelWidth, tap % window.KernelWidth);
        for (int p = taps; p < inputs * taps; p++)
            offsets[p] = offsets[p - taps] + planes.PlaneLength;
        fixed (float* memory = buffer)
        fixed (int* where = offsets)
        {
            nint plane = (nint)window.InputHeight * window.InputWidth, outputPlane = operands.CStride;
            float* result = memory + ((nint)inputs * planes.PlaneLength) + PaddedPlanes.Slack, target = operands.C;
            Run(pool, inputs, new PlaneJob(planes, input, plane, memory, planes.PlaneLength, true));
            if (!direct)
            {
                operands.C = result;
                operands.CStride = run;
            }

            if (byRows)
                GemmF32.Run(tier, operands, epilogue, new RowSource(memory, where, window, planes.Pitch, block), outputs, (int)outputPlane,
                    pool);
            else
                GemmF32.Run(tier, operands, epilogue, new PlaneSource(memory, where), outputs, run, pool);
            if (!direct)
                Run(pool, outputs, new PlaneJob(planes, result, run, target, outputPlane, false));
        }

        ArrayPool<int>.Shared.Return(offsets);
        ArrayPool<float>.Shared.Return(buffer);
    }

    private static void Run(WorkerPool? pool, int parts, IParallelJob job)
    {
        if (pool is not null)
            pool.Run(job, parts);
        for (int part = 0; pool is null && part < parts; part++)
            job.Execute(part);
    }

    private static void Check(int length, long expected, string name)
    {
        if (length != expected)
            throw new ArgumentException($"{length} elements where the shape has {expected}.", name);
    }

    /// <summary>Splits planes into their phases, or joins the rows of results.</summary>
    private sealed class PlaneJob(PaddedPlanes planes, float* from, nint fromStep, float* to, nint toStep, bool split) : IParallelJob
    {
        public void Execute(int part)
        {
            if (split)
                planes.Split(from + (part * fromStep), to + (part * toStep));
            else
                planes.Join(from + (part * fromStep), to + (part * toStep));
        }
    }

    /// <summary>The matrix of patches [C·KH·KW, run], each row of which is a run of elements of a phase.</summary>
    private readonly struct PlaneSource(float* phases, int* offsets) : IPanelSource
    {
        public int Registers => GemmF32.CopiedRegisters;

        public bool IsInPlace => false;

        public nint Stride(int width) => width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public float* Panel(int k0, int kc, int column, int columns, int width, float* scratch)
        {
            float* from = phases + column, to = scratch;
            for (int p = 0; p < kc; p++, to += width)
            {
                float* row = from + offsets[k0 + p];
                int j = 0;
                for (; j <= width - 16; j += 16)
                    Vector512.Load(row + j).Store(to + j);
                for (; j < width; j++)
                    to[j] = row[j];
            }

            return scratch;
        }
    }

    /// <summary>
    /// The matrix of patches [C·KH·KW, OH·OW]: blocks of outputs, none of which passes the end of a row, so that nothing is computed for
    /// what lies between rows.
    /// </summary>
    private readonly struct RowSource(float* phases, int* offsets, Window2D window, int pitch, int block) : IPanelSource
    {
        public int Registers => GemmF32.CopiedRegisters;

        public bool IsInPlace => false;

        public nint Stride(int width) => width;

        /// <summary>Elements of a block: as many as divide rows and panels; 0 where there is no such number.</summary>
        public static int Block(SimdTier tier, int width)
        {
            int block = Math.Min(16, SimdTiers.Lanes(tier));
            while (block >= 4 && (width % block != 0 || GemmF32.PanelWidth(tier) % block != 0))
                block /= 2;
            return block >= 4 ? block : 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public float* Panel(int k0, int kc, int column, int columns, int width, float* scratch)
        {
            // Blocks beyond the last output repeat the first: finite, and of no use.
            nint* starts = stackalloc nint[16];
            int blocks = width / block, outputs = window.OutputHeight * window.OutputWidth;
            for (int i = 0; i < blocks; i++)
            {
                int output = column + (i * block) < outputs ? column + (i * block) : 0;
                starts[i] = ((nint)(output / window.OutputWidth) * pitch) + (output % window.OutputWidth);
            }

            float* to = scratch;
            for (int p = 0; p < kc; p++)
            {
                float* row = phases + offsets[k0 + p];
                if (block == 16)
                {
                    for (int i = 0; i < blocks; i++, to += 16)
                        Vector512.Load(row + starts[i]).Store(to);
                }
                else if (block == 8)
                {
                    for (int i = 0; i < blocks; i++, to += 8)
                        Vector256.Load(row + starts[i]).Store(to);
                }
                else
                {
                    for (int i = 0; i < blocks; i++, to += 4)
                        Vector128.Load(row + starts[i]).Store(to);
                }
            }

            return scratch;
        }
    }
}
