using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Weights, starts and multipliers of the output channels of a panel in the order in which assembled tiles read them: lanes
/// as in <see cref="PanelLayout"/>, the weights of a step in each. Channels beyond the last are zero.
/// </summary>
internal sealed unsafe class Int8Panel
{
    private readonly AlignedBuffer<int> _weights;
    private readonly AlignedBuffer<int> _starts;
    private readonly AlignedBuffer<float> _multipliers;
    private readonly AlignedBuffer<byte>? _split;
    private readonly AlignedBuffer<uint>? _complements;

    /// <param name="layout">Registers.</param>
    /// <param name="product">How the weights are multiplied.</param>
    /// <param name="flip">The input is int8 and made uint8 by flipping the top bit.</param>
    /// <param name="runs">Bytes from the input to each run.</param>
    /// <param name="runBytes">Weights of a run; padded with zeros to whole steps.</param>
    /// <param name="weights">[columns, runs, runBytes].</param>
    /// <param name="starts">[columns].</param>
    /// <param name="multipliers">[columns].</param>
    public Int8Panel(
        PanelLayout layout, ByteProduct product, bool flip, ReadOnlySpan<long> runs, int runBytes, ReadOnlySpan<sbyte> weights,
        ReadOnlySpan<int> starts, ReadOnlySpan<float> multipliers)
    {
        Layout = layout;
        Columns = starts.Length;
        int lanes = layout.Lanes, stride = layout.Vectors * lanes, elements = product.StepElements();
        int steps = (runBytes + elements - 1) / elements;
        _weights = new AlignedBuffer<int>(checked(runs.Length * steps * stride));
        _starts = new AlignedBuffer<int>(stride);
        _multipliers = new AlignedBuffer<float>(stride);
        fixed (sbyte* from = weights)
        {
            for (int vector = 0; vector < layout.Vectors; vector++)
            {
                for (int lane = 0; lane < lanes; lane++)
                {
                    int channel = layout.Channel(vector, lane);
                    if (channel >= Columns)
                        continue;
                    int at = (vector * lanes) + lane;
                    _starts.Pointer[at] = starts[channel];
                    _multipliers.Pointer[at] = multipliers[channel];
                    byte* own = (byte*)from + ((nint)channel * runs.Length * runBytes);
                    if (product == ByteProduct.Words)
                        SpreadWords((sbyte*)own, runs.Length, runBytes, _weights.Pointer + at, stride);
                    else
                        Spread(own, runs.Length, runBytes, _weights.Pointer + at, stride);
                }
            }
        }

        if (product != ByteProduct.Bytes)
            return;
        if (Assembled.Complements.Choose(_weights.Pointer, _starts.Pointer, layout.Vectors, lanes, runs.Length * steps) is { } bits)
        {
            _complements = new AlignedBuffer<uint>(bits.Length);
            for (int i = 0; i < bits.Length; i++)
                _complements.Pointer[i] = bits[i] ^ (flip ? 0x80808080 : 0);
        }

        _split = PairSplit.Create(_weights.Pointer, layout, steps, runs, HasComplements ? _complements!.Span : []);
    }

    public PanelLayout Layout { get; }

    public int Columns { get; }

    public sbyte* Weights => (sbyte*)_weights.Pointer;

    public int* Starts => _starts.Pointer;

    public float* Multipliers => _multipliers.Pointer;

    /// <summary>Whether some input bytes are complemented.</summary>
    public bool HasComplements => _complements is not null;

    /// <summary>
    /// [runs·steps] bits that the input bytes of a step are flipped by: see <see cref="Assembled.Complements"/>, and the top bits of int8.
    /// </summary>
    public uint* Complements => _complements is null ? null : _complements.Pointer;

    /// <summary>Whether <see cref="Split"/> lists anything.</summary>
    public bool HasSplit => _split is not null;

    /// <summary>See <see cref="PairSplit"/>; null where it would list nothing.</summary>
    public byte* Split => _split is null ? null : _split.Pointer;

    /// <summary>Writes every two weights of each run as int16 to the next step's place, the last one of a run padded with zero.</summary>
    private static void SpreadWords(sbyte* weights, int runs, int runBytes, int* target, nint stride)
    {
        for (int run = 0; run < runs; run++, weights += runBytes)
        {
            for (int k = 0; k < runBytes; k += 2, target += stride)
                *target = (weights[k] & 0xFFFF) | (k + 1 < runBytes ? weights[k + 1] << 16 : 0);
        }
    }

    /// <summary>Writes every four weights of each run to the next step's place, the last ones of a run padded with zeros.</summary>
    private static void Spread(byte* weights, int runs, int runBytes, int* target, nint stride)
    {
        for (int run = 0; run < runs; run++, weights += runBytes)
        {
            int k = 0;
            for (; k <= runBytes - 4; k += 4, target += stride)
                *target = Unsafe.ReadUnaligned<int>(weights + k);
            if (k == runBytes)
                continue;
            int last = 0;
            for (int i = runBytes - 1; i >= k; i--)
                last = (last << 8) | weights[i];
            *target = last;
            target += stride;
        }
    }
}
