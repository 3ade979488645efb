using System.Buffers;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators;

/// <summary>
/// Float32 convolution in ONNX's layout and its gradients, images divided among threads. Planes are laid out as
/// <see cref="PaddedPlanes"/>, where all that lies under a tap is one run at an offset, so that no matrix of patches is needed. The
/// order of sums depends on the batch alone.
/// </summary>
internal sealed unsafe class ConvGradient
{
    // At most how many partial sums over images there are, each one thread's, and how many images are worth one.
    private const int PartialSums = 8, ImagesOfSum = 16;

    // Rows whose addresses are on the stack at a time.
    private const int RowBlock = 1024;

    // What the product takes at a time.
    private const int MostInSegment = 256;

    private readonly Window2D window;
    private readonly int groups, inputs, outputs, taps, inputPlane, outputPlane;
    private readonly PaddedPlanes planes;
    private readonly int[] offsets;
    private readonly GemmSegment[]? rowSegments;
    private readonly WorkerPool? pool;

    /// <summary>Prepares a shape.</summary>
    /// <param name="window">Shape of the convolution.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="pool">Threads, or null.</param>
    public ConvGradient(in Window2D window, int groups, WorkerPool? pool)
    {
        (this.window, this.groups, this.pool) = (window, groups, pool);
        (inputs, outputs) = (window.InputChannels / groups, window.OutputChannels / groups);
        taps = window.KernelHeight * window.KernelWidth;
        (inputPlane, outputPlane) = (window.InputHeight * window.InputWidth, window.OutputHeight * window.OutputWidth);
        planes = new PaddedPlanes(window);
        // Under a tap lie the rows of the output, a pitch apart.
        int pitch = planes.Pitch, width = window.OutputWidth;
        if (pitch > width)
            rowSegments = [.. Enumerable.Range(0, window.OutputHeight).SelectMany(oy => Enumerable.Range(0, (width + MostInSegment - 1) / MostInSegment)
                .Select(i => new GemmSegment((oy * pitch) + (i * MostInSegment), Math.Min(MostInSegment, width - (i * MostInSegment)))))];
        offsets = new int[inputs * taps];
        for (int k = 0; k < offsets.Length; k++)
            offsets[k] = (k / taps * planes.PlaneLength) + planes.Offset(k % taps / window.KernelWidth, k % taps % window.KernelWidth);
    }

    /// <summary>The convolution. Its bits are those of <see cref="ConvNchwF32"/>, which divides each image among threads.</summary>
    /// <param name="window">Shape of the convolution.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="w">[M, C/groups, KH, KW].</param>
    /// <param name="b">[M], or null.</param>
    /// <param name="y">Takes [N, M, OH, OW].</param>
    /// <param name="pool">Threads, or null.</param>
    public static void Convolve(in Window2D window, int groups, Tensor x, Tensor w, Tensor? b, Tensor y, WorkerPool? pool)
    {
        Window2D one = window with { Batch = 1 };
        if (window.Batch <= 1)
        {
            ConvNchwF32.Run(window, groups, x.As<float>(), w.As<float>(), b is null ? default : b.As<float>(), y.As<float>(), pool);
            return;
        }

        int image = x.Count / window.Batch, result = y.Count / window.Batch;
        new PlaneJob(window.Batch, n => ConvNchwF32.Run(
            one, groups, x.As<float>().Slice(n * image, image), w.As<float>(), b is null ? default : b.As<float>(),
            y.As<float>().Slice(n * result, result))).Run(pool);
    }

