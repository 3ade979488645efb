namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Comparisons, logic, integers and indices: all of them of numbers that rounding does not bring to the other side.</content>
internal sealed partial class GraphGenerator
{
    /// <summary>A choice by what compares far numbers: PyTorch writes masks so.</summary>
    private Edge Choice(Edge x)
    {
        Edge far = Plus(_model.Add("Sigmoid", [x], x.Dims), Pick(-3f, 3f));
        Edge holds = _model.Add(
            Pick("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"), [far, _model.Scalar(0)], x.Dims);
        Edge odd = _model.Add(Pick("IsNaN", "IsInf"), [x], x.Dims);
        Edge condition = _random.Next(4) switch
        {
            0 => _model.Add("Not", [holds], x.Dims),
            1 => odd,
            _ => _model.Add(Pick("And", "Or", "Xor"), [holds, odd], x.Dims),
        };
        return _model.Add("Where", [condition, x, Times(x, 0.5f)], x.Dims);
    }

    /// <summary>Integers that become factors: of constants and sizes, as masks are.</summary>
    private Edge Whole(Edge x)
    {
        int size = x.Dims[^1];
        Edge numbers = _model.Constant(Tensor.Of<int>([size], [.. Enumerable.Range(0, size).Select(_ => _random.Next(1, 9))]));
        Edge other = _model.Constant(Tensor.Of<int>([size], [.. Enumerable.Range(0, size).Select(_ => _random.Next(1, 4))]));
        string type = Pick("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitShift", "Mod", "Range");
        if (_model.Opset < 18 && type.StartsWith("Bitwise", StringComparison.Ordinal)) type = "BitShift";
        Edge whole = type switch
        {
            "BitwiseNot" => _model.Add(type, [numbers], [size]),
            "BitShift" => Cast(_model.Add(type, [Cast(numbers, ElementType.UInt8), Cast(other, ElementType.UInt8)], [size],
                ("direction", Pick("LEFT", "RIGHT"))), ElementType.Int32),
            "Range" => _model.Add(type, [Scalar(0), Scalar(size), Scalar(1)], [size]),
            _ => _model.Add(type, [numbers, other], [size]),
        };
        Edge factors = _model.Opset < 15 || Chance(0.5)
            ? Cast(whole, ElementType.Float32) : _model.Add("CastLike", [whole, _model.Scalar(0)], [size]);
        return _model.Add("Add", [x, Times(factors, 0.1f)], x.Dims);

        Edge Scalar(int value) => _model.Constant(Tensor.Scalar(value));
    }

    /// <summary>Places of greatest elements, of numbers whose order is sure.</summary>
    private Edge? Extremes(Edge x)
    {
        int size = x.Dims[^1], axis = x.Rank - 1;
        if (size > 12) return null;
        Edge rising = _model.Add("Add", [_model.Add("Tanh", [x], x.Dims), _model.Constant(Ramp([size]))], x.Dims);
        switch (_random.Next(4))
        {
            case 0:
                int k = _random.Next(1, size + 1);
                int[] top = With(x.Dims, axis, k);
                return Times(_model.Add("TopK", [rising, _model.Numbers(k)], [top, top], ("largest", Pick(0, 1)))[0], 0.1f);
            case 1:
                return _model.Add("Add", [x, _model.Add("Hardmax", [rising], x.Dims, ("axis", axis))], x.Dims);
            case 2:
                Edge place = _model.Add(Pick("ArgMax", "ArgMin"), [rising], x.Dims[..^1], ("axis", axis), ("keepdims", 0));
                Edge values = _model.Constant(Tensor.Vector(0f, 1f));
                Edge hot = _model.Add("OneHot", [place, _model.Constant(Tensor.Scalar((long)size)), values], x.Dims);
                return _model.Add("Add", [x, hot], x.Dims);
            default:
                Edge count = Cast(_model.Add("Size", [x], Array.Empty<int>()), ElementType.Float32);
                return _model.Add("Div", [x, _model.Add("Sqrt", [count], Array.Empty<int>())], x.Dims);
        }
    }

    /// <summary>Elements picked, kept or replaced where constants say.</summary>
    private Edge? Indexed(Edge x)
    {
        (int rank, int size) = (x.Rank, x.Dims[1]);
        switch (_random.Next(5))
        {
            case 0 when !_model.IsOpen:
                return _model.Add("GatherElements", [x, _model.Constant(Places(x.Dims, size))], x.Dims, ("axis", 1));
            case 1 when !_model.IsOpen:
                int[] picked = [.. Enumerable.Range(0, _random.Next(1, size + 1)).SelectMany(_ => new[] { 0, _random.Next(size) })];
                return _model.Add("Unsqueeze", [_model.Add("GatherND", [x, Pairs(picked)], [picked.Length / 2, .. x.Dims[2..]]),
                    _model.Numbers(0)], [1, picked.Length / 2, .. x.Dims[2..]]);
            case 2 when !_model.IsOpen:
                int[] row = With(x.Dims, 1, 1);
                return _model.Add("ScatterElements", [x, _model.Constant(Places(row, size)), _model.Constant(RandomTensor(row, 0.5))],
                    x.Dims, ("axis", 1));
            case 3 when !_model.IsOpen:
                return _model.Add("ScatterND", [x, Pairs([0, _random.Next(size)]), _model.Constant(RandomTensor([1, .. x.Dims[2..]], 0.5))],
                    x.Dims);
            default:
                if (rank < 3 || _model.Opset < 14) return null;
                // A triangle as attention masks have it, of a matrix of ones.
                Edge ones = _model.Constant(RandomTensor([x.Dims[^2], x.Dims[^1]], 0.1, 1));
                Edge mask = Chance(0.5) ? _model.Add("EyeLike", [ones], ones.Dims, ("k", _random.Next(-1, 2)))
                    : _model.Add(
                        "Trilu", [ones, _model.Constant(Tensor.Scalar((long)_random.Next(-1, 2)))], ones.Dims, ("upper", Pick(0, 1)));
                return _model.Add("Add", [x, mask], x.Dims);
        }

        Edge Pairs(int[] numbers) =>
            _model.Constant(Tensor.Of<long>([numbers.Length / 2, 2], Array.ConvertAll(numbers, n => (long)n)));
    }

    private Edge Cast(Edge x, ElementType type) => _model.Add("Cast", [x], x.Dims, ("to", (int)type));

    private Tensor Places(int[] dims, int size)
    {
        long[] places = [.. Enumerable.Range(0, dims.Aggregate(1, (a, b) => a * b)).Select(_ => (long)_random.Next(size))];
        return Tensor.Of<long>(dims, places);
    }
}
