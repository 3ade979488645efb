using System.Numerics;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Second moments of a layer's input x, as its weights meet it (im2col), and of the output y that the layer should have: all that a
/// least-squares fit of the layer needs. With z = [x; 1], the mean of z·zᵀ and of y·zᵀ over samples and positions.
/// </summary>
internal sealed class LayerMoments
{
    // As a share of the mean square. Products are summed in float32, which leaves 1e-7 of it: a variance below a hundred times that
    // is too inexact to fit weights by, however strongly they are held.
    private const double Noise = 1e-5;

    private readonly double[][] _grams;
    private readonly double[][] _crosses;
    private readonly bool _areInputsKnown;
    private long _count;
    private bool _averaged;

    /// <summary>Moments of nothing yet.</summary>
    /// <param name="groups">Groups of the convolution; 1 for a dense layer.</param>
    /// <param name="inputs">Weights of an output channel, K.</param>
    /// <param name="outputs">Output channels of all groups, those that y has.</param>
    public LayerMoments(int groups, int inputs, int outputs)
        : this(groups, inputs, outputs, [.. Enumerable.Range(0, groups).Select(_ => new double[(inputs + 1) * (inputs + 1)])], false)
    {
    }

    private LayerMoments(int groups, int inputs, int outputs, double[][] grams, bool areInputsKnown)
    {
        (Groups, Inputs, Outputs) = (groups, inputs, outputs);
        (_grams, _areInputsKnown) = (grams, areInputsKnown);
        _crosses = [.. Enumerable.Range(0, groups).Select(_ => new double[outputs / groups * (inputs + 1)])];
    }

    /// <summary>Groups of the convolution.</summary>
    public int Groups { get; }

    /// <summary>Weights of an output channel, K, in the weight's order: input channel of the group, then taps.</summary>
    public int Inputs { get; }

    /// <summary>Output channels of all groups.</summary>
    public int Outputs { get; }

    /// <summary>How many positions of samples were seen.</summary>
    public long Count => _count;

    /// <summary>
    /// How strongly a fit to these moments pulls weights to their old values, as a share of the mean variance of the inputs. The fewer
    /// positions a weight can learn from, the stronger it is: a layer wider than the number of positions would learn these by heart.
    /// </summary>
    /// <param name="least">The share where there is no want of samples.</param>
    /// <param name="perInput">What is added for each input that a position has to tell of.</param>
    public double RidgeOf(double least, double perInput) => least + (perInput * Inputs / Math.Max(1, Count));

    /// <summary>Bytes that the moments of a layer take.</summary>
    public static long Bytes(int groups, int inputs, int outputs) =>
        sizeof(double) * (inputs + 1L) * (((inputs + 1L) * groups) + outputs);

    /// <summary>The mean of z·zᵀ, [K + 1, K + 1]; its last row is the mean of z.</summary>
    public double[] Gram(int group)
    {
        Average();
        return _grams[group];
    }

    /// <summary>The mean of y·zᵀ, [outputs of the group, K + 1]; its last column is the mean of y.</summary>
    public double[] Cross(int group)
    {
        Average();
        return _crosses[group];
    }

    /// <summary>The mean of x, [K].</summary>
    public ReadOnlySpan<double> InputMean(int group) => Gram(group).AsSpan(Inputs * (Inputs + 1), Inputs);

