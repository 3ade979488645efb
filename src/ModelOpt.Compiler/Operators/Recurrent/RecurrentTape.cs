using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Threading;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>The operands of a recurrent layer, the samples first; D directions, G gates. Null where an optional one is absent.</summary>
/// <param name="X">[batch, steps, inputs].</param>
/// <param name="W">[D, G·hidden, inputs].</param>
/// <param name="R">[D, G·hidden, hidden].</param>
/// <param name="Bias">[D, 2·G·hidden].</param>
/// <param name="Lengths">int32 [batch].</param>
/// <param name="State">[batch, D, hidden].</param>
/// <param name="Cell">[batch, D, hidden].</param>
/// <param name="Peepholes">[D, 3·hidden].</param>
internal sealed record RecurrentTensors(
    Tensor X, Tensor W, Tensor R, Tensor? Bias, Tensor? Lengths, Tensor? State, Tensor? Cell, Tensor? Peepholes);

/// <summary>
/// One direction of a recurrent layer, step by step, in the precision of <typeparamref name="T"/>. It keeps what backpropagation
/// through time looks at. Rows lie in the order of steps: step, then sample.
/// </summary>
internal sealed partial class RecurrentTape<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RecurrentShape _shape;
    private readonly RecurrentOptions _options;
    private readonly RecurrentTensors _operands;
    private readonly int _direction;
    private readonly WorkerPool? _pool;
    private readonly ElementType _type = typeof(T) == typeof(double) ? ElementType.Float64 : ElementType.Float32;
    private readonly Tensor _x;
    private readonly Tensor _sums;
    private readonly Tensor _states;
    private readonly Tensor _cells;
    private readonly Tensor _candidates;

    /// <summary>Computes all steps of a direction.</summary>
    /// <param name="operands">Tensors of <typeparamref name="T"/>.</param>
    /// <param name="pool">Threads to work on, or null.</param>
    public RecurrentTape(RecurrentShape shape, RecurrentOptions options, RecurrentTensors operands, int direction, WorkerPool? pool)
    {
        (_shape, _options, _operands, _direction, _pool) = (shape, options, operands, direction, pool);
        (int batch, int steps, int hidden) = (shape.Batch, shape.Steps, shape.Hidden);
        _x = Zeros(steps, batch, shape.Inputs);
        _sums = Zeros(steps, batch, Width);
        _states = Zeros(steps + 1, batch, hidden);
        _cells = Zeros(steps + 1, batch, shape.Cell == RecurrentCell.Lstm ? hidden : 0);
        // Of GRU: the states times the reset gates, or where that comes after the product, the products.
        _candidates = Zeros(steps, batch, shape.Cell == RecurrentCell.Gru ? hidden : 0);
        InSteps(operands.X, shape.Inputs, _x);
        new MatrixProduct(steps * batch, Width, shape.Inputs, TransposeB: true)
            .AddTo(_x, new(operands.W, direction * Width * shape.Inputs), _sums, pool);
        AddBias();
        Start(operands.State, _states);
        if (shape.Cell == RecurrentCell.Lstm) Start(operands.Cell, _cells);
        for (int s = 0; s < steps; s++) Step(s);
    }

    /// <summary>Elements of all gates.</summary>
    private int Width => _shape.Gates * _shape.Hidden;

    /// <summary>Rows of R that multiply the state for all gates alike: GRU's candidate has a product of its own.</summary>
    private int Recurring => _shape.Cell == RecurrentCell.Gru ? 2 * _shape.Hidden : Width;

    private bool IsReverse => _direction == 1 || _options.Direction == RecurrentDirection.Reverse;

    private MatrixPlace CandidateWeights => new(_operands.R, ((_direction * Width) + Recurring) * _shape.Hidden);

    /// <summary>Writes the results: Y [batch, steps, D, hidden], the last states and cells [batch, D, hidden].</summary>
    public void Write(Tensor y, Tensor state, Tensor cell)
    {
        (int batch, int steps, int hidden) = (_shape.Batch, _shape.Steps, _shape.Hidden);
        for (int b = 0; b < batch; b++)
        {
            for (int s = 0; s < Length(b); s++) Row(_states, s + 1, b).CopyTo(Of(y, (b * steps) + Time(b, s)));
            Row(_states, steps, b).CopyTo(Of(state, b));
            if (_shape.Cell == RecurrentCell.Lstm) Row(_cells, steps, b).CopyTo(Of(cell, b));
        }

        Span<T> Of(Tensor tensor, int row) => tensor.As<T>().Slice(((row * _options.Directions) + _direction) * hidden, hidden);
    }

    private Tensor Zeros(params int[] dims) => Tensor.Zeros(_type, dims);

    private Span<T> Row(Tensor tensor, int step, int b)
    {
        int length = tensor.Dims[2];
        return tensor.As<T>().Slice(((step * _shape.Batch) + b) * length, length);
    }

    private int Length(int b) =>
        _operands.Lengths is { } lengths ? Math.Clamp(lengths.As<int>()[b], 0, _shape.Steps) : _shape.Steps;

    /// <summary>When a sample takes its step <paramref name="s"/>, which it has.</summary>
    private int Time(int b, int s) => IsReverse ? Length(b) - 1 - s : s;

    private GateActivation Activation(int index) => _options.Activations[(_direction * _shape.Activations) + index];

    private T Gate(int index, T x) => GateMath.Value(Activation(index), _options.Clip > 0 ? T.Clamp(x, -Bound, Bound) : x);

    private T Slope(int index, T x) => _options.Clip > 0 && T.Abs(x) > Bound ? T.Zero : GateMath.Slope(Activation(index), x);

    private T Bound => T.CreateChecked(_options.Clip);

    /// <summary>The peepholes of the direction, of the input, output and forget gates; empty where there are none.</summary>
    private ReadOnlySpan<T> Peepholes =>
        _operands.Peepholes is { } p ? p.As<T>().Slice(3 * _direction * _shape.Hidden, 3 * _shape.Hidden) : default;

    /// <summary>Brings rows [batch, steps] into the order of steps; those behind a sample's end stay zero.</summary>
    private void InSteps(Tensor from, int length, Tensor to)
    {
        for (int b = 0; b < _shape.Batch; b++)
        {
            for (int s = 0; s < Length(b); s++)
                from.As<T>().Slice(((b * _shape.Steps) + Time(b, s)) * length, length).CopyTo(Row(to, s, b));
        }
    }

    private void AddBias()
    {
        if (_operands.Bias is not { } bias) return;
        ReadOnlySpan<T> both = bias.As<T>().Slice(2 * _direction * Width, 2 * Width), w = both[..Width], r = both[Width..];
        Span<T> sums = _sums.As<T>();
        for (int i = 0; i < sums.Length; i++)
        {
            int at = i % Width;
            sums[i] += IsApart && at >= Recurring ? w[at] : w[at] + r[at];
        }
    }

    /// <summary>Whether the candidate's product with the state, and its bias, are scaled by the reset gate.</summary>
    private bool IsApart => _shape.Cell == RecurrentCell.Gru && _options.ResetAfter;

    private void Start(Tensor? initial, Tensor rows)
    {
        for (int b = 0; initial is not null && b < _shape.Batch; b++)
            initial.As<T>().Slice(((b * _options.Directions) + _direction) * _shape.Hidden, _shape.Hidden).CopyTo(Row(rows, 0, b));
    }

    private void Step(int s)
    {
        (int batch, int hidden) = (_shape.Batch, _shape.Hidden);
        Tensor products = Zeros(1, batch, Recurring);
        new MatrixProduct(batch, Recurring, hidden, TransposeB: true)
            .AddTo(new(_states, s * batch * hidden), new(_operands.R, _direction * Width * hidden), products, _pool);
        for (int b = 0; b < batch; b++) Add(Row(products, 0, b), Row(_sums, s, b));
        if (_shape.Cell == RecurrentCell.Gru) Candidates(s);
        for (int b = 0; b < batch; b++)
        {
            Row(_states, s, b).CopyTo(Row(_states, s + 1, b));
            Row(_cells, s, b).CopyTo(Row(_cells, s + 1, b));
            if (s >= Length(b)) continue;
            Span<T> state = Row(_states, s + 1, b), sums = Row(_sums, s, b);
            if (_shape.Cell == RecurrentCell.Lstm) Lstm(sums, state, Row(_cells, s + 1, b));
            else if (_shape.Cell == RecurrentCell.Gru) Gru(sums, state);
            else for (int j = 0; j < hidden; j++) state[j] = Gate(0, sums[j]);
        }
    }

    /// <summary>Adds the candidates' product with the state.</summary>
    private void Candidates(int s)
    {
        (int batch, int hidden) = (_shape.Batch, _shape.Hidden);
        MatrixProduct product = new(batch, hidden, hidden, TransposeB: true);
        if (_options.ResetAfter)
        {
            product.AddTo(new(_states, s * batch * hidden), CandidateWeights, new(_candidates, s * batch * hidden), _pool);
            for (int b = 0; b < batch; b++)
            {
                Span<T> own = Row(_candidates, s, b), sums = Row(_sums, s, b);
                if (_operands.Bias is { } bias) Add(bias.As<T>().Slice((((2 * _direction) + 1) * Width) + Recurring, hidden), own);
                for (int j = 0; j < hidden; j++) sums[Recurring + j] += Gate(0, sums[hidden + j]) * own[j];
            }

            return;
        }

        Tensor products = Zeros(1, batch, hidden);
        for (int b = 0; b < batch; b++)
        {
            Span<T> own = Row(_candidates, s, b), sums = Row(_sums, s, b), state = Row(_states, s, b);
            for (int j = 0; j < hidden; j++) own[j] = Gate(0, sums[hidden + j]) * state[j];
        }

        product.AddTo(new(_candidates, s * batch * hidden), CandidateWeights, products, _pool);
        for (int b = 0; b < batch; b++) Add(Row(products, 0, b), Row(_sums, s, b)[Recurring..]);
    }

    private void Gru(Span<T> sums, Span<T> state)
    {
        for (int j = 0; j < state.Length; j++)
        {
            T z = Gate(0, sums[j]);
            state[j] = ((T.One - z) * Gate(1, sums[Recurring + j])) + (z * state[j]);
        }
    }

    private void Lstm(Span<T> sums, Span<T> state, Span<T> cell)
    {
        int hidden = _shape.Hidden;
        Span<T> i = sums[..hidden], o = sums[hidden..(2 * hidden)], f = sums[(2 * hidden)..(3 * hidden)], c = sums[(3 * hidden)..];
        ReadOnlySpan<T> p = Peepholes;
        for (int j = 0; j < hidden; j++)
        {
            if (!p.IsEmpty) (i[j], f[j]) = (i[j] + (p[j] * cell[j]), f[j] + (p[(2 * hidden) + j] * cell[j]));
            T taken = Gate(0, i[j]), kept = _options.CoupledGates ? T.One - taken : Gate(0, f[j]);
            cell[j] = (kept * cell[j]) + (taken * Gate(1, c[j]));
            if (!p.IsEmpty) o[j] += p[hidden + j] * cell[j];
            state[j] = Gate(0, o[j]) * GateMath.Value(Activation(2), cell[j]);
        }
    }

    private static void Add(ReadOnlySpan<T> terms, Span<T> to)
    {
        for (int i = 0; i < terms.Length; i++) to[i] += terms[i];
    }
}
