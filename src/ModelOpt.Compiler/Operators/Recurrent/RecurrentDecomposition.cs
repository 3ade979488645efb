using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>The operators of TFLite that compute a recurrent layer, each step of the sequence written out.</summary>
/// <remarks>
/// Integer weights become real numbers first: what a layer rounds in each step, these operators do not round.
/// </remarks>
internal sealed class RecurrentDecomposition
{
    /// <summary>The longest sequence that is written out. A step takes some 1,500 bytes of the file.</summary>
    public const int MostSteps = 32;

    private readonly Lowering _inner;
    private readonly LoweringSteps _steps;
    private readonly Node _node;
    private readonly RecurrentOptions _options;
    private readonly RecurrentCell _cell;
    private readonly TfliteTensor?[] _inputs;
    private readonly int _hidden, _gates, _functions;

    /// <summary>Starts the steps in the subgraph of a composite.</summary>
    /// <param name="inputs">What stands for the operator's inputs there; null for those that are left out.</param>
    public RecurrentDecomposition(Lowering inner, Node node, RecurrentOptions options, RecurrentCell cell, TfliteTensor?[] inputs)
    {
        (_inner, _steps, _node, _options, _cell, _inputs) = (inner, new LoweringSteps(inner, node), node, options, cell, inputs);
        RecurrentShape shape = new(cell, 0, 0, 0, 0);
        (_hidden, _gates, _functions) = (inputs[2]!.Dims[2], shape.Gates, shape.Activations);
    }

    /// <summary>Whether a layer has such steps: a short sequence of known length, and functions that TFLite has.</summary>
    public static bool Exists(RecurrentOptions options, TfliteTensor?[] inputs)
    {
        TfliteTensor x = inputs[0]!;
        return x.OpenAxis is -1 or 0 && !x.IsComputed && x.Dims[1] is > 0 and <= MostSteps && x.Dims[0] > 0 && x.Dims[2] > 0
            && inputs.ElementAtOrDefault(4) is null && IsPlain(inputs.ElementAtOrDefault(3)) && IsPlain(inputs.ElementAtOrDefault(7))
            && Array.TrueForAll(options.Activations, a => a.Function is GateFunction.Sigmoid or GateFunction.Tanh or GateFunction.Relu
                or GateFunction.Affine or GateFunction.ScaledTanh or GateFunction.HardSigmoid or GateFunction.LeakyRelu
                or GateFunction.Softsign);

        static bool IsPlain(TfliteTensor? tensor) => tensor is null or { Data: not null, Type: TensorType.Float32 };
    }

    /// <summary>Writes the steps.</summary>
    /// <returns>What stands for the outputs: Y, Y_h and, of LSTM, Y_c.</returns>
    public TfliteTensor[] Write()
    {
        List<TfliteTensor> rows = [], states = [], cells = [];
        for (int d = 0; d < _options.Directions; d++)
        {
            (TfliteTensor y, TfliteTensor state, TfliteTensor? cell) = Direction(d);
            rows.Add(y);
            states.Add(state);
            if (cell is not null) cells.Add(cell);
        }

        TfliteTensor[] outputs = [Pack(rows, 2), Pack(states, 1)];
        return _cell == RecurrentCell.Lstm ? [.. outputs, Pack(cells, 1)] : outputs;
    }

    private (TfliteTensor Y, TfliteTensor State, TfliteTensor? Cell) Direction(int direction)
    {
        TfliteTensor w = Weights(1, direction), r = Weights(2, direction);
        TfliteTensor x = _inputs[0]!, sums = Make(x.Dims[1], _gates * _hidden);
        _inner.Emit(BuiltinOperator.FullyConnected, [x, w, Bias(direction)], [sums],
            new FullyConnectedOptions(ActivationFunction.None, KeepDimensions: true));
        TfliteTensor[] steps = Unpack(sums, 1);
        TfliteTensor? state = Initial(5, direction), cell = Initial(6, direction);
        TfliteTensor[] candidates = _cell == RecurrentCell.Gru && !_options.ResetAfter ? Split(r, 3, 0) : [];
        TfliteTensor[] rows = new TfliteTensor[steps.Length];
        bool isReverse = direction == 1 || _options.Direction == RecurrentDirection.Reverse;
        for (int i = 0; i < steps.Length; i++)
        {
            int t = isReverse ? steps.Length - 1 - i : i;
            rows[t] = state = _cell switch
            {
                RecurrentCell.Gru => _options.ResetAfter ? GruAfter(direction, steps[t], state, r)
                    : GruBefore(direction, steps[t], state, candidates),
                RecurrentCell.Lstm => Lstm(direction, Recurrent(steps[t], state, r), ref cell),
                _ => Activated(direction, 0, Recurrent(steps[t], state, r)),
            };
        }

        return (Pack([.. rows], 1), state!, cell);
    }