    /// <summary>The covariance of x, [K, K], which is the caller's.</summary>
    public double[] InputCovariance(int group)
    {
        int k = Inputs;
        double[] gram = Gram(group), covariance = new double[k * k];
        ReadOnlySpan<double> mean = InputMean(group);
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < k; j++) covariance[(i * k) + j] = gram[(i * (k + 1)) + j] - (mean[i] * mean[j]);
        }

        // Rounding of float32 sums is no variance: an input that never varies gives no positive definite matrix.
        double variance = 0, square = 0;
        for (int i = 0; i < k; i++) (variance, square) = (variance + covariance[i * (k + 1)], square + gram[i * (k + 2)]);
        return variance > Noise * square ? covariance : new double[k * k];
    }

    /// <summary>The mean of an element of y.</summary>
    public double OutputMean(int group, int output) => Cross(group)[(output * (Inputs + 1)) + Inputs];

    /// <summary>The covariance of y and x, [outputs of the group, K], which is the caller's.</summary>
    public double[] CrossCovariance(int group)
    {
        int k = Inputs, outputs = Outputs / Groups;
        double[] cross = Cross(group), covariance = new double[outputs * k];
        ReadOnlySpan<double> mean = InputMean(group);
        for (int o = 0; o < outputs; o++)
        {
            for (int j = 0; j < k; j++) covariance[(o * k) + j] = cross[(o * (k + 1)) + j] - (OutputMean(group, o) * mean[j]);
        }

        return covariance;
    }

    /// <summary>Moments of the same inputs and of outputs that are still to be seen, with these inputs once more.</summary>
    public LayerMoments OfOtherOutputs()
    {
        Average();
        return new LayerMoments(Groups, Inputs, Outputs, _grams, true);
    }

    /// <summary>Adds the inputs and target outputs of one group of the layer.</summary>
    /// <param name="patches">x, [K, positions].</param>
    /// <param name="wanted">y, [outputs of the group, positions].</param>
    /// <param name="pool">Threads; the result does not depend on them.</param>
    public void Add(int group, ReadOnlySpan<float> patches, ReadOnlySpan<float> wanted, int positions, WorkerPool? pool)
    {
        int k = Inputs, n = k + 1, outputs = Outputs / Groups;
        using Rented rented = new(Math.Max(k, outputs) * k);
        Span<float> product = rented.Span;
        double[] cross = _crosses[group];
        if (!_areInputsKnown) AddInputs(_grams[group], patches, positions, product, pool);
        Gemm.Multiply(outputs, k, positions, wanted, positions, false, patches, positions, true, product, k, pool: pool);
        for (int o = 0; o < outputs; o++)
        {
            Accumulate(cross.AsSpan(o * n, k), product.Slice(o * k, k));
            cross[(o * n) + k] += Sum(wanted.Slice(o * positions, positions));
        }

        if (group == 0) _count += positions;
    }

    private void AddInputs(double[] gram, ReadOnlySpan<float> patches, int positions, Span<float> product, WorkerPool? pool)
    {
        int k = Inputs, n = k + 1;
        Gemm.Multiply(k, k, positions, patches, positions, false, patches, positions, true, product, k, pool: pool);
        for (int i = 0; i < k; i++)
        {
            Accumulate(gram.AsSpan(i * n, k), product.Slice(i * k, k));
            double sum = Sum(patches.Slice(i * positions, positions));
            gram[(i * n) + k] += sum;
            gram[(k * n) + i] += sum;
        }

        gram[(k * n) + k] += positions;
    }

    private static void Accumulate(Span<double> sums, ReadOnlySpan<float> terms)
    {
        int i = 0;
        for (int step = Vector<float>.Count; i <= terms.Length - step; i += step)
        {
            Vector.Widen(new Vector<float>(terms[i..]), out Vector<double> low, out Vector<double> high);
            (new Vector<double>(sums[i..]) + low).CopyTo(sums[i..]);
            Span<double> upper = sums[(i + (step / 2))..];
            (new Vector<double>(upper) + high).CopyTo(upper);
        }

        for (; i < terms.Length; i++) sums[i] += terms[i];
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values) sum += value;
        return sum;
    }

    private void Average()
    {
        if (_averaged || _count == 0) return;
        _averaged = true;
        foreach (double[] moments in _areInputsKnown ? _crosses : _grams.Concat(_crosses))
        {
            for (int i = 0; i < moments.Length; i++) moments[i] /= _count;
        }
    }
}
