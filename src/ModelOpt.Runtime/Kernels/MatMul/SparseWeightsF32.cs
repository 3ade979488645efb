using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>A weight that is not zero.</summary>
/// <param name="Row">Its input among those of the chunk.</param>
/// <param name="Weight">Its value.</param>
internal readonly record struct SparseWeightF32(int Row, float Weight);

/// <summary>Neighbouring input channels of a tap.</summary>
internal readonly record struct SparseSegmentF32(int Tap, int Channel, int Count);

/// <summary>
/// The weights of a float32 convolution that are not zero: of a chunk of inputs, small enough that their values for many pixels stay in
/// the first-level cache, channel by channel; then of the next chunk.
/// </summary>
internal sealed unsafe class SparseWeightsF32
{
    /// <summary>Inputs of a chunk at most.</summary>
    public const int ChunkRows = 64;

    private readonly AlignedBuffer<SparseWeightF32> _weights;
    private readonly AlignedBuffer<int> _starts;
    private readonly int _outputs;

    /// <param name="weights">[outputs, taps, inputs].</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="inputs">Weights of a tap.</param>
    public SparseWeightsF32(ReadOnlySpan<float> weights, int outputs, int inputs)
    {
        _outputs = outputs;
        int k = weights.Length / outputs;
        Chunks = Divide(k / inputs, inputs);
        _weights = new AlignedBuffer<SparseWeightF32>(Count(weights));
        _starts = new AlignedBuffer<int>(checked((Chunks.Length * outputs) + 1));
        int at = 0;
        for (int chunk = 0; chunk < Chunks.Length; chunk++)
        {
            for (int output = 0; output < outputs; output++)
            {
                _starts.Pointer[(chunk * outputs) + output] = at;
                int row = 0;
                foreach (SparseSegmentF32 segment in Chunks[chunk])
                {
                    foreach (float weight in weights.Slice((output * k) + (segment.Tap * inputs) + segment.Channel, segment.Count))
                    {
                        if (weight != 0)
                            _weights.Pointer[at++] = new SparseWeightF32(row, weight);
                        row++;
                    }
                }
            }
        }

        _starts.Pointer[Chunks.Length * outputs] = at;
    }

    /// <summary>The inputs of each chunk, in the order in which sums take them: (tap, channel).</summary>
    public SparseSegmentF32[][] Chunks { get; }

    /// <summary>Valid while this object is alive, as are the starts.</summary>
    public SparseWeightF32* Weights => _weights.Pointer;

    /// <summary>Weights before those of each output channel, and of the next; from the chunk's first channel on.</summary>
    public int* Starts(int chunk) => _starts.Pointer + ((nint)chunk * _outputs);

    /// <summary>The number of chunks for so many inputs of so many taps.</summary>
    public static int CountChunks(int taps, int inputs) => Divide(taps, inputs).Length;

    /// <summary>Weights that are not zero.</summary>
    public static int Count(ReadOnlySpan<float> weights)
    {
        Vector128<int> zeros = default;
        int i = 0, count = weights.Length;
        for (; i <= weights.Length - 4; i += 4)
            zeros += Vector128.Equals(Vector128.Create(weights[i..]), default).AsInt32();
        count += Vector128.Sum(zeros);
        for (; i < weights.Length; i++)
            count -= weights[i] == 0 ? 1 : 0;
        return count;
    }

    private static SparseSegmentF32[][] Divide(int taps, int inputs)
    {
        var chunks = new List<SparseSegmentF32[]>();
        var segments = new List<SparseSegmentF32>();
        int parts = (inputs + ChunkRows - 1) / ChunkRows, rows = 0;
        for (int i = 0; i < taps * parts; i++)
        {
            (int tap, int part) = Math.DivRem(i, parts);
            int begin = (int)((long)inputs * part / parts), count = (int)((long)inputs * (part + 1) / parts) - begin;
            if (rows + count > ChunkRows)
            {
                chunks.Add([.. segments]);
                segments.Clear();
                rows = 0;
            }

            segments.Add(new SparseSegmentF32(tap, begin, count));
            rows += count;
        }

        chunks.Add([.. segments]);
        return [.. chunks];
    }
}