    private TfliteTensor Lstm(int direction, TfliteTensor gates, ref TfliteTensor? cell)
    {
        TfliteTensor[] parts = Split(gates, 4, 1);
        TfliteTensor input = Activated(direction, 0, Peeped(parts[0], direction, 0, cell));
        TfliteTensor next = _steps.Multiply(input, Activated(direction, 1, parts[3]));
        if (cell is not null)
        {
            TfliteTensor forget = _options.CoupledGates ? _steps.Subtract(_steps.Scalar(1, input), input)
                : Activated(direction, 0, Peeped(parts[2], direction, 2, cell));
            next = _steps.Add(_steps.Multiply(forget, cell), next);
        }

        cell = next;
        TfliteTensor output = Activated(direction, 0, Peeped(parts[1], direction, 1, cell));
        return _steps.Multiply(Function(_options.Activations[(direction * _functions) + 2], cell), output);
    }

    /// <summary>The reset gate scales the state before it is multiplied.</summary>
    private TfliteTensor GruBefore(int direction, TfliteTensor sums, TfliteTensor? state, TfliteTensor[] weights)
    {
        TfliteTensor[] parts = Split(sums, 3, 1);
        TfliteTensor update = Activated(direction, 0, Recurrent(parts[0], state, weights[0])), candidates = parts[2];
        if (state is not null)
        {
            TfliteTensor reset = Activated(direction, 0, Recurrent(parts[1], state, weights[1]));
            candidates = Recurrent(candidates, _steps.Multiply(reset, state), weights[2]);
        }

        return Mixed(update, Activated(direction, 1, candidates), state);
    }

    /// <summary>The reset gate scales the product of the state, with its bias.</summary>
    private TfliteTensor GruAfter(int direction, TfliteTensor sums, TfliteTensor? state, TfliteTensor r)
    {
        TfliteTensor[] parts = Split(sums, 3, 1);
        TfliteTensor[] products = state is null ? [] : Split(Product(state, r), 3, 1);
        TfliteTensor? update = parts[0], reset = parts[1], scaled = CandidateBias(direction);
        if (state is not null)
        {
            (update, reset) = (_steps.Add(update, products[0]), _steps.Add(reset, products[1]));
            scaled = scaled is null ? products[2] : _steps.Add(products[2], scaled);
        }

        TfliteTensor candidates = scaled is null ? parts[2] : _steps.Add(parts[2], _steps.Multiply(Activated(direction, 0, reset), scaled));
        return Mixed(Activated(direction, 0, update), Activated(direction, 1, candidates), state);
    }

    /// <summary>(1 − z)∘h + z∘H.</summary>
    private TfliteTensor Mixed(TfliteTensor update, TfliteTensor candidates, TfliteTensor? state)
    {
        TfliteTensor taken = _steps.Multiply(_steps.Subtract(_steps.Scalar(1, update), update), candidates);
        return state is null ? taken : _steps.Add(taken, _steps.Multiply(update, state));
    }

    private TfliteTensor Recurrent(TfliteTensor sums, TfliteTensor? state, TfliteTensor weights) =>
        state is null ? sums : _steps.Add(sums, Product(state, weights));

    private TfliteTensor Product(TfliteTensor state, TfliteTensor weights)
    {
        TfliteTensor product = Make(weights.Dims[0]);
        _inner.Emit(BuiltinOperator.FullyConnected, [state, weights, null], [product], new FullyConnectedOptions(ActivationFunction.None));
        return product;
    }

    private TfliteTensor Peeped(TfliteTensor gate, int direction, int part, TfliteTensor? cell)
    {
        if (cell is null || _inputs.ElementAtOrDefault(7) is not { } peepholes) return gate;
        float[] own = Floats(peepholes).Slice(((3 * direction) + part) * _hidden, _hidden).ToArray();
        return _steps.Add(gate, _steps.Multiply(cell, _inner.Constant("", Tensor.Vector<float>(own))));
    }

    private TfliteTensor Activated(int direction, int index, TfliteTensor x)
    {
        if (_options.Clip > 0)
        {
            x = _steps.Binary(BuiltinOperator.Minimum, x, _steps.Scalar(_options.Clip, x));
            x = _steps.Binary(BuiltinOperator.Maximum, x, _steps.Scalar(-_options.Clip, x));
        }

        return Function(_options.Activations[(direction * _functions) + index], x);
    }

