using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Estimates the noise of 8 bits in a layer, as a share of its signal, if its input's channels are divided by factors.</summary>
internal sealed class LayerNoise
{
    // Weights are rounded so that they compensate each other's errors.
    private const double LeftOfWeights = 0.1;
    private const double Steps = 255, Uniform = 12, MostWeight = 127;

    private readonly double[] _squares;
    private readonly double[] _weights;
    private readonly float[][] _largest;
    private readonly int[] _taps;
    private readonly int _kernel;
    private readonly double _signal;

    /// <summary>Reads a layer.</summary>
    /// <param name="layer">A Conv or Gemm with a constant weight.</param>
    /// <param name="squares">The mean square of its input, by channel.</param>
    public LayerNoise(Node layer, double[] squares)
    {
        Layer = layer;
        _squares = squares;
        Tensor weight = layer.Input(1).Constant!;
        int outputs = weight.Dims[0], inner = weight.Count / outputs;
        _weights = new double[squares.Length];
        _largest = [.. Enumerable.Range(0, outputs).Select(_ => new float[weight.Dims[1]])];
        _taps = new int[outputs];
        ReadOnlySpan<float> values = weight.Span<float>();
        _kernel = inner / Math.Max(1, weight.Dims[1]);
        for (int i = 0; i < values.Length; i++)
        {
            int output = i / inner, local = i % inner / _kernel, channel = ChannelFactors.InputChannel(layer, i);
            _weights[channel] += (double)values[i] * values[i];
            _largest[output][local] = MathF.Max(_largest[output][local], MathF.Abs(values[i]));
            if (local == 0) _taps[output] = channel;
        }

        for (int c = 0; c < squares.Length; c++) _signal += _weights[c] * _squares[c];
    }

    /// <summary>The layer.</summary>
    public Node Layer { get; }

    /// <summary>The noise.</summary>
    /// <param name="exponents">Of two: what each channel of the input is divided by.</param>
    /// <param name="largest">The largest magnitude of the input, divided.</param>
    public double Of(int[] exponents, double largest)
    {
        if (!(_signal > 0)) return 0;
        double step = largest / Steps, noise = 0;
        for (int c = 0; c < exponents.Length; c++)
            noise += Math.Pow(Math.ScaleB(step, exponents[c]), 2) / Uniform * _weights[c];
        for (int o = 0; o < _largest.Length; o++)
        {
            double most = 0, power = 0;
            for (int i = 0; i < _largest[o].Length; i++)
            {
                int e = exponents[_taps[o] + i];
                most = Math.Max(most, Math.ScaleB(_largest[o][i], e));
                power += _squares[_taps[o] + i] * Math.ScaleB(1, -2 * e) * _kernel;
            }

            noise += LeftOfWeights * Math.Pow(most / MostWeight, 2) / Uniform * power;
        }

        return noise / _signal;
    }
}
