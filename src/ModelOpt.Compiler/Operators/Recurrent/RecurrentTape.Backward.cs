using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Runtime.Kernels.Recurrent;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>Gradients of a recurrent layer's operands, to be added to; null where none is asked for.</summary>
internal sealed record RecurrentGradients(
    Tensor? X, Tensor? W, Tensor? R, Tensor? Bias, Tensor? State, Tensor? Cell, Tensor? Peepholes);

/// <content>Backpropagation through time.</content>
internal sealed partial class RecurrentTape<T>
{
    /// <summary>Adds the gradients of the operands.</summary>
    /// <param name="y">The gradient of Y [batch, steps, D, hidden], or null.</param>
    /// <param name="state">That of the last states [batch, D, hidden], or null.</param>
    /// <param name="cell">That of the last cells [batch, D, hidden], or null.</param>
    public void Backward(Tensor? y, Tensor? state, Tensor? cell, RecurrentGradients gradients)
    {
        (int batch, int steps, int hidden) = (_shape.Batch, _shape.Steps, _shape.Hidden);
        Tensor sums = Zeros(steps, batch, Width), candidates = Zeros(steps, batch, _shape.Cell == RecurrentCell.Gru ? hidden : 0);
        Tensor h = Zeros(1, batch, hidden), c = Zeros(1, batch, hidden), peepholes = Zeros(3 * hidden);
        Start(state, h);
        Start(cell, c);
        for (int s = steps - 1; s >= 0; s--)
        {
            for (int b = 0; b < batch; b++)
            {
                if (s >= Length(b)) continue;
                Span<T> dh = Row(h, 0, b), own = Row(sums, s, b);
                if (y is not null) Add(Own(y, (b * steps) + Time(b, s)), dh);
                if (_shape.Cell == RecurrentCell.Lstm) LstmBackward(s, b, dh, Row(c, 0, b), own, peepholes.As<T>());
                else if (_shape.Cell == RecurrentCell.Gru) GruBackward(s, b, dh, own);
                else RnnBackward(s, b, dh, own);
            }

            if (_shape.Cell == RecurrentCell.Gru) CandidatesBackward(s, sums, candidates, h);
            new MatrixProduct(batch, hidden, Recurring).AddTo(
                Columns(sums, s * batch, batch, 0, Recurring), new(_operands.R, _direction * Width * hidden), h, _pool);
        }

        AddWeights(sums, candidates, gradients);
        AddTo(gradients.State, h);
        if (_shape.Cell == RecurrentCell.Lstm) AddTo(gradients.Cell, c);
        if (gradients.Peepholes is { } p) Add(peepholes.As<T>(), p.As<T>().Slice(3 * _direction * hidden, 3 * hidden));
    }

    private Span<T> Own(Tensor tensor, int row) =>
        tensor.As<T>().Slice(((row * _options.Directions) + _direction) * _shape.Hidden, _shape.Hidden);

    private void AddTo(Tensor? gradient, Tensor rows)
    {
        for (int b = 0; gradient is not null && b < _shape.Batch; b++) Add(Row(rows, 0, b), Own(gradient, b));
    }

    private void RnnBackward(int s, int b, Span<T> dh, Span<T> own)
    {
        Span<T> sums = Row(_sums, s, b);
        for (int j = 0; j < dh.Length; j++) own[j] = dh[j] * Slope(0, sums[j]);
        dh.Clear();
    }

    private void LstmBackward(int s, int b, Span<T> dh, Span<T> dc, Span<T> own, Span<T> dp)
    {
        int hidden = _shape.Hidden;
        Span<T> sums = Row(_sums, s, b), before = Row(_cells, s, b), after = Row(_cells, s + 1, b);
        ReadOnlySpan<T> p = Peepholes;
        for (int j = 0; j < hidden; j++)
        {
            (int output, int forget, int candidate) = (hidden + j, (2 * hidden) + j, (3 * hidden) + j);
            T taken = Gate(0, sums[j]), kept = _options.CoupledGates ? T.One - taken : Gate(0, sums[forget]);
            own[output] = dh[j] * GateMath.Value(Activation(2), after[j]) * Slope(0, sums[output]);
            T cell = dc[j] + (dh[j] * Gate(0, sums[output]) * GateMath.Slope(Activation(2), after[j]));
            if (!p.IsEmpty) cell += own[output] * p[output];
            T ofForget = cell * before[j], ofInput = cell * Gate(1, sums[candidate]);
            own[j] = (_options.CoupledGates ? ofInput - ofForget : ofInput) * Slope(0, sums[j]);
            own[forget] = _options.CoupledGates ? T.Zero : ofForget * Slope(0, sums[forget]);
            own[candidate] = cell * taken * Slope(1, sums[candidate]);
            dc[j] = cell * kept;
            if (p.IsEmpty) continue;
            dc[j] += (own[j] * p[j]) + (own[forget] * p[forget]);
            dp[j] += own[j] * before[j];
            dp[output] += own[output] * after[j];
            dp[forget] += own[forget] * before[j];
        }

        dh.Clear();
    }