    private TfliteTensor Function(GateActivation activation, TfliteTensor x)
    {
        (float alpha, float beta) = (activation.Alpha, activation.Beta);
        return activation.Function switch
        {
            GateFunction.Sigmoid => _steps.Unary(BuiltinOperator.Logistic, x),
            GateFunction.Tanh => _steps.Unary(BuiltinOperator.Tanh, x),
            GateFunction.Relu => _steps.Unary(BuiltinOperator.Relu, x),
            GateFunction.LeakyRelu => _steps.Unary(BuiltinOperator.LeakyRelu, x, null, new LeakyReluOptions(alpha)),
            GateFunction.Affine => Line(x, alpha, beta),
            GateFunction.HardSigmoid => _steps.Binary(BuiltinOperator.Maximum,
                _steps.Binary(BuiltinOperator.Minimum, Line(x, alpha, beta), _steps.Scalar(1, x)), _steps.Scalar(0, x)),
            GateFunction.ScaledTanh => Line(_steps.Unary(BuiltinOperator.Tanh, Line(x, beta, 0)), alpha, 0),
            _ => _steps.Binary(BuiltinOperator.Div, x, _steps.Add(_steps.Unary(BuiltinOperator.Abs, x), _steps.Scalar(1, x))),
        };
    }

    private TfliteTensor Line(TfliteTensor x, float slope, float offset)
    {
        TfliteTensor y = _steps.Multiply(x, _steps.Scalar(slope, x));
        return offset == 0 ? y : _steps.Add(y, _steps.Scalar(offset, x));
    }

    /// <summary>The weights of a direction: [rows, columns].</summary>
    private TfliteTensor Weights(int index, int direction)
    {
        TfliteTensor all = _inputs[index]!;
        if (_options.Directions > 1 || all.Data is null)
        {
            TfliteTensor real = all.Quantization is null ? all : _inner.Dequantize(all);
            return Unpack(real, 0)[direction];
        }

        Quantization? grid = all.Quantization is { IsPerTensor: false } own ? own with { Axis = own.Axis - 1 } : all.Quantization;
        TfliteTensor one = new("weights", all.Type, all.Dims.AsSpan(1), -1, grid, all.Data);
        return grid is null ? one : _inner.Dequantize(one);
    }

    /// <summary>The sums of the biases of W and R, but for that of candidates which a reset gate scales.</summary>
    private TfliteTensor? Bias(int direction)
    {
        if (_inputs.ElementAtOrDefault(3) is not { } tensor) return null;
        int rows = _gates * _hidden;
        ReadOnlySpan<float> both = Floats(tensor).Slice(2 * direction * rows, 2 * rows);
        float[] sums = both[..rows].ToArray();
        int added = _options.ResetAfter ? 2 * _hidden : rows;
        for (int i = 0; i < added; i++) sums[i] += both[rows + i];
        return _inner.Constant("", Tensor.Vector<float>(sums));
    }

    private TfliteTensor? CandidateBias(int direction) => _inputs.ElementAtOrDefault(3) is not { } tensor ? null
        : _inner.Constant("", Tensor.Vector<float>(Floats(tensor).Slice((((2 * direction) + 1) * 3 * _hidden) + (2 * _hidden), _hidden)
            .ToArray()));

    private TfliteTensor? Initial(int index, int direction) =>
        _inputs.ElementAtOrDefault(index) is { } states ? Unpack(states, 1)[direction] : null;

    private static ReadOnlySpan<float> Floats(TfliteTensor constant) => MemoryMarshal.Cast<byte, float>(constant.Data!.Value.Span);

    /// <summary>A tensor of the batch by other sizes.</summary>
    private TfliteTensor Make(params ReadOnlySpan<int> dims)
    {
        TfliteTensor x = _inputs[0]!;
        return Lowering.Temporary(_node, TensorType.Float32, [x.Dims[0], .. dims], x.OpenAxis);
    }

    private TfliteTensor Pack(List<TfliteTensor> parts, int axis)
    {
        List<int> dims = [.. parts[0].Dims];
        dims.Insert(axis, parts.Count);
        TfliteTensor result = Lowering.Temporary(_node, TensorType.Float32, [.. dims], parts[0].OpenAxis);
        _inner.Emit(BuiltinOperator.Pack, [.. parts], [result], new PackOptions(BuiltinOptionsType.Pack, parts.Count, axis));
        return result;
    }

    private TfliteTensor[] Unpack(TfliteTensor x, int axis)
    {
        int[] dims = [.. x.Dims[..axis], .. x.Dims[(axis + 1)..]];
        TfliteTensor[] parts = [.. Enumerable.Range(0, x.Dims[axis]).Select(_ => Lowering.Temporary(_node, x, dims))];
        _inner.Emit(BuiltinOperator.Unpack, [x], parts, new PackOptions(BuiltinOptionsType.Unpack, parts.Length, axis));
        return parts;
    }

    private TfliteTensor[] Split(TfliteTensor x, int count, int axis)
    {
        int[] dims = [.. x.Dims];
        dims[axis] /= count;
        TfliteTensor[] parts = [.. Enumerable.Range(0, count).Select(_ => Lowering.Temporary(_node, x, dims))];
        _inner.Emit(BuiltinOperator.Split, [_inner.Constant("axis", Tensor.Scalar(axis)), x], parts,
            new SplitOptions(BuiltinOptionsType.Split, count));
        return parts;
    }
}
