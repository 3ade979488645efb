namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Operators that work on elements, and on pairs of them.</content>
internal sealed partial class GraphGenerator
{
    /// <summary>An activation that usually follows a layer.</summary>
    private Edge Bounded(Edge x) => _random.Next(8) switch
    {
        < 4 => _model.Add("Relu", [x], x.Dims),
        4 or 5 => _model.Add("Clip", [x, _model.Scalar(0), _model.Scalar(6)], x.Dims),
        6 => HardSwish(x),
        _ => _model.Add("LeakyRelu", [x], x.Dims, ("alpha", 0.1f)),
    };

    private Edge Activation(Edge x) => _random.Next(18) switch
    {
        0 => _model.Add("Relu", [x], x.Dims),
        1 => _model.Add("Sigmoid", [x], x.Dims),
        2 => _model.Add("Tanh", [x], x.Dims),
        3 => _model.Add("LeakyRelu", [x], x.Dims, ("alpha", Pick(0.01f, 0.2f))),
        4 => _model.Add("HardSigmoid", [x], x.Dims),
        5 => HardSwish(x),
        6 => _model.Add("Clip", [x, _model.Scalar(Pick(-1f, 0f, -2f)), _model.Scalar(Pick(1f, 6f))], x.Dims),
        7 => _model.Add("Clip", Chance(0.5) ? [x, _model.Scalar(0)] : [x, null, _model.Scalar(1)], x.Dims),
        8 => _model.Add("Neg", [x], x.Dims),
        9 => _model.Add("Exp", [_model.Add("Tanh", [x], x.Dims)], x.Dims),
        10 => _model.Add("Sqrt", [_model.Add("Relu", [x], x.Dims)], x.Dims),
        11 => _model.Add("Sqrt", [_model.Add("Add", [_model.Add("Mul", [x, x], x.Dims), _model.Scalar(0.1f)], x.Dims)], x.Dims),
        12 => _model.Add("Pow", [_model.Add("Tanh", [x], x.Dims), _model.Scalar(Pick(2f, 3f))], x.Dims),
        13 => _model.Add("Mul", [x, _model.Add("Sigmoid", [x], x.Dims)], x.Dims),
        14 => _model.Add("Relu", [_model.Add("Relu", [x], x.Dims)], x.Dims),
        15 => _model.Add("Elu", [x], x.Dims, ("alpha", Pick(1f, 0.5f))),
        16 => _model.Add("Abs", [x], x.Dims),
        _ => Bounded(x),
    };

    /// <summary>Hard swish in the four forms that exporters write.</summary>
    private Edge HardSwish(Edge x)
    {
        switch (_random.Next(4))
        {
            case 0 when _model.Opset >= 14:
                return _model.Add("HardSwish", [x], x.Dims);
            case 1:
                Edge gate = _model.Add("HardSigmoid", [x], x.Dims, ("alpha", 1f / 6), ("beta", 0.5f));
                return _model.Add("Mul", Chance(0.5) ? [x, gate] : [gate, x], x.Dims);
            default:
                Edge bounded = _model.Add("Clip", [_model.Add("Add", [x, _model.Scalar(3)], x.Dims), _model.Scalar(0), _model.Scalar(6)],
                    x.Dims);
                return Chance(0.5)
                    ? _model.Add("Div", [_model.Add("Mul", [x, bounded], x.Dims), _model.Scalar(6)], x.Dims)
                    : _model.Add("Mul", [x, _model.Add("Div", [bounded, _model.Scalar(6)], x.Dims)], x.Dims);
        }
    }

    private Edge Binary(Edge x)
    {
        Edge[] same = [.. _pool.Where(e => e.Dims.SequenceEqual(x.Dims) && e.Type == x.Type)];
        Edge other = same.Length > 0 ? Pick(same) : x;
        string type = Pick("Add", "Add", "Add", "Sub", "Mul", "Max", "Min");
        if (Chance(0.15)) return _model.Add(
            Pick("Sum", "Sum", "Mean", "Max"), Chance(0.5) ? [x, other] : [x, other, Pick(same.Append(x).ToArray())], x.Dims);
        // Products of many values leave the range of what anyone computes.
        if (type == "Mul") x = _model.Add("Tanh", [x], x.Dims);
        Edge y = _model.Add(type, Chance(0.5) ? [x, other] : [other, x], x.Dims);
        return Chance(0.3) ? Bounded(y) : y;
    }

    private Edge WithConstant(Edge x)
    {
        int[] dims = _random.Next(4) switch
        {
            0 => [],
            1 when x.Rank == 4 => [1, x.Dims[1], 1, 1],
            2 when x.Rank > 1 => [1, .. x.Dims[1..]],
            _ => [x.Dims[^1]],
        };
        Edge constant = _model.Constant(RandomTensor(dims, 0.5, Pick(0, 1)));
        string type = Pick("Add", "Mul", "Sub", "Max", "Min");
        return _model.Add(type, Chance(0.7) ? [x, constant] : [constant, x], x.Dims);
    }

    /// <summary>A quotient whose divisor stays away from zero.</summary>
    private Edge Quotient(Edge x)
    {
        if (Chance(0.5)) return _model.Add("Div", [x, _model.Constant(RandomTensor([x.Dims[^1]], 0.1, 2))], x.Dims);
        Edge divisor = _model.Add("Add", [_model.Add("Sigmoid", [x], x.Dims), _model.Scalar(0.5f)], x.Dims);
        return _model.Add("Div", [x, divisor], x.Dims);
    }

    private Edge PRelu(Edge x)
    {
        Tensor slope = RandomTensor([x.Dims[1], 1, 1], 0.2, 0.2);
        return _model.Add("PRelu", [x, _model.Constant(slope)], x.Dims);
    }

    private Edge Softmax(Edge x) =>
        _model.Add("Softmax", [x], x.Dims, ("axis", Chance(0.7) ? -1 : x.Rank == 2 ? 1 : _random.Next(1, x.Rank)));

    /// <summary>Nodes that do nothing, or nothing at inference.</summary>
    private Edge Trivial(Edge x)
    {
        switch (_random.Next(4))
        {
            case 0: return _model.Add("Dropout", [x], x.Dims);
            case 1: return _model.Add("Cast", [x], x.Dims, ("to", (int)ElementType.Float32));
            case 2: return ReshapeTo(x, x.Dims);
            default: return _model.Add("Identity", [x], x.Dims);
        }
    }
}
