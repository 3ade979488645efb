namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Functions of elements, of numbers for which they are smooth; and layers that normalize.</content>
internal sealed partial class GraphGenerator
{
    private static readonly string[] Smooth =
        ["Atan", "Sin", "Cos", "Asinh", "Erf", "Softplus", "Softsign", "Selu", "Celu", "Sinh", "Cosh", "Tan", "Mish", "Gelu"];

    /// <summary>A function of what Tanh makes of a value, which is where all of these hardly rise.</summary>
    private Edge Function(Edge x)
    {
        Edge bounded = _model.Add("Tanh", [x], x.Dims);
        string type = Pick(Smooth);
        if (type == "Mish" && _model.Opset < 18) type = "Erf";
        if (type == "Gelu" && _model.Opset < 20) type = "Celu";
        return _model.Add(type, [bounded], x.Dims);
    }

    /// <summary>Functions that are defined somewhere only, or that jump: from where they do neither.</summary>
    private Edge BoundedFunction(Edge x)
    {
        Edge share = _model.Add("Sigmoid", [x], x.Dims), half = Times(_model.Add("Tanh", [x], x.Dims), 0.5f);
        return _random.Next(8) switch
        {
            0 => _model.Add("Log", [Plus(share, 0.5f)], x.Dims),
            1 => _model.Add("Reciprocal", [Plus(share, 0.5f)], x.Dims),
            2 => _model.Add("Acosh", [Plus(share, 1.5f)], x.Dims),
            3 => _model.Add("Asin", [half], x.Dims),
            4 => _model.Add("Acos", [half], x.Dims),
            5 => _model.Add("Atanh", [half], x.Dims),
            6 => _model.Add("ThresholdedRelu", [x], x.Dims, ("alpha", 0f)),
            _ => _model.Add("Shrink", [x], x.Dims, ("lambd", 0.5f), ("bias", 0.5f)),
        };
    }

    /// <summary>Functions whose results jump between whole numbers, of numbers far from where.</summary>
    private Edge Step(Edge x)
    {
        Edge inside = Plus(Times(_model.Add("Sigmoid", [x], x.Dims), 0.25f), 0.125f);
        string type = Pick("Floor", "Ceil", "Round", "Sign", "Mod");
        Edge step = type == "Mod" ? _model.Add("Mod", [inside, _model.Scalar(1)], x.Dims, ("fmod", 1)) : _model.Add(type, [inside], x.Dims);
        return _model.Add("Add", [x, step], x.Dims);
    }

    private Edge Normalized(Edge x)
    {
        int c = x.Dims[1];
        switch (_random.Next(5))
        {
            case 0 when x.Rank == 4:
                return _model.Add("LRN", [x], x.Dims, ("size", 3), ("alpha", 0.01f));
            case 1 when x.Rank == 4 && x.Dims[2] * x.Dims[3] > 4:
                return _model.Add(
                    "InstanceNormalization", [x, Ones(c), _model.Constant(RandomTensor([c], 0.3))], x.Dims, ("epsilon", 0.01f));
            case 2 when x.Rank == 4 && x.Dims[2] * x.Dims[3] > 4:
                // It has no ε that would keep equal numbers from becoming large.
                Edge ramp = _model.Constant(Ramp([1, 1, x.Dims[2], x.Dims[3]]));
                Edge rising = _model.Add("Add", [Times(_model.Add("Tanh", [x], x.Dims), 0.5f), ramp], x.Dims);
                return _model.Add("MeanVarianceNormalization", [rising], x.Dims, ("axes", new[] { 2, 3 }));
            case 3:
                Edge positive = Plus(_model.Add("Sigmoid", [x], x.Dims), 0.5f);
                return _model.Add("LpNormalization", [positive], x.Dims, ("axis", 1), ("p", Pick(1, 2)));
            default:
                return _model.Add("LogSoftmax", [_model.Add("Tanh", [x], x.Dims)], x.Dims, ("axis", x.Rank - 1));
        }
    }

    /// <summary>With a scale and a shift of each channel, as opset 21 has it.</summary>
    private Edge GroupNorm(Edge x) => _model.Add(
        "GroupNormalization", [x, Ones(x.Dims[1]), _model.Constant(RandomTensor([x.Dims[1]], 0.3))], x.Dims,
        ("num_groups", x.Dims[1] % 2 == 0 ? 2 : 1), ("epsilon", 0.01f));

    /// <summary>Reductions of numbers of one sign.</summary>
    private Edge ReduceFunction(Edge x)
    {
        int axis = _random.Next(1, x.Rank);
        Edge share = Plus(_model.Add("Sigmoid", [x], x.Dims), 0.5f);
        string type = Pick("ReduceL1", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "ReduceProd");
        if (type == "ReduceProd" && x.Dims[axis] > 8) type = "ReduceL1";
        return Reduced(type, share, [axis], true, With(x.Dims, axis, 1));
    }

    private Edge Sums(Edge x) => _model.Add(
        "CumSum", [Times(x, 0.25f), _model.Constant(Tensor.Scalar((long)_random.Next(1, x.Rank)))], x.Dims, ("reverse", Pick(0, 1)));

    private Edge Plus(Edge x, float summand) => _model.Add("Add", [x, _model.Scalar(summand)], x.Dims);

    private Edge Times(Edge x, float factor) => _model.Add("Mul", [x, _model.Scalar(factor)], x.Dims);

    private Edge Ones(int count) => _model.Constant(RandomTensor([count], 0.1, 1));

    /// <summary>Numbers that rise by 4: what Tanh makes of anything does not change their order.</summary>
    private static Tensor Ramp(int[] dims)
    {
        Tensor ramp = Tensor.Zeros(ElementType.Float32, dims);
        for (int i = 0; i < ramp.Count; i++) ramp.Span<float>()[i] = 4 * i;
        return ramp;
    }
}