    private void GruBackward(int s, int b, Span<T> dh, Span<T> own)
    {
        Span<T> sums = Row(_sums, s, b), before = Row(_states, s, b);
        for (int j = 0; j < dh.Length; j++)
        {
            T z = Gate(0, sums[j]), h = sums[Recurring + j];
            own[Recurring + j] = dh[j] * (T.One - z) * Slope(1, h);
            own[j] = dh[j] * (before[j] - Gate(1, h)) * Slope(0, sums[j]);
            dh[j] *= z;
        }
    }

    /// <summary>From the candidates to the reset gates and the state before.</summary>
    /// <param name="candidates">Takes the gradients of the candidates' products with the state.</param>
    private void CandidatesBackward(int s, Tensor sums, Tensor candidates, Tensor h)
    {
        (int batch, int hidden) = (_shape.Batch, _shape.Hidden);
        MatrixProduct product = new(batch, hidden, hidden);
        Tensor states = Zeros(1, batch, hidden);
        for (int b = 0; b < batch; b++)
        {
            Span<T> own = Row(candidates, s, b), of = Row(sums, s, b), gates = Row(_sums, s, b);
            for (int j = 0; j < hidden; j++)
                own[j] = _options.ResetAfter ? of[Recurring + j] * Gate(0, gates[hidden + j]) : of[Recurring + j];
        }

        product.AddTo(new(candidates, s * batch * hidden), CandidateWeights, states, _pool);
        for (int b = 0; b < batch; b++)
        {
            if (s >= Length(b)) continue;
            Span<T> of = Row(sums, s, b), gates = Row(_sums, s, b), dm = Row(states, 0, b), dh = Row(h, 0, b);
            Span<T> before = Row(_states, s, b), products = Row(_candidates, s, b);
            for (int j = 0; j < hidden; j++)
            {
                T reset = _options.ResetAfter ? of[Recurring + j] * products[j] : dm[j] * before[j];
                of[hidden + j] = reset * Slope(0, gates[hidden + j]);
                dh[j] += _options.ResetAfter ? dm[j] : dm[j] * Gate(0, gates[hidden + j]);
            }
        }
    }

    private void AddWeights(Tensor sums, Tensor candidates, RecurrentGradients gradients)
    {
        (int rows, int inputs, int hidden) = (_shape.Steps * _shape.Batch, _shape.Inputs, _shape.Hidden);
        if (gradients.W is { } w)
        {
            new MatrixProduct(Width, inputs, rows, TransposeA: true)
                .AddTo(sums, _x, new(w, _direction * Width * inputs), _pool);
        }

        if (gradients.R is { } r)
        {
            int start = _direction * Width * hidden;
            new MatrixProduct(Recurring, hidden, rows, TransposeA: true)
                .AddTo(Columns(sums, 0, rows, 0, Recurring), _states, new(r, start), _pool);
            if (_shape.Cell == RecurrentCell.Gru)
            {
                new MatrixProduct(hidden, hidden, rows, TransposeA: true).AddTo(
                    candidates, _options.ResetAfter ? _states : _candidates, new(r, start + (Recurring * hidden)), _pool);
            }
        }

        if (gradients.X is { } x) AddInputs(sums, x);
        if (gradients.Bias is not { } bias) return;
        Span<T> ofW = bias.As<T>().Slice(2 * _direction * Width, Width), ofR = bias.As<T>().Slice(((2 * _direction) + 1) * Width, Width);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<T> own = sums.As<T>().Slice(row * Width, Width);
            Add(own, ofW);
            Add(IsApart ? own[..Recurring] : own, ofR);
            if (IsApart) Add(candidates.As<T>().Slice(row * hidden, hidden), ofR[Recurring..]);
        }
    }

    private void AddInputs(Tensor sums, Tensor x)
    {
        int inputs = _shape.Inputs;
        Tensor inSteps = Zeros(_shape.Steps, _shape.Batch, inputs);
        new MatrixProduct(_shape.Steps * _shape.Batch, inputs, Width)
            .AddTo(sums, new(_operands.W, _direction * Width * inputs), inSteps, _pool);
        for (int b = 0; b < _shape.Batch; b++)
        {
            for (int s = 0; s < Length(b); s++)
                Add(Row(inSteps, s, b), x.As<T>().Slice(((b * _shape.Steps) + Time(b, s)) * inputs, inputs));
        }
    }

    /// <summary>Some columns of some rows of gates, where they lie alone, else copied.</summary>
    private MatrixPlace Columns(Tensor gates, int firstRow, int rows, int first, int count)
    {
        if (count == Width) return new(gates, firstRow * Width);
        Tensor copy = Zeros(rows, count);
        for (int row = 0; row < rows; row++)
            gates.As<T>().Slice(((firstRow + row) * Width) + first, count).CopyTo(copy.As<T>()[(row * count)..]);
        return copy;
    }
}
