using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>
/// 8-bit fully connected layer of one sample, or pointwise convolution of one pixel, of weights with many zeros (AVX512-VNNI). Reading
/// the weights from memory takes the time, so each skipped weight saves some: see <see cref="SparseRounds"/>. The bits are those of
/// <see cref="ConvInt8AssembledKernel"/>. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class GemvInt8SparseKernel : Kernel
{
    // Parts of equal work for each thread to take.
    private const int ItemsPerThread = 4;

    // Cycles measured on Zen 4: of a round; of an output on its way to its place; of 64 dense weights, from the second-level cache and
    // from further away.
    private const double RoundCycles = 14.5, ResultCycles = 1.5, NearCycles = 2.0, FarCycles = 2.5;

    private const int NearBytes = 512 * 1024;

    // Estimates are off by about a tenth.
    private const double Margin = 0.9;

    private readonly int _inputs;
    private readonly int _first;
    private readonly bool _flip;
    private readonly SparseRounds _rounds;
    private readonly AssembledFunction _function;
    private readonly Int8EpilogueConstants _constants;
    private readonly int[] _firstGroups;

    private GemvInt8SparseKernel(
        SparseRounds rounds, int inputs, LayerQuantization quantization, LayerSums layer, bool unsigned, AssembledCode code, int first)
    {
        _inputs = inputs;
        _first = first;
        _flip = !unsigned;
        _rounds = rounds;
        _constants = new Int8EpilogueConstants(quantization, null);
        _function = code.Get(Int8Epilogue.For(quantization, unsigned, layer.Fit, null), SparseGemvEmitter.Emit);
        Items = Math.Min(rounds.Groups, code.Threads == 1 ? 1 : ItemsPerThread * code.Threads);
        _firstGroups = new int[Items + 1];
        for (int item = 1, group = 0; item <= Items; item++)
        {
            while (group < rounds.Groups && rounds.FirstRound(group) < (long)rounds.Count * item / Items)
                group++;
            _firstGroups[item] = group;
        }

        Work = (long)rounds.Count * SparseRounds.Steps * SparseRounds.Lanes * 4;
    }

    public override int ScratchBytes => checked(_rounds.InputBytes + (_rounds.Groups * SparseRounds.Lanes));

    public override int Items { get; }

    public override long Work { get; }

    public override int WorkAtOnce => 4;

    /// <summary>The kernel; null where it is not estimated to be faster than the one that multiplies all weights.</summary>
    /// <param name="inputs">Elements of the vector.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">[outputs, inputs], less their zero point.</param>
    /// <param name="bias">[outputs] at scale s_x·s_w, or empty.</param>
    /// <param name="outputs">Elements of the result.</param>
    /// <param name="unsigned">Activations and output are uint8 instead of int8.</param>
    /// <param name="code">Receives the assembled function.</param>
    /// <param name="first">Elements of other results before this one.</param>
    /// <param name="most">Rounds at most; as many as are estimated to pay by default.</param>
    public static GemvInt8SparseKernel? TryCreate(
        int inputs, int outputs, LayerQuantization quantization, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode code, int first = 0, double? most = null)
    {
        if (code.Target != Target.Avx512Vnni)
            return null;
        most ??= WorthRounds(inputs, outputs);
        // Without gaps a round would have this many blocks.
        if (SparseBlocks.Count(weights, inputs) > most * SparseRounds.Steps * SparseRounds.Lanes)
            return null;
        var layer = LayerSums.Create(quantization, weights, bias, outputs, unsigned);
        return SparseRounds.TryCreate(weights, layer, most.Value) is { } rounds
            ? new GemvInt8SparseKernel(rounds, inputs, quantization, layer, unsigned, code, first)
            : null;
    }

    /// <summary>The rounds that take as long as all weights of a dense matrix.</summary>
    private static double WorthRounds(int inputs, int outputs)
    {
        long vectors = (outputs + 15L) / 16 * ((inputs + 3) / 4);
        double dense = vectors * (64 * vectors <= NearBytes ? NearCycles : FarCycles);
        return ((Margin * dense) - (outputs * ResultCycles)) / RoundCycles;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        int begin = _firstGroups[start], groups = _firstGroups[end] - begin;
        if (groups == 0)
            return;
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        fixed (int* channels = _rounds.Channels)
        {
            byte* rows = scratch + _rounds.InputBytes;
            Int8Rows.Flip(input, _inputs, _flip, scratch);
            SparseGemvArguments arguments = _rounds.From(begin);
            arguments.Input = scratch;
            arguments.Rows = rows;
            arguments.Constants = _constants.Pointer;
            arguments.GroupsLeft = groups;
            _function.Call(&arguments);
            int firstLane = begin * SparseRounds.Lanes, count = Math.Min(groups * SparseRounds.Lanes, _rounds.Channels.Length - firstLane);
            byte* to = output + _first;
            for (int i = 0; i < count; i++)
                to[channels[firstLane + i]] = rows[i];
        }
    }
}
