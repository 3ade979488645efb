using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <content>One step of one sample.</content>
internal sealed unsafe partial class RecurrentLayer
{
    /// <summary>Activation <paramref name="index"/> of a direction: f, g, h in ONNX's order.</summary>
    private GateActivation Activation(int direction, int index) => _options.Activations[(direction * _shape.Activations) + index];

    private void Activate(GateActivation activation, Span<float> gate)
    {
        GateFunctions.Clip(_options.Clip, gate);
        GateFunctions.Apply(_tier, activation, gate);
    }

    private void Rnn(int direction, Span<float> gates, Span<float> state)
    {
        Activate(Activation(direction, 0), gates);
        gates.CopyTo(state);
    }

    /// <summary>Completes the gates z, r and the sums of the candidates h of all samples.</summary>
    private void Candidates(
        in RecurrentOperands o, int direction, float* step, float* state, float* other, float* candidateBias, float* scratch)
    {
        (int batch, int hidden, int width) = (_shape.Batch, _shape.Hidden, Width);
        float* weights = o.R + ((((nint)direction * width) + (2 * hidden)) * hidden);
        for (int b = 0; b < batch; b++)
        {
            Activate(Activation(direction, 0), new(step + (b * width), 2 * hidden));
            float* reset = step + (b * width) + hidden;
            for (int i = 0; i < hidden && !_options.ResetAfter; i++)
                other[(b * hidden) + i] = reset[i] * state[(b * hidden) + i];
        }

        if (!_options.ResetAfter)
        {
            _candidateWeights[direction].Multiply(
                other, batch, hidden, step + (2 * hidden), width, hidden, weights, null, true, _tier, scratch);
            return;
        }

        _candidateWeights[direction].Multiply(
            state, batch, hidden, other, hidden, hidden, weights, candidateBias, false, _tier, scratch);
        for (int b = 0; b < batch; b++)
        {
            float* reset = step + (b * width) + hidden, sums = reset + hidden;
            for (int i = 0; i < hidden; i++)
                sums[i] += reset[i] * other[(b * hidden) + i];
        }
    }

    /// <summary>H = (1 − z)∘h + z∘H.</summary>
    private void Gru(int direction, Span<float> gates, Span<float> state)
    {
        int hidden = _shape.Hidden;
        Span<float> z = gates[..hidden], h = gates[(2 * hidden)..];
        Activate(Activation(direction, 1), h);
        for (int i = 0; i < hidden; i++)
            state[i] = ((1 - z[i]) * h[i]) + (z[i] * state[i]);
    }

    /// <summary>C = f∘C + i∘c, H = o∘h(C).</summary>
    private void Lstm(in RecurrentOperands operands, int direction, Span<float> gates, Span<float> state, Span<float> cell)
    {
        int hidden = _shape.Hidden;
        Span<float> i = gates[..hidden], o = gates[hidden..(2 * hidden)], f = gates[(2 * hidden)..(3 * hidden)], c = gates[(3 * hidden)..];
        float* peepholes = operands.Peepholes == null ? null : operands.Peepholes + (3 * direction * hidden);
        Peep(peepholes, cell, i);
        Activate(Activation(direction, 0), i);
        if (_options.CoupledGates)
        {
            for (int j = 0; j < hidden; j++)
                f[j] = 1 - i[j];
        }
        else
        {
            Peep(peepholes == null ? null : peepholes + (2 * hidden), cell, f);
            Activate(Activation(direction, 0), f);
        }

        Activate(Activation(direction, 1), c);
        for (int j = 0; j < hidden; j++)
            cell[j] = (f[j] * cell[j]) + (i[j] * c[j]);
        Peep(peepholes == null ? null : peepholes + hidden, cell, o);
        Activate(Activation(direction, 0), o);
        cell.CopyTo(state);
        GateFunctions.Apply(_tier, Activation(direction, 2), state);
        for (int j = 0; j < hidden; j++)
            state[j] *= o[j];
    }

    private static void Peep(float* peepholes, ReadOnlySpan<float> cell, Span<float> gate)
    {
        if (peepholes == null)
            return;
        for (int j = 0; j < gate.Length; j++)
            gate[j] += peepholes[j] * cell[j];
    }
}
