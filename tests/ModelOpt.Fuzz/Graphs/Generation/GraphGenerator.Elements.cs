using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <content>Operators that work on elements, and on pairs of them.</content>
internal sealed partial class GraphGenerator
{
    /// <summary>An activation that usually follows a layer.</summary>
    private Edge Bounded(Edge x) => random.Next(8) switch
    {
        < 4 => model.Add("Relu", [x], x.Dims),
        4 or 5 => model.Add("Clip", [x, model.Scalar(0), model.Scalar(6)], x.Dims),
        6 => HardSwish(x),
        _ => model.Add("LeakyRelu", [x], x.Dims, ("alpha", 0.1f)),
    };

    private Edge Activation(Edge x) => random.Next(18) switch
    {
        0 => model.Add("Relu", [x], x.Dims),
        1 => model.Add("Sigmoid", [x], x.Dims),
        2 => model.Add("Tanh", [x], x.Dims),
        3 => model.Add("LeakyRelu", [x], x.Dims, ("alpha", Pick(0.01f, 0.2f))),
        4 => model.Add("HardSigmoid", [x], x.Dims),
        5 => HardSwish(x),
        6 => model.Add("Clip", [x, model.Scalar(Pick(-1f, 0f, -2f)), model.Scalar(Pick(1f, 6f))], x.Dims),
        7 => model.Add("Clip", Chance(0.5) ? [x, model.Scalar(0)] : [x, null, model.Scalar(1)], x.Dims),
        8 => model.Add("Neg", [x], x.Dims),
        9 => model.Add("Exp", [model.Add("Tanh", [x], x.Dims)], x.Dims),
        10 => model.Add("Sqrt", [model.Add("Relu", [x], x.Dims)], x.Dims),
        11 => model.Add("Sqrt", [model.Add("Add", [model.Add("Mul", [x, x], x.Dims), model.Scalar(0.1f)], x.Dims)], x.Dims),
        12 => model.Add("Pow", [model.Add("Tanh", [x], x.Dims), model.Scalar(Pick(2f, 3f))], x.Dims),
        13 => model.Add("Mul", [x, model.Add("Sigmoid", [x], x.Dims)], x.Dims),
        14 => model.Add("Relu", [model.Add("Relu", [x], x.Dims)], x.Dims),
        15 => model.Add("Elu", [x], x.Dims, ("alpha", Pick(1f, 0.5f))),
        16 => model.Add("Abs", [x], x.Dims),
        _ => Bounded(x),
    };

    /// <summary>Hard swish in the four forms that exporters write.</summary>
    private Edge HardSwish(Edge x)
    {
        switch (random.Next(4))
        {
            case 0 when model.Opset >= 14:
                return model.Add("HardSwish", [x], x.Dims);
            case 1:
                Edge gate = model.Add("HardSigmoid", [x], x.Dims, ("alpha", 1f / 6), ("beta", 0.5f));
                return model.Add("Mul", Chance(0.5) ? [x, gate] : [gate, x], x.Dims);
            default:
                Edge bounded = model.Add("Clip", [model.Add("Add", [x, model.Scalar(3)], x.Dims), model.Scalar(0), model.Scalar(6)], x.Dims);
                return Chance(0.5)
                    ? model.Add("Div", [model.Add("Mul", [x, bounded], x.Dims), model.Scalar(6)], x.Dims)
                    : model.Add("Mul", [x, model.Add("Div", [bounded, model.Scalar(6)], x.Dims)], x.Dims);
        }
    }

    private Edge Binary(Edge x)
    {
        Edge[] same = [.. pool.Where(e => e.Dims.SequenceEqual(x.Dims) && e.Type == x.Type)];
        Edge other = same.Length > 0 ? Pick(same) : x;
        string type = Pick("Add", "Add", "Add", "Sub", "Mul", "Max", "Min");
        if (Chance(0.15)) return model.Add(Pick("Sum", "Sum", "Mean", "Max"), Chance(0.5) ? [x, other] : [x, other, Pick(same.Append(x).ToArray())], x.Dims);
        // Products of many values leave the range of what anyone computes.
        if (type == "Mul") x = model.Add("Tanh", [x], x.Dims);
        Edge y = model.Add(type, Chance(0.5) ? [x, other] : [other, x], x.Dims);
        return Chance(0.3) ? Bounded(y) : y;
    }

    private Edge WithConstant(Edge x)
    {
        int[] dims = random.Next(4) switch
        {
            0 => [],
            1 when x.Rank == 4 => [1, x.Dims[1], 1, 1],
            2 when x.Rank > 1 => [1, .. x.Dims[1..]],
            _ => [x.Dims[^1]],
        };
        Edge constant = model.Constant(RandomTensor(dims, 0.5, Pick(0, 1)));
        string type = Pick("Add", "Mul", "Sub", "Max", "Min");
        return model.Add(type, Chance(0.7) ? [x, constant] : [constant, x], x.Dims);
    }

    /// <summary>A quotient whose divisor stays away from zero.</summary>
    private Edge Quotient(Edge x)
    {
        if (Chance(0.5)) return model.Add("Div", [x, model.Constant(RandomTensor([x.Dims[^1]], 0.1, 2))], x.Dims);
        Edge divisor = model.Add("Add", [model.Add("Sigmoid", [x], x.Dims), model.Scalar(0.5f)], x.Dims);
        return model.Add("Div", [x, divisor], x.Dims);
    }

    private Edge PRelu(Edge x)
    {
        Tensor slope = RandomTensor([x.Dims[1], 1, 1], 0.2, 0.2);
        return model.Add("PRelu", [x, model.Constant(slope)], x.Dims);
    }

    private Edge Softmax(Edge x) => model.Add("Softmax", [x], x.Dims, ("axis", Chance(0.7) ? -1 : x.Rank == 2 ? 1 : random.Next(1, x.Rank)));

    /// <summary>Nodes that do nothing, or nothing at inference.</summary>
    private Edge Trivial(Edge x)
    {
        switch (random.Next(4))
        {
            case 0: return model.Add("Dropout", [x], x.Dims);
            case 1: return model.Add("Cast", [x], x.Dims, ("to", (int)ElementType.Float32));
            case 2: return ReshapeTo(x, x.Dims);
            default: return model.Add("Identity", [x], x.Dims);
        }
    }
}
