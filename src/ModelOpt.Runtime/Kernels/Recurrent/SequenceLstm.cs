using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>Sizes of an LSTM: the cell may be larger than what is projected from it, which is output and state.</summary>
/// <param name="IsCoupled">Whether the input gate is what the forget gate leaves.</param>
internal readonly record struct SequenceLstmShape(int Batch, int Steps, int Inputs, int Cells, int Outputs, bool IsCoupled);

/// <summary>
/// TFLite's LSTM, in its order of gates: input, forget, candidates, output. The products with the inputs are one matrix product of each
/// gate
/// for all steps; each step then multiplies the state. The same bits on every tier.
/// </summary>
internal sealed unsafe class SequenceLstm(SequenceLstmShape shape, SequenceLstmOptions options, SimdTier? simd = null)
{
    private const int InputGate = 0, ForgetGate = 1, Candidates = 2, OutputGate = 3, Gates = 4;
    private const float Least = 1e-8f;

    private readonly SimdTier _tier = simd ?? SimdTiers.Best;

    public GateMatrix?[] InputWeights { get; } = new GateMatrix?[Gates];

    public GateMatrix?[] StateWeights { get; } = new GateMatrix?[Gates];

    public float[]?[] Biases { get; } = new float[]?[Gates];

    /// <summary>Scales of the layer normalization of each gate.</summary>
    public float[]?[] Normalizations { get; } = new float[]?[Gates];

    public float[]? InputPeephole { get; set; }

    public float[]? ForgetPeephole { get; set; }

    public float[]? OutputPeephole { get; set; }

    public GateMatrix? Projection { get; set; }

    public float[]? ProjectionBias { get; set; }

    public int StateLength => checked(shape.Batch * shape.Outputs);

    public int CellLength => checked(shape.Batch * shape.Cells);

    /// <summary>Elements of scratch memory, those of state and cell first.</summary>
    /// <exception cref="OverflowException">There are more than an int counts.</exception>
    public int ScratchLength => checked(StateLength + CellLength + (((shape.Steps * Gates) + Gates) * CellLength) + StateLength);

    public long Work => (long)shape.Batch * shape.Steps * Gates * shape.Cells * (shape.Inputs + shape.Outputs);

    /// <summary>Computes all steps.</summary>
    /// <param name="x">[batch, steps, inputs], or steps first.</param>
    /// <param name="y">[batch, steps, outputs], in the same order.</param>
    /// <param name="h">[batch, outputs]: the state, which goes on.</param>
    /// <param name="c">[batch, cells]: the cell, which goes on.</param>
    public void Run(ReadOnlySpan<float> x, Span<float> y, Span<float> h, Span<float> c, Span<float> scratch, StateGrid state,
        StateGrid cell)
    {
        int all = shape.Steps * CellLength;
        Span<float> products = scratch[..(Gates * all)], gates = scratch.Slice(Gates * all, Gates * CellLength);
        Span<float> projected = scratch.Slice(products.Length + gates.Length, StateLength);
        for (int gate = 0; gate < Gates; gate++)
            Multiply(InputWeights[gate], x, shape.Batch * shape.Steps, products.Slice(gate * all, all), shape.Inputs, shape.Cells, false);
        for (int step = 0; step < shape.Steps; step++)
        {
            for (int gate = 0; gate < Gates; gate++)
                Start(gate, step, products.Slice(gate * all, all), gates.Slice(gate * CellLength, CellLength), h);
            for (int b = 0; b < shape.Batch; b++)
                Cell(gates, b, c.Slice(b * shape.Cells, shape.Cells), cell);
            Span<float> output = gates.Slice(OutputGate * CellLength, CellLength);
            if (Projection is null)
                output.CopyTo(h);
            else
                Project(output, projected, h);
            state.Round(h);
            for (int b = 0; b < shape.Batch; b++)
                h.Slice(b * shape.Outputs, shape.Outputs).CopyTo(y[(Row(b, step) * shape.Outputs)..]);
        }
    }

    private int Row(int b, int step) => options.TimeMajor ? (step * shape.Batch) + b : (b * shape.Steps) + step;