    /// <summary>The gradient of the input.</summary>
    /// <param name="w">[M, C/groups, KH, KW].</param>
    /// <param name="dy">[N, M, OH, OW].</param>
    /// <param name="dx">Takes [N, C, H, W].</param>
    /// <param name="scratch">As large as the weights.</param>
    public void Input(Tensor w, Tensor dy, Tensor dx, Tensor scratch)
    {
        int padTop = ((window.KernelHeight - 1) * window.DilationHeight) - window.PadTop;
        int padLeft = ((window.KernelWidth - 1) * window.DilationWidth) - window.PadLeft;
        if (window is { StrideHeight: 1, StrideWidth: 1 } && padTop >= 0 && padLeft >= 0)
        {
            // Where windows are next to each other, it is a convolution with the weights turned round.
            Window2D reverse = window with
            {
                InputHeight = window.OutputHeight, InputWidth = window.OutputWidth, InputChannels = window.OutputChannels,
                OutputHeight = window.InputHeight, OutputWidth = window.InputWidth, OutputChannels = window.InputChannels,
                PadTop = padTop, PadLeft = padLeft,
            };
            Turn(w.As<float>(), scratch.As<float>());
            Convolve(reverse, groups, dy, scratch, null, dx, pool);
            return;
        }

        new PlaneJob(window.Batch, n => Scatter(w.As<float>(), Image(dy, n), Image(dx, n))).Run(pool);
    }

    /// <summary>The gradient of the weights.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, M, OH, OW].</param>
    /// <param name="dw">Zeros; takes [M, C/groups, KH, KW].</param>
    public void Weights(Tensor x, Tensor dy, Tensor dw)
    {
        // Partial sums are [group][K, M/groups]: its rows are then as long as the runs under the taps, which lie in cache.
        int parts = Math.Clamp(window.Batch / ImagesOfSum, 1, PartialSums), k = inputs * taps;
        float[][] sums = new float[parts][];
        new PlaneJob(parts, part =>
        {
            sums[part] = ArrayPool<float>.Shared.Rent(dw.Count);
            Array.Clear(sums[part], 0, dw.Count);
            int first = (int)((long)window.Batch * part / parts), end = (int)((long)window.Batch * (part + 1) / parts);
            for (int n = first; n < end; n++) AddWeights(Image(x, n), Image(dy, n), sums[part]);
        }).Run(pool);
        Span<float> target = dw.As<float>();
        for (int m = 0, at = 0; m < window.OutputChannels; m++)
        {
            int from = (m / outputs * k * outputs) + (m % outputs);
            for (int i = 0; i < k; i++, from += outputs, at++)
            {
                foreach (float[] sum in sums) target[at] += sum[from];
            }
        }

        foreach (float[] sum in sums) ArrayPool<float>.Shared.Return(sum);
    }

    /// <summary>The gradient of the bias: the sums of the outputs' gradients.</summary>
    /// <param name="dy">[N, M, OH, OW].</param>
    /// <param name="db">Takes [M].</param>
    public void Bias(Tensor dy, Tensor db) => new PlaneJob(window.OutputChannels, m =>
    {
        double sum = 0;
        for (int n = 0; n < window.Batch; n++)
            sum += FixedOrderSum.Of(dy.As<float>().Slice(((n * window.OutputChannels) + m) * outputPlane, outputPlane));
        db.As<float>()[m] = (float)sum;
    }).Run(pool);

    private Span<float> Image(Tensor tensor, int n)
    {
        int length = tensor.Count / window.Batch;
        return tensor.As<float>().Slice(n * length, length);
    }

    /// <summary>[C, M/groups, KH, KW]: the weights with channels exchanged and taps in reverse order.</summary>
    private void Turn(ReadOnlySpan<float> from, Span<float> to)
    {
        for (int m = 0, at = 0; m < window.OutputChannels; m++)
        {
            for (int c = 0; c < inputs; c++)
            {
                int row = ((((m / outputs * inputs) + c) * outputs) + (m % outputs)) * taps;
                for (int t = 0; t < taps; t++) to[row + taps - 1 - t] = from[at++];
            }
        }
    }

