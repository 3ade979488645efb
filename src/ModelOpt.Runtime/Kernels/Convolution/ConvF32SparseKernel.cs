using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// float32 convolution, NHWC, not grouped, of any kernel, stride, dilation and padding, of weights with many zeros, which it skips. Lanes
/// are output pixels: the patches of a tile of them are transposed chunk by chunk, and each weight multiplies a row of inputs. Each
/// output is the sequential fused multiply-add over (ky, kx, channel) of the nonzero weights from the bias on, so with finite inputs the
/// bits are those of <see cref="ConvF32Kernel"/>, except for a zero's sign. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class ConvF32SparseKernel : Kernel
{
    // Costs per pixel, relative to a multiply-add of the dense kernel: a weight; moving an output from one chunk of inputs to the next,
    // and to its place; moving an input to its row; finding a tap. Measured on Zen 4 with AVX-512; with AVX2 and 128 bits the relations
    // are nearly the same. Nothing here may depend on the machine, because results of infinite inputs would.
    private const double WeightCost = 1.45, ChunkCost = 2.5, OutputCost = 14, InputCost = 6, TapCost = 100;

    // Estimates are off by about a tenth.
    private const double Margin = 0.9;

    // Of the sums of a tile, in the second-level cache.
    private const int MaxOutputs = 4096;

    // Where tiles are few, threads share the output channels too.
    private const int EnoughItems = 8;

    private readonly Window2D _window;
    private readonly SparseWeightsF32 _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly AlignedBuffer<float> _zeros;
    private readonly float _low;
    private readonly float _high;
    private readonly ConvDestination _destination;
    private readonly SimdTier _tier;
    private readonly int _lanes;
    private readonly int _registers;
    private readonly int _tiles;
    private readonly int _parts;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels].</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    /// <param name="low">Lowest output of the fused activation, or −∞.</param>
    /// <param name="high">Highest output of the fused activation, or +∞.</param>
    /// <param name="tier">Vector width.</param>
    /// <param name="destination">Where the result goes.</param>
    public ConvF32SparseKernel(
        Window2D window, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high, SimdTier tier,
        ConvDestination destination)
    {
        _window = window;
        _weights = new SparseWeightsF32(weights, window.OutputChannels, window.InputChannels);
        _bias = new AlignedBuffer<float>(window.OutputChannels);
        bias.CopyTo(_bias.Span);
        _zeros = new AlignedBuffer<float>(window.InputChannels);
        _low = low;
        _high = high;
        _destination = destination;
        _tier = tier;
        _lanes = SimdTiers.Lanes(tier);
        int registers = (Pixels + _lanes - 1) / _lanes, tiles = (registers + SparseTileF32.MaxRegisters - 1) / SparseTileF32.MaxRegisters;
        _registers = SparseTileF32.RegistersFor((registers + tiles - 1) / tiles);
        _tiles = (registers + _registers - 1) / _registers;
        _parts = Math.Clamp(EnoughItems / _tiles, 1, Math.Max(1, window.OutputChannels / 16));
        Work = (long)Pixels * (_weights.Starts(_weights.Chunks.Length)[0] + window.OutputChannels);
    }

    /// <summary>Whether the kernel is estimated to be faster than the one that multiplies all weights.</summary>
    /// <param name="window">Shape of the operation.</param>
    /// <param name="groups">Divides both channel counts.</param>
    /// <param name="weights">[OutputChannels, KernelHeight, KernelWidth, InputChannels / groups].</param>
    public static bool IsFaster(Window2D window, int groups, ReadOnlySpan<float> weights)
    {
        int pixels = window.Batch * window.OutputHeight * window.OutputWidth, taps = window.KernelHeight * window.KernelWidth;
        if (groups > 1 || pixels == 0 || window.OutputChannels > MaxOutputs)
            return false;
        // Registers of 16 lanes are counted whole, on whatever machine.
        double room = (pixels + 15) / 16 * 16.0 / pixels;
        double fixedCost = (window.OutputChannels * ((ChunkCost * SparseWeightsF32.CountChunks(taps, window.InputChannels)) + OutputCost))
            + (taps * ((InputCost * window.InputChannels) + TapCost));
        return room * fixedCost < Margin * weights.Length
            && room * (fixedCost + (WeightCost * SparseWeightsF32.Count(weights))) < Margin * weights.Length;
    }

    public override int ScratchBytes => checked(
        sizeof(float) * ((SparseWeightsF32.ChunkRows * SparseTileF32.Pitch(_registers * _lanes))
            + (_window.OutputChannels * _registers * _lanes)));

    public override int Items => _tiles * _parts;

    public override long Work { get; }

    private int Pixels => _window.Batch * _window.OutputHeight * _window.OutputWidth;

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (float* input = args.Input<float>(0), output = args.Output<float>(0), scratch = args.Scratch<float>())
        fixed (float* residual = _destination.Add ? args.Input<float>(3) : default)
        {
            while (start < end)
            {
                // Neighbouring items of a tile are computed at once.
                int tile = start / _parts, next = Math.Min(end, (tile + 1) * _parts), channels = _window.OutputChannels;
                int begin = (int)((long)channels * (start - (tile * _parts)) / _parts),
                    stop = (int)((long)channels * (next - (tile * _parts)) / _parts);
                Tile(input, output, residual, scratch, tile, begin, stop);
                start = next;
            }
        }
    }

    /// <summary>Output channels [begin, end) of a tile of pixels.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile(float* input, float* output, float* residual, float* scratch, int tile, int begin, int end)
    {
        int first = tile * _registers * _lanes, count = Math.Min(_registers * _lanes, Pixels - first);
        int registers = SparseTileF32.RegistersFor((count + _lanes - 1) / _lanes), width = registers * _lanes;
        float* sums = scratch + (SparseWeightsF32.ChunkRows * SparseTileF32.Pitch(width));
        for (int channel = begin; channel < end; channel++)
            new Span<float>(sums + ((nint)channel * width), width).Fill(_bias.Pointer[channel]);
        var places = stackalloc (int Image, int Y, int X)[SparseTileF32.MaxPixels];
        var pixels = stackalloc float*[SparseTileF32.MaxPixels];
        for (int i = 0; i < width; i++)
        {
            (int row, int x) = Math.DivRem(first + Math.Min(i, count - 1), _window.OutputWidth);
            (int image, int y) = Math.DivRem(row, _window.OutputHeight);
            places[i] = (image * _window.InputHeight, (y * _window.StrideHeight) - _window.PadTop,
                (x * _window.StrideWidth) - _window.PadLeft);
        }

        SparseSegmentF32[][] chunks = _weights.Chunks;
        int tap = -1;
        for (int chunk = 0; chunk < chunks.Length; chunk++)
        {
            float* to = scratch;
            foreach (SparseSegmentF32 segment in chunks[chunk])
            {
                if (segment.Tap != tap)
                    Locate(input, places, tap = segment.Tap, width, pixels);
                SparseTileF32.Gather(pixels, width, segment.Channel, segment.Count, to);
                to += segment.Count * SparseTileF32.Pitch(width);
            }

            SparseTileF32.Multiply(_tier, registers, _weights.Weights, _weights.Starts(chunk), begin, end, scratch, sums);
        }

        nint at = _destination.Offset + ((nint)first * _destination.Stride);
        Finish(sums, width, begin, end, count, output + at, residual == null ? null : residual + at);
    }

    /// <summary>The input pixel that a tap of each window meets, or zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Locate(float* input, (int Image, int Y, int X)* places, int tap, int count, float** pixels)
    {
        (int ky, int kx) = Math.DivRem(tap, _window.KernelWidth);
        int down = ky * _window.DilationHeight, right = kx * _window.DilationWidth;
        for (int i = 0; i < count; i++)
        {
            int y = places[i].Y + down, x = places[i].X + right;
            pixels[i] = (uint)y < (uint)_window.InputHeight && (uint)x < (uint)_window.InputWidth
                ? input + ((((nint)(places[i].Image + y) * _window.InputWidth) + x) * _window.InputChannels)
                : _zeros.Pointer;
        }
    }

    /// <summary>Clamps sums, [channel, pixel], adds the residual if there is one, and writes them pixel by pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish(float* sums, int width, int begin, int end, int count, float* output, float* residual)
    {
        nint stride = _destination.Stride;
        Vector128<float> low = Vector128.Create(_low), high = Vector128.Create(_high);
        Vector128<float> residualLow = Vector128.Create(_destination.Low), residualHigh = Vector128.Create(_destination.High);
        int pixel = 0;
        for (; pixel <= count - 4; pixel += 4)
        {
            int channel = begin;
            for (; channel <= end - 4; channel += 4)
            {
                float* from = sums + ((nint)channel * width) + pixel;
                var square = new Square(from, from + width, from + (2 * width), from + (3 * width));
                Write(square.A, (pixel * stride) + channel);
                Write(square.B, ((pixel + 1) * stride) + channel);
                Write(square.C, ((pixel + 2) * stride) + channel);
                Write(square.D, ((pixel + 3) * stride) + channel);
            }

            for (; channel < end; channel++)
            {
                for (int i = 0; i < 4; i++)
                    WriteOne(sums[((nint)channel * width) + pixel + i], ((pixel + i) * stride) + channel);
            }
        }

        for (; pixel < count; pixel++)
        {
            for (int channel = begin; channel < end; channel++)
                WriteOne(sums[((nint)channel * width) + pixel], (pixel * stride) + channel);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Write(Vector128<float> sum, nint at)
        {
            sum = Lanes128.Clamp(sum, low, high);
            if (residual != null)
                sum = Lanes128.Clamp(sum + Vector128.Load(residual + at), residualLow, residualHigh);
            sum.Store(output + at);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void WriteOne(float sum, nint at)
        {
            sum = Lanes1.Clamp(sum, _low, _high);
            output[at] = residual == null ? sum : Lanes1.Clamp(sum + residual[at], _destination.Low, _destination.High);
        }
    }
}