    /// <summary>The products of a gate with the input and the state of a step.</summary>
    private void Start(int gate, int step, ReadOnlySpan<float> products, Span<float> sums, ReadOnlySpan<float> h)
    {
        if (InputWeights[gate] is null)
            return;
        for (int b = 0; b < shape.Batch; b++)
            products.Slice(Row(b, step) * shape.Cells, shape.Cells).CopyTo(sums[(b * shape.Cells)..]);
        Multiply(StateWeights[gate], h, shape.Batch, sums, shape.Outputs, shape.Cells, true);
    }

    private void Cell(Span<float> gates, int b, Span<float> c, StateGrid grid)
    {
        int n = shape.Cells;
        Span<float> input = gates.Slice((InputGate * CellLength) + (b * n), n),
            forget = gates.Slice((ForgetGate * CellLength) + (b * n), n);
        Span<float> candidates = gates.Slice((Candidates * CellLength) + (b * n), n),
            output = gates.Slice((OutputGate * CellLength) + (b * n), n);
        Finish(ForgetGate, forget, c, ForgetPeephole);
        if (shape.IsCoupled)
        {
            for (int i = 0; i < n; i++)
                input[i] = 1 - forget[i];
        }
        else
        {
            Finish(InputGate, input, c, InputPeephole);
        }

        Finish(Candidates, candidates, c, null);
        for (int i = 0; i < n; i++)
            c[i] = (forget[i] * c[i]) + (input[i] * candidates[i]);
        GateFunctions.Clip(options.CellClip, c);
        grid.Round(c);
        Finish(OutputGate, output, c, OutputPeephole);
        c.CopyTo(candidates);
        Activate(candidates);
        for (int i = 0; i < n; i++)
            output[i] *= candidates[i];
    }

    /// <summary>A gate of its sums: what the cell adds, normalization, bias and activation.</summary>
    private void Finish(int gate, Span<float> sums, ReadOnlySpan<float> c, float[]? peephole)
    {
        for (int i = 0; peephole is not null && i < sums.Length; i++)
            sums[i] += c[i] * peephole[i];
        if (Normalizations[gate] is { } scales)
            Normalize(sums, scales);
        for (int i = 0; Biases[gate] is { } bias && i < sums.Length; i++)
            sums[i] += bias[i];
        if (gate == Candidates)
            Activate(sums);
        else
            GateFunctions.Apply(_tier, new GateActivation(GateFunction.Sigmoid, 0, 0), sums);
    }

    private void Activate(Span<float> x)
    {
        if (options.Activation == ActivationFunction.Tanh)
            GateFunctions.Apply(_tier, new GateActivation(GateFunction.Tanh, 0, 0), x);
        else if (options.Activation != ActivationFunction.None)
            foreach (ref float v in x)
                v = Lanes1.Clamp(v, 0, options.Activation == ActivationFunction.Relu6 ? 6 : float.PositiveInfinity);
    }

    private static void Normalize(Span<float> x, float[] scales)
    {
        float sum = 0, squares = 0;
        foreach (float v in x)
            sum += v;
        float mean = sum / x.Length;
        foreach (float v in x)
            squares += (v - mean) * (v - mean);
        float factor = 1 / MathF.Sqrt((squares / x.Length) + Least);
        for (int i = 0; i < x.Length; i++)
            x[i] = (x[i] - mean) * factor * scales[i];
    }

    private void Project(ReadOnlySpan<float> output, Span<float> projected, Span<float> h)
    {
        Multiply(Projection, output, shape.Batch, projected, shape.Cells, shape.Outputs, false);
        for (int i = 0; i < h.Length; i++)
            h[i] = projected[i] + (ProjectionBias?[i % shape.Outputs] ?? 0);
        GateFunctions.Clip(options.ProjectionClip, h);
    }

    private void Multiply(GateMatrix? weights, ReadOnlySpan<float> a, int m, Span<float> to, int k, int n, bool adds)
    {
        fixed (float* from = a, c = to)
            weights?.Multiply(from, m, k, c, n, n, null, null, adds, _tier, null);
    }
}
