using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// float32 product of one row with a constant matrix, [inputs] → [outputs]: memory limits it, so the weights lie in reading order, in
/// panels of eight registers of columns. Each output is the sequential fused multiply-add
/// over the inputs from the bias on. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class GemvF32Kernel : Kernel
{
    private const int MaxRegisters = 8;

    private readonly int _inputs;
    private readonly int _outputs;
    private readonly SimdTier _tier;
    private readonly int _lanes;
    private readonly AlignedBuffer<float> _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly (int Begin, int Registers)[] _panels;
    private readonly float _low;
    private readonly float _high;

    /// <param name="inputs">Length of the row.</param>
    /// <param name="outputs">Length of the result.</param>
    /// <param name="weights">[outputs, inputs].</param>
    /// <param name="bias">[outputs], or empty.</param>
    /// <param name="low">Lowest output of the fused activation, or −∞.</param>
    /// <param name="high">Highest output of the fused activation, or +∞.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public GemvF32Kernel(
        int inputs, int outputs, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high, SimdTier? tier = null)
    {
        _inputs = inputs;
        _outputs = outputs;
        (_tier, _) = GemmF32.PanelOf(tier ?? SimdTiers.Best, outputs);
        _lanes = SimdTiers.Lanes(_tier);
        _low = low;
        _high = high;
        int registers = (outputs + _lanes - 1) / _lanes;
        _bias = new AlignedBuffer<float>(registers * _lanes);
        bias.CopyTo(_bias.Span);
        _weights = new AlignedBuffer<float>(checked(registers * _lanes * inputs));
        var panels = new List<(int Begin, int Registers)>();
        for (int begin = 0, size = MaxRegisters; begin < registers; begin += size)
        {
            while (size > registers - begin)
                size /= 2;
            panels.Add((begin * _lanes, size));
        }

        _panels = [.. panels];
        fixed (float* from = weights)
        {
            var source = new MatrixSource(from, 1, inputs);
            foreach ((int begin, int size) in _panels)
            {
                int width = size * _lanes;
                source.Panel(0, inputs, begin, Math.Min(width, outputs - begin), width, _weights.Pointer + ((nint)begin * inputs));
            }
        }
    }

    public override int Items => _panels.Length;

    public override long Work => (long)_inputs * _outputs;

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (float* input = args.Input<float>(0), output = args.Output<float>(0))
        {
            switch (_tier)
            {
                case SimdTier.Vector512:
                    Panels<Lanes512, Vector512<float>>(input, output, start, end);
                    break;
                case SimdTier.Vector256:
                    Panels<Lanes256, Vector256<float>>(input, output, start, end);
                    break;
                case SimdTier.Vector128:
                    Panels<Lanes128, Vector128<float>>(input, output, start, end);
                    break;
                default:
                    Panels<Lanes1, float>(input, output, start, end);
                    break;
            }
        }
    }

    [SkipLocalsInit]
    private void Panels<TLanes, V>(float* input, float* output, int start, int end)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        float* tile = stackalloc float[MaxRegisters * TLanes.Count];
        for (int item = start; item < end; item++)
        {
            (int begin, int registers) = _panels[item];
            int columns = Math.Min(registers * _lanes, _outputs - begin);
            float* to = columns < registers * _lanes ? tile : output + begin;
            if (registers == 8)
                Panel<TLanes, V, Eight>(input, begin, to);
            else if (registers == 4)
                Panel<TLanes, V, Four>(input, begin, to);
            else if (registers == 2)
                Panel<TLanes, V, Two>(input, begin, to);
            else
                Panel<TLanes, V, One>(input, begin, to);
            if (to == tile)
                new Span<float>(tile, columns).CopyTo(new Span<float>(output + begin, columns));
        }
    }

    // Written out: where helpers take the sums by reference, the JIT computes each address on its own.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Panel<TLanes, V, TRegisters>(float* x, int begin, float* output)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
        where TRegisters : struct, ICount
    {
        int n = TLanes.Count;
        float* w = _weights.Pointer + ((nint)begin * _inputs), bias = _bias.Pointer + begin;
        V s0 = TLanes.Load(bias), s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        if (typeof(TRegisters) != typeof(One))
            s1 = TLanes.Load(bias + n);
        if (typeof(TRegisters) == typeof(Four) || typeof(TRegisters) == typeof(Eight))
        {
            s2 = TLanes.Load(bias + (2 * n));
            s3 = TLanes.Load(bias + (3 * n));
        }

        if (typeof(TRegisters) == typeof(Eight))
        {
            s4 = TLanes.Load(bias + (4 * n));
            s5 = TLanes.Load(bias + (5 * n));
            s6 = TLanes.Load(bias + (6 * n));
            s7 = TLanes.Load(bias + (7 * n));
        }

        for (int p = _inputs; p > 0; p--)
        {
            V f = TLanes.Create(*x++);
            s0 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w), s0);
            w += n;
            if (typeof(TRegisters) != typeof(One))
            {
                s1 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w), s1);
                w += n;
            }

            if (typeof(TRegisters) == typeof(Four) || typeof(TRegisters) == typeof(Eight))
            {
                s2 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w), s2);
                s3 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w + n), s3);
                w += 2 * n;
            }

            if (typeof(TRegisters) == typeof(Eight))
            {
                s4 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w), s4);
                s5 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w + n), s5);
                s6 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w + (2 * n)), s6);
                s7 = TLanes.FusedMultiplyAdd(f, TLanes.Load(w + (3 * n)), s7);
                w += 4 * n;
            }
        }

        V low = TLanes.Create(_low), high = TLanes.Create(_high);
        TLanes.Store(output, TLanes.Clamp(s0, low, high));
        if (typeof(TRegisters) != typeof(One))
            TLanes.Store(output + n, TLanes.Clamp(s1, low, high));
        if (typeof(TRegisters) == typeof(Four) || typeof(TRegisters) == typeof(Eight))
        {
            TLanes.Store(output + (2 * n), TLanes.Clamp(s2, low, high));
            TLanes.Store(output + (3 * n), TLanes.Clamp(s3, low, high));
        }

        if (typeof(TRegisters) == typeof(Eight))
        {
            TLanes.Store(output + (4 * n), TLanes.Clamp(s4, low, high));
            TLanes.Store(output + (5 * n), TLanes.Clamp(s5, low, high));
            TLanes.Store(output + (6 * n), TLanes.Clamp(s6, low, high));
            TLanes.Store(output + (7 * n), TLanes.Clamp(s7, low, high));
        }
    }
}
