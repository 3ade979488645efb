using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// The gradients of a float32 convolution in ONNX's layout, images divided among threads. Planes are laid out as
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

    private readonly Window2D _window;
    private readonly int _groups, _inputs, _outputs, _taps, _inputPlane, _outputPlane;
    private readonly PaddedPlanes _planes;
    private readonly int[] _offsets;
    private readonly GemmSegment[]? _rowSegments;
    private readonly WorkerPool? _pool;

    /// <summary>Prepares a shape.</summary>
    /// <param name="pool">Threads, or null.</param>
    public ConvGradient(in ConvShape shape, WorkerPool? pool)
    {
        (_window, _groups) = shape;
        _pool = pool;
        (_inputs, _outputs) = (_window.InputChannels / _groups, _window.OutputChannels / _groups);
        _taps = _window.KernelHeight * _window.KernelWidth;
        (_inputPlane, _outputPlane) = (_window.InputHeight * _window.InputWidth, _window.OutputHeight * _window.OutputWidth);
        _planes = new PaddedPlanes(_window);
        // Under a tap lie the rows of the output, a pitch apart.
        int pitch = _planes.Pitch, width = _window.OutputWidth;
        if (pitch > width)
            _rowSegments = [.. Enumerable.Range(0, _window.OutputHeight)
                .SelectMany(oy => Enumerable.Range(0, (width + MostInSegment - 1) / MostInSegment)
                .Select(i => new GemmSegment((oy * pitch) + (i * MostInSegment), Math.Min(MostInSegment, width - (i * MostInSegment)))))];
        _offsets = new int[_inputs * _taps];
        for (int k = 0; k < _offsets.Length; k++)
            _offsets[k] = (k / _taps * _planes.PlaneLength)
                + _planes.Offset(k % _taps / _window.KernelWidth, k % _taps % _window.KernelWidth);
    }

    /// <summary>
    /// The gradient of the input. Its elements are divided into phases by the strides; those of a phase lie under the same taps, one window
    /// beside the other, so that each phase is a convolution of the outputs' gradient with these taps turned round.
    /// </summary>
    /// <param name="w">[M, C/groups, KH, KW].</param>
    /// <param name="dy">[N, M, OH, OW].</param>
    /// <param name="dx">Takes [N, C, H, W].</param>
    /// <param name="isTraining">Whether it may be rounded as <see cref="WinogradConv"/> does.</param>
    public void Input(Tensor w, Tensor dy, Tensor dx, Tensor scratch, bool isTraining)
    {
        AxisPhase[] down = AxisPhase.Of(
            _window.StrideHeight, _window.DilationHeight, _window.KernelHeight, _window.PadTop, _window.InputHeight);
        AxisPhase[] across = AxisPhase.Of(
            _window.StrideWidth, _window.DilationWidth, _window.KernelWidth, _window.PadLeft, _window.InputWidth);
        List<(AxisPhase Down, AxisPhase Across, Window2D Window, int Weights)> phases = [];
        int used = 0;
        foreach (AxisPhase v in down)
        {
            foreach (AxisPhase h in across)
            {
                phases.Add((v, h, new Window2D
                {
                    Batch = 1, InputChannels = _window.OutputChannels, OutputChannels = _window.InputChannels, StrideHeight = 1,
                    StrideWidth = 1,
                    InputHeight = _window.OutputHeight, KernelHeight = v.Taps.Length, DilationHeight = v.Dilation, PadTop = v.Pad,
                    OutputHeight = v.Count,
                    InputWidth = _window.OutputWidth, KernelWidth = h.Taps.Length, DilationWidth = h.Dilation, PadLeft = h.Pad,
                    OutputWidth = h.Count,
                }, used));
                used += Turn(w.As<float>(), v.Taps, h.Taps, scratch.As<float>()[used..]);
            }
        }

        // The only phase of an axis shorter than its stride has some of the taps.
        if (phases is [var whole] && used == w.Count)
        {
            ConvForward.Run(new(whole.Window with { Batch = _window.Batch }, _groups), new(dy, scratch, null, dx), isTraining, _pool);
            return;
        }

        new PlaneJob(_window.Batch, n =>
        {
            float[] buffer = ArrayPool<float>.Shared.Rent(_window.InputChannels * _inputPlane);
            int used = 0;
            foreach ((AxisPhase v, AxisPhase h, Window2D phase, int weights) in phases)
            {
                Span<float> result = buffer.AsSpan(used, _window.InputChannels * v.Count * h.Count);
                int count = _window.InputChannels * _outputs * phase.KernelHeight * phase.KernelWidth;
                if (count == 0) result.Clear();
                else ConvNchwF32.Run(new(phase, _groups), Image(dy, n), scratch.As<float>().Slice(weights, count), default, result);
                used += result.Length;
            }

            Interleave(buffer, down, across, Image(dx, n));
            ArrayPool<float>.Shared.Return(buffer);
        }).Run(_pool);
    }

    /// <summary>Joins the phases of an image's planes, one phase after another, to the planes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Interleave(ReadOnlySpan<float> phases, AxisPhase[] down, AxisPhase[] across, Span<float> image)
    {
        fixed (float* first = phases, planes = image)
        {
            float* from = first;
            foreach (AxisPhase v in down)
            {
                nint phase = (nint)_window.InputChannels * v.Count;
                for (int c = 0, row = 0; c < _window.InputChannels; c++)
                {
                    float* to = planes + ((((nint)c * _window.InputHeight) + v.First) * _window.InputWidth);
                    for (int y = 0; y < v.Count; y++, row++, to += _window.StrideHeight * _window.InputWidth)
                    {
                        int done = across is [var even, var odd]
                            ? Zip(from + (row * even.Count), from + (phase * even.Count) + (row * odd.Count), to, odd.Count)
                            : 0;
                        float* start = from;
                        foreach (AxisPhase h in across)
                        {
                            for (int x = done; x < h.Count; x++) to[h.First + (x * _window.StrideWidth)] = start[(row * h.Count) + x];
                            start += phase * h.Count;
                        }
                    }
                }

                from += phase * _window.InputWidth;
            }
        }
    }

    /// <summary>Writes whole vectors of two rows, element by element in turn.</summary>
    /// <returns>How many elements of each.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Zip(float* even, float* odd, float* to, int count)
    {
        int x = 0;
        for (; Sse.IsSupported && x <= count - Vector128<float>.Count; x += Vector128<float>.Count)
        {
            Vector128<float> a = Vector128.Load(even + x), b = Vector128.Load(odd + x);
            Sse.UnpackLow(a, b).Store(to + (2 * x));
            Sse.UnpackHigh(a, b).Store(to + (2 * x) + Vector128<float>.Count);
        }

        return x;
    }

    /// <summary>The gradient of the weights.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="dy">[N, M, OH, OW].</param>
    /// <param name="dw">Zeros; takes [M, C/groups, KH, KW].</param>
    public void Weights(Tensor x, Tensor dy, Tensor dw)
    {
        // Partial sums are [group][K, M/groups]: its rows are then as long as the runs under the taps, which lie in cache.
        int parts = Math.Clamp(_window.Batch / ImagesOfSum, 1, PartialSums), k = _inputs * _taps;
        float[][] sums = new float[parts][];
        WinogradConv? winograd = WinogradConv.Suits(_window, _groups) ? new(_window) : null;
        new PlaneJob(parts, part =>
        {
            sums[part] = ArrayPool<float>.Shared.Rent(dw.Count);
            Array.Clear(sums[part], 0, dw.Count);
            int first = (int)((long)_window.Batch * part / parts), end = (int)((long)_window.Batch * (part + 1) / parts);
            if (winograd is not null) winograd.Weights(
                ConvForward.Images(x, _window.Batch, first, end), ConvForward.Images(dy, _window.Batch, first, end), sums[part]);
            for (int n = first; n < end && winograd is null; n++) AddWeights(Image(x, n), Image(dy, n), sums[part]);
        }).Run(_pool);
        Span<float> target = dw.As<float>();
        for (int m = 0, at = 0; m < _window.OutputChannels; m++)
        {
            int from = (m / _outputs * k * _outputs) + (m % _outputs);
            for (int i = 0; i < k; i++, from += _outputs, at++)
            {
                foreach (float[] sum in sums) target[at] += sum[from];
            }
        }

        foreach (float[] sum in sums) ArrayPool<float>.Shared.Return(sum);
    }

    /// <summary>The gradient of the bias: the sums of the outputs' gradients.</summary>
    /// <param name="dy">[N, M, OH, OW].</param>
    /// <param name="db">Takes [M].</param>
    public void Bias(Tensor dy, Tensor db) => new PlaneJob(_window.OutputChannels, m =>
    {
        double sum = 0;
        for (int n = 0; n < _window.Batch; n++)
            sum += FixedOrderSum.Of(dy.As<float>().Slice(((n * _window.OutputChannels) + m) * _outputPlane, _outputPlane));
        db.As<float>()[m] = (float)sum;
    }).Run(_pool);

    private Span<float> Image(Tensor tensor, int n) => ConvForward.Images(tensor, _window.Batch, n, n + 1);

    /// <summary>[C, M/groups, taps]: some taps of the weights with channels exchanged, in the order given.</summary>
    /// <returns>How many they are.</returns>
    private int Turn(ReadOnlySpan<float> from, int[] down, int[] across, Span<float> to)
    {
        int at = 0;
        for (int c = 0; c < _window.InputChannels; c++)
        {
            for (int m = 0; m < _outputs; m++)
            {
                int filter = ((((c / _inputs * _outputs) + m) * _inputs) + (c % _inputs)) * _taps;
                foreach (int ky in down)
                {
                    foreach (int kx in across) to[at++] = from[filter + (ky * _window.KernelWidth) + kx];
                }
            }
        }

        return at;
    }

    /// <summary>Adds one image's gradient of the weights to [group][K, M/groups].</summary>
    private void AddWeights(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> sum)
    {
        int k = _inputs * _taps, run = _outputs == 1 ? _planes.Run : 0;
        long length = ((long)_inputs * _planes.PlaneLength) + run + (2 * PaddedPlanes.Slack);
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((int)length));
        float** rows = stackalloc float*[Math.Min(k, RowBlock)];
        fixed (float* memory = buffer, source = x, gradient = dy, target = sum)
        fixed (GemmSegment* segments = _rowSegments)
        {
            float* phases = memory, pitched = phases + ((nint)_inputs * _planes.PlaneLength) + PaddedPlanes.Slack;
            for (int g = 0; g < _groups; g++)
            {
                for (int c = 0; c < _inputs; c++)
                    _planes.Split(source + ((((nint)g * _inputs) + c) * _inputPlane), phases + ((nint)c * _planes.PlaneLength));
                float* to = target + ((nint)g * k * _outputs), from = gradient + ((nint)g * _outputs * _outputPlane);
                if (_outputs == 1)
                {
                    Spread(from, pitched);
                    var one = new ReadOnlySpan<float>(pitched, run);
                    for (int i = 0; i < k; i++) to[i] += (float)FixedOrderSum.Dot(new ReadOnlySpan<float>(phases + _offsets[i], run), one);
                    continue;
                }

                for (int first = 0; first < k; first += RowBlock)
                {
                    int count = Math.Min(RowBlock, k - first);
                    for (int i = 0; i < count; i++) rows[i] = phases + _offsets[first + i];
                    var operands = new GemmOperands
                    {
                        K = _outputPlane, Rows = rows, ColumnStride = 1, Segments = segments, C = to + ((nint)first * _outputs),
                        CStride = _outputs,
                    };
                    var epilogue = new GemmEpilogue { Accumulate = true };
                    GemmF32.Run(SimdTiers.Best, operands, epilogue, new MatrixSource(from, 1, _outputPlane), count, _outputs, null);
                }
            }
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>A group's output planes in rows of the phases' pitch, zero between the rows.</summary>
    private void Spread(float* gradient, float* pitched)
    {
        int run = _planes.Run, width = _window.OutputWidth, pitch = _planes.Pitch;
        for (int m = 0; m < _outputs; m++, pitched += run)
        {
            var plane = new Span<float>(pitched, run);
            if (pitch > width) plane.Clear();
            for (int oy = 0; oy < _window.OutputHeight; oy++, gradient += width)
                new ReadOnlySpan<float>(gradient, width).CopyTo(plane[(oy * pitch)..]);
        }
    }
}
