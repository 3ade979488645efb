using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>What a recurrent layer computes with a step and its state.</summary>
internal enum RecurrentCell
{
    Rnn,
    Gru,
    Lstm,
}

/// <summary>Sizes of a recurrent layer.</summary>
internal readonly record struct RecurrentShape(RecurrentCell Cell, int Batch, int Steps, int Inputs, int Hidden)
{
    /// <summary>Gates, those of the candidates included.</summary>
    public int Gates => Cell switch
    {
        RecurrentCell.Rnn => 1,
        RecurrentCell.Gru => 3,
        _ => 4,
    };

    /// <summary>Activations of one direction.</summary>
    public int Activations => Cell switch
    {
        RecurrentCell.Rnn => 1,
        RecurrentCell.Gru => 2,
        _ => 3,
    };
}

/// <summary>
/// Operands of a layer, in ONNX's order of gates; D directions, G gates. Null where an optional one is absent.
/// </summary>
internal unsafe struct RecurrentOperands
{
    /// <summary>[batch, steps, inputs].</summary>
    public float* X;

    /// <summary>[D, G·hidden, inputs].</summary>
    public float* W;

    /// <summary>[D, G·hidden, hidden].</summary>
    public float* R;

    /// <summary>[D, 2·G·hidden]: the biases of both products.</summary>
    public float* Bias;

    /// <summary>[batch]: how many steps each sample has.</summary>
    public int* Lengths;

    /// <summary>[batch, D, hidden].</summary>
    public float* InitialState;

    /// <summary>[batch, D, hidden], of LSTM.</summary>
    public float* InitialCell;

    /// <summary>[D, 3·hidden], of LSTM: of the input, output and forget gates.</summary>
    public float* Peepholes;

    /// <summary>Result, [batch, steps, D, hidden]; zeros behind the last step of a sample.</summary>
    public float* Y;

    /// <summary>Result, [batch, D, hidden]: the states after the last step.</summary>
    public float* State;

    /// <summary>Result, [batch, D, hidden], of LSTM.</summary>
    public float* Cell;

    /// <summary><see cref="RecurrentLayer.ScratchLength"/> elements.</summary>
    public float* Scratch;
}

/// <summary>
/// RNN, GRU and LSTM as ONNX defines them. The products with the inputs are one matrix product for all steps; each step then multiplies
/// the states of all samples by R. The same bits on every tier.
/// </summary>
internal sealed unsafe partial class RecurrentLayer
{
    private readonly RecurrentShape _shape;
    private readonly RecurrentOptions _options;
    private readonly SimdTier _tier;
    private readonly int _integerScratch;
    private readonly GateMatrix[] _inputWeights;
    private readonly GateMatrix[] _stateWeights;
    private readonly GateMatrix[] _candidateWeights;

