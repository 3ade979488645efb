using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// A GridSample as TFLite operators: positions and weights along each axis are computed from the grid, and the elements that take part are
/// gathered from X as a list of pixels.
/// </summary>
internal readonly struct GridLowering(Lowering context, Node node)
{
    private readonly GridTaps _taps = GridTaps.Of(node);
    private readonly LoweringSteps _steps = new(context, node);

    /// <summary>Elements of an axis that take part: their places, float32, and weights; null where all are 1.</summary>
    private readonly record struct Part(TfliteTensor Places, TfliteTensor? Weights);

    /// <summary>Writes it.</summary>
    public void Run()
    {
        int axes = node.ShapeOf(0).Rank - 2;
        int[] order = [0, .. Enumerable.Range(2, axes), 1];
        TfliteTensor x = FlatPositions.Closed(node, context.Input(node, 0, order)), y = context.Output(node, 0, order);
        TfliteTensor grid = FlatPositions.Closed(node, context.Input(node, 1));
        int batch = x.Dims[0], channels = x.Dims[^1], points = y.Dims[1..^1].Aggregate(1, (a, b) => a * b);
        int plane = x.Dims[1..^1].Aggregate(1, (a, b) => a * b);
        TfliteTensor pixels = _steps.Reshape(x, [batch * plane, channels]), list = _steps.Reshape(grid, [batch * points, axes]);
        int[] starts = [.. Enumerable.Range(0, batch * points).Select(i => i / points * plane)];
        TfliteTensor begin = context.Constant("starts", Tensor.Of<int>([batch * points, 1], starts));
        List<Part> parts = [new Part(begin, null)];
        for (int axis = 0, distance = plane; axis < axes; axis++)
        {
            distance /= x.Dims[axis + 1];
            Part[] along = Along(_steps.Gather(list, 1, [axes - 1 - axis]), x.Dims[axis + 1]);
            parts = [.. Combined(parts, along, distance)];
        }

        TfliteTensor? sum = null;
        foreach (Part part in parts)
        {
            TfliteTensor picked = Lowering.Temporary(node, x.Type, [batch * points, channels]);
            TfliteTensor places = _steps.Reshape(part.Places, [batch * points]);
            context.Emit(BuiltinOperator.Gather, [pixels, places], [picked], new GatherOptions(0));
            if (part.Weights is { } weights) picked = _steps.Multiply(picked, weights);
            sum = sum is null ? picked : _steps.Add(sum, picked);
        }

        context.EmitReshape(sum!, y);
    }

    private IEnumerable<Part> Combined(List<Part> parts, Part[] along, int distance)
    {
        foreach (Part next in along)
        {
            TfliteTensor steps = _steps.Cast(next.Places, TensorType.Int32);
            if (distance > 1) steps = _steps.Multiply(steps, _steps.Scalar(distance, steps));
            foreach (Part part in parts)
            {
                TfliteTensor? weights = part.Weights is null ? next.Weights
                    : next.Weights is null ? part.Weights : _steps.Multiply(part.Weights, next.Weights);
                yield return new Part(_steps.Add(part.Places, steps), weights);
            }
        }
    }

    /// <summary>The elements along an axis that take part at coordinates [points, 1].</summary>
    private Part[] Along(TfliteTensor coordinates, int size)
    {
        TfliteTensor position = Positions(coordinates, size);
        // Far outside, all that takes part is the same, and int32 must hold it.
        position = Clamp(position, -8, size + 8);
        TfliteTensor before = _taps.Mode == GridMode.Nearest ? position : _steps.Unary(BuiltinOperator.Floor, position);
        TfliteTensor rest = _steps.Subtract(position, before);
        var parts = new Part[_taps.Count];
        for (int tap = 0; tap < parts.Length; tap++)
        {
            int offset = _taps.First + tap;
            TfliteTensor place = offset == 0 ? before : _steps.Add(before, Number(offset, before));
            TfliteTensor? weight = _taps.Mode == GridMode.Nearest ? null : Weight(offset, rest);
            parts[tap] = Inside(place, weight, size);
        }

        return parts;
    }

    private TfliteTensor Positions(TfliteTensor coordinates, int size)
    {
        TfliteTensor half = Number(0.5f, coordinates), from = _steps.Add(coordinates, Number(1, coordinates));
        TfliteTensor position = _taps.Aligns ? _steps.Multiply(_steps.Multiply(from, half), Number(size - 1, from))
            : _steps.Multiply(_steps.Subtract(_steps.Multiply(from, Number(size, from)), Number(1, from)), half);
        if (_taps.Mode == GridMode.Nearest) position = _steps.Unary(BuiltinOperator.Round, position);
        return _taps.Padding switch
        {
            GridPadding.Reflection => Reflected(position, size),
            GridPadding.Border when _taps.Mode != GridMode.Cubic => Clamp(position, 0, size - 1),
            _ => position,
        };
    }

    /// <summary>The place of an element of the input, and its weight, which is 0 where zeros stand for it.</summary>
    private Part Inside(TfliteTensor place, TfliteTensor? weight, int size)
    {
        if (_taps.Padding == GridPadding.Reflection) return new(Clamp(Reflected(place, size), 0, size - 1), weight);
        TfliteTensor clamped = Clamp(place, 0, size - 1);
        if (_taps.Padding == GridPadding.Border) return new(clamped, weight);
        TfliteTensor outside = _steps.Binary(
            BuiltinOperator.Minimum, _steps.Magnitude(_steps.Subtract(place, clamped)), Number(1, place));
        TfliteTensor inside = _steps.Subtract(Number(1, outside), outside);
        return new(clamped, weight is null ? inside : _steps.Multiply(weight, inside));
    }

    private TfliteTensor Reflected(TfliteTensor position, int size)
    {
        float least = (float)_taps.Least, range = size - 1 - (2 * least);
        if (range == 0) return _steps.Multiply(position, Number(0, position));
        TfliteTensor distance = _steps.Magnitude(_steps.Subtract(position, Number(least, position)));
        TfliteTensor turns = _steps.Unary(BuiltinOperator.Floor, _steps.Binary(BuiltinOperator.Div, distance, Number(2 * range, distance)));
        TfliteTensor once = _steps.Subtract(distance, _steps.Multiply(turns, Number(2 * range, turns)));
        TfliteTensor nearer = _steps.Binary(BuiltinOperator.Minimum, once, _steps.Subtract(Number(2 * range, once), once));
        return least == 0 ? nearer : _steps.Add(nearer, Number(least, nearer));
    }

    /// <summary>The weight of the element at an offset from the one before a position.</summary>
    /// <param name="rest">How far the position is behind that one.</param>
    private TfliteTensor Weight(int offset, TfliteTensor rest)
    {
        if (_taps.Mode == GridMode.Linear) return offset == 1 ? rest : _steps.Subtract(Number(1, rest), rest);
        const float A = (float)GridTaps.CubicFactor;
        TfliteTensor x = offset <= 0 ? offset == 0 ? rest : _steps.Add(rest, Number(-offset, rest))
            : _steps.Subtract(Number(offset, rest), rest);
        float[] factors = offset is 0 or 1 ? [A + 2, -(A + 3), 0, 1] : [A, -5 * A, 8 * A, -4 * A];
        TfliteTensor sum = _steps.Add(_steps.Multiply(x, Number(factors[0], x)), Number(factors[1], x));
        for (int i = 2; i < factors.Length; i++)
        {
            sum = _steps.Multiply(sum, x);
            if (factors[i] != 0) sum = _steps.Add(sum, Number(factors[i], x));
        }

        return sum;
    }

    private TfliteTensor Clamp(TfliteTensor x, float least, float most) => _steps.Binary(
        BuiltinOperator.Maximum, _steps.Binary(BuiltinOperator.Minimum, x, Number(most, x)), Number(least, x));

    private TfliteTensor Number(float value, TfliteTensor like) => _steps.Scalar(value, like);
}