    /// <summary>dx of one image: what each tap has of dy is added where the tap lies.</summary>
    private void Scatter(ReadOnlySpan<float> w, ReadOnlySpan<float> dy, Span<float> dx)
    {
        int k = inputs * taps, run = planes.Run;
        long length = ((long)inputs * planes.PlaneLength) + ((long)k * run) + ((long)outputs * run) + PaddedPlanes.Slack;
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)length));
        fixed (float* memory = buffer, weights = w, gradient = dy, target = dx)
        {
            float* phases = memory, columns = phases + ((nint)inputs * planes.PlaneLength), pitched = columns + ((nint)k * run);
            for (int g = 0; g < groups; g++)
            {
                new Span<float>(phases, inputs * planes.PlaneLength).Clear();
                new Span<float>(target + ((nint)g * inputs * inputPlane), inputs * inputPlane).Clear();
                Spread(gradient + ((nint)g * outputs * outputPlane), pitched);
                var operands = new GemmOperands
                {
                    K = outputs, A = weights + ((nint)g * outputs * k), RowStride = 1, ColumnStride = k, C = columns, CStride = run,
                };
                GemmF32.Run(SimdTiers.Best, operands, new GemmEpilogue(), new MatrixSource(pitched, run, 1), k, run, null);
                for (int i = 0; i < k; i++)
                {
                    var sums = new Span<float>(phases + offsets[i], run);
                    Elements.Sum(new ReadOnlySpan<float>(columns + ((nint)i * run), run), sums, sums);
                }

                for (int c = 0; c < inputs; c++)
                    planes.Merge(phases + ((nint)c * planes.PlaneLength), target + ((((nint)g * inputs) + c) * inputPlane));
            }
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>Adds one image's gradient of the weights to [group][K, M/groups].</summary>
    private void AddWeights(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> sum)
    {
        int k = inputs * taps, run = outputs == 1 ? planes.Run : 0;
        long length = ((long)inputs * planes.PlaneLength) + run + (2 * PaddedPlanes.Slack);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)length));
        float** rows = stackalloc float*[Math.Min(k, RowBlock)];
        fixed (float* memory = buffer, source = x, gradient = dy, target = sum)
        fixed (GemmSegment* segments = rowSegments)
        {
            float* phases = memory, pitched = phases + ((nint)inputs * planes.PlaneLength) + PaddedPlanes.Slack;
            for (int g = 0; g < groups; g++)
            {
                for (int c = 0; c < inputs; c++)
                    planes.Split(source + ((((nint)g * inputs) + c) * inputPlane), phases + ((nint)c * planes.PlaneLength));
                float* to = target + ((nint)g * k * outputs), from = gradient + ((nint)g * outputs * outputPlane);
                if (outputs == 1)
                {
                    Spread(from, pitched);
                    var one = new ReadOnlySpan<float>(pitched, run);
                    for (int i = 0; i < k; i++) to[i] += (float)FixedOrderSum.Dot(new ReadOnlySpan<float>(phases + offsets[i], run), one);
                    continue;
                }

                for (int first = 0; first < k; first += RowBlock)
                {
                    int count = Math.Min(RowBlock, k - first);
                    for (int i = 0; i < count; i++) rows[i] = phases + offsets[first + i];
                    var operands = new GemmOperands
                    {
                        K = outputPlane, Rows = rows, ColumnStride = 1, Segments = segments, C = to + ((nint)first * outputs), CStride = outputs,
                    };
                    var epilogue = new GemmEpilogue { Accumulate = true };
                    GemmF32.Run(SimdTiers.Best, operands, epilogue, new MatrixSource(from, 1, outputPlane), count, outputs, null);
                }
            }
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>A group's output planes in rows of the phases' pitch, zero between the rows.</summary>
    private void Spread(float* gradient, float* pitched)
    {
        int run = planes.Run, width = window.OutputWidth, pitch = planes.Pitch;
        for (int m = 0; m < outputs; m++, pitched += run)
        {
            var plane = new Span<float>(pitched, run);
            if (pitch > width) plane.Clear();
            for (int oy = 0; oy < window.OutputHeight; oy++, gradient += width)
                new ReadOnlySpan<float>(gradient, width).CopyTo(plane[(oy * pitch)..]);
        }
    }
}