    /// <param name="w">[D, G·hidden, inputs] where it is constant, to be packed; else empty.</param>
    /// <param name="r">[D, G·hidden, hidden] where it is constant, to be packed; else empty.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public RecurrentLayer(
        RecurrentShape shape, RecurrentOptions options, ReadOnlySpan<float> w, ReadOnlySpan<float> r, SimdTier? tier = null)
    {
        (_shape, _options, _tier) = (shape, options, tier ?? SimdTiers.Best);
        (_inputWeights, _stateWeights, _candidateWeights) = (New(), New(), New());
        for (int d = 0; d < options.Directions; d++)
        {
            if (!w.IsEmpty)
                _inputWeights[d].Pack(w, d * Width, Width, shape.Inputs, _tier);
            if (r.IsEmpty)
                continue;
            _stateWeights[d].Pack(r, d * Width, Recurring, shape.Hidden, _tier);
            if (Width > Recurring)
                _candidateWeights[d].Pack(r, (d * Width) + Recurring, shape.Hidden, shape.Hidden, _tier);
        }
    }

    /// <summary>A layer that multiplies in int8.</summary>
    /// <param name="w">[D, G·hidden, inputs].</param>
    /// <param name="r">[D, G·hidden, hidden].</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    /// <param name="form">Form of the products; the best of the processor by default.</param>
    public RecurrentLayer(
        RecurrentShape shape, RecurrentOptions options, IntegerWeights w, IntegerWeights r, SimdTier? tier = null,
        Int8Form? form = null)
    {
        (_shape, _options, _tier) = (shape, options, tier ?? SimdTiers.Best);
        (_inputWeights, _stateWeights, _candidateWeights) = (New(), New(), New());
        for (int d = 0; d < options.Directions; d++)
        {
            _inputWeights[d].Pack(w, d * Width, Width, shape.Inputs, _tier, form);
            _stateWeights[d].Pack(r, d * Width, Recurring, shape.Hidden, _tier, form);
            if (Width > Recurring)
                _candidateWeights[d].Pack(r, (d * Width) + Recurring, shape.Hidden, shape.Hidden, _tier, form);
        }

        _integerScratch = _inputWeights.Concat(_stateWeights).Concat(_candidateWeights).Max(g => g.ScratchLength);
    }

    private GateMatrix[] New() => [.. Enumerable.Range(0, _options.Directions).Select(_ => new GateMatrix())];

    /// <summary>Elements of scratch memory of one direction.</summary>
    /// <exception cref="OverflowException">There are more than an int counts.</exception>
    public int ScratchLength =>
        checked((((_shape.Batch * _shape.Steps) + _shape.Batch + 1) * Width) + (3 * _shape.Batch * _shape.Hidden) + _integerScratch);

    /// <summary>Multiply-adds of one direction.</summary>
    public long Work => (long)_shape.Batch * _shape.Steps * Width * (_shape.Inputs + _shape.Hidden);

    /// <summary>Elements of all gates.</summary>
    private int Width => _shape.Gates * _shape.Hidden;

    /// <summary>Columns of the product with the state that is the same for all gates: GRU's candidate has another.</summary>
    private int Recurring => _shape.Cell == RecurrentCell.Gru ? 2 * _shape.Hidden : Width;

    /// <summary>Computes one direction.</summary>
    public void Run(in RecurrentOperands o, int direction)
    {
        (int batch, int steps, int hidden, int width) = (_shape.Batch, _shape.Steps, _shape.Hidden, Width);
        float* gates = o.Scratch, step = gates + ((nint)batch * steps * width), bias = step + (batch * width);
        float* state = bias + width, cell = state + (batch * hidden), other = cell + (batch * hidden);
        float* scratch = other + (batch * hidden), candidateBias = Biases(o, direction, bias);
        _inputWeights[direction].Multiply(
            o.X, batch * steps, _shape.Inputs, gates, width, width, o.W + ((nint)direction * width * _shape.Inputs), bias, false, _tier,
            scratch);
        Start(o.InitialState, direction, state);
        Start(o.InitialCell, direction, cell);
        bool isReverse = direction == 1 || _options.Direction == RecurrentDirection.Reverse;
        for (int s = 0; s < steps; s++)
        {
            for (int b = 0; b < batch; b++)
            {
                int t = Time(o, b, s, isReverse);
                new Span<float>(gates + ((((nint)b * steps) + t) * width), width).CopyTo(new Span<float>(step + (b * width), width));
            }

            _stateWeights[direction].Multiply(
                state, batch, hidden, step, width, Recurring, o.R + ((nint)direction * width * hidden), null, true, _tier, scratch);
            if (_shape.Cell == RecurrentCell.Gru)
                Candidates(o, direction, step, state, other, candidateBias, scratch);
            for (int b = 0; b < batch; b++)
            {
                int t = Time(o, b, s, isReverse);
                Span<float> to = new(o.Y + ((((((nint)b * steps) + t) * _options.Directions) + direction) * hidden), hidden);
                if (s >= Length(o, b))
                {
                    to.Clear();
                    continue;
                }

                Span<float> own = new(state + (b * hidden), hidden), of = new(step + (b * width), width);
                if (_shape.Cell == RecurrentCell.Lstm)
                    Lstm(o, direction, of, own, new(cell + (b * hidden), hidden));
                else if (_shape.Cell == RecurrentCell.Gru)
                    Gru(direction, of, own);
                else
                    Rnn(direction, of, own);
                own.CopyTo(to);
            }
        }

        End(o, direction, state, o.State);
        if (_shape.Cell == RecurrentCell.Lstm)
            End(o, direction, cell, o.Cell);
    }

    /// <summary>The step in time that a sample takes as its step s; behind its last one, where the zeros go.</summary>
    private int Time(in RecurrentOperands o, int b, int s, bool isReverse) =>
        isReverse && s < Length(o, b) ? Length(o, b) - 1 - s : s;

    private int Length(in RecurrentOperands o, int b) => o.Lengths == null ? _shape.Steps : Math.Clamp(o.Lengths[b], 0, _shape.Steps);

    /// <summary>Writes where the sums of the gates start; the bias that GRU's reset gate scales is apart.</summary>
    private float* Biases(in RecurrentOperands o, int direction, float* sums)
    {
        int width = Width;
        new Span<float>(sums, width).Clear();
        if (o.Bias == null)
            return null;
        float* w = o.Bias + (2 * direction * width), r = w + width;
        bool isApart = _shape.Cell == RecurrentCell.Gru && _options.ResetAfter;
        for (int i = 0; i < width; i++)
            sums[i] = isApart && i >= Recurring ? w[i] : w[i] + r[i];
        return isApart ? r + Recurring : null;
    }

    private void Start(float* initial, int direction, float* state)
    {
        int hidden = _shape.Hidden;
        for (int b = 0; b < _shape.Batch; b++)
        {
            Span<float> own = new(state + (b * hidden), hidden);
            if (initial == null)
                own.Clear();
            else
                new Span<float>(initial + (((b * _options.Directions) + direction) * hidden), hidden).CopyTo(own);
        }
    }

    private void End(in RecurrentOperands o, int direction, float* state, float* result)
    {
        int hidden = _shape.Hidden;
        for (int b = 0; b < _shape.Batch; b++)
        {
            Span<float> own = new(state + (b * hidden), hidden),
                to = new(result + (((b * _options.Directions) + direction) * hidden), hidden);
            own.CopyTo(to);
        }
    }
}
