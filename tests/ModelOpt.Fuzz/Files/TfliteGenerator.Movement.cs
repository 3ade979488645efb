using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Fuzz.Files;

/// <content>Operators that move values.</content>
internal sealed partial class TfliteGenerator
{
    private void Transpose(int x)
    {
        int[] order = [.. Enumerable.Range(0, ShapeOf(x).Length)];
        if (order.Length == 4 && _random.Next(2) == 0) order = _random.Next(2) == 0 ? [0, 2, 3, 1] : [0, 3, 1, 2];
        else _random.Shuffle(order);
        Emit(BuiltinOperator.Transpose, [x, Ints(order)], [Output(x)]);
    }

    private void Concatenate(int x)
    {
        int axis = _random.Next(2) == 0 ? -1 : Axis(x);
        int[] twins =
            [.. Enumerable.Range(0, _tensors.Count).Where(i =>
                _tensors[i].Data is null && _tensors[i].Type == _tensors[x].Type && ShapeOf(i).SequenceEqual(ShapeOf(x)))];
        int[] parts =
            [x, .. Enumerable.Range(0, _random.Next(1, 3)).Select(_ =>
                _random.Next(3) == 0 ? Constant(_type, ShapeOf(x)) : twins[_random.Next(twins.Length)])];
        Emit(BuiltinOperator.Concatenation, parts, [Output(x)], new ConcatenationOptions(axis, ActivationFunction.None));
    }

    private void Split(int x)
    {
        int axis = Axis(x), length = ShapeOf(x)[axis < 0 ? axis + ShapeOf(x).Length : axis];
        if (_random.Next(2) == 0)
        {
            int count = _random.Next(1, 4);
            Emit(BuiltinOperator.Split, [Ints(axis), x], [.. Enumerable.Range(0, count).Select(_ => Output(x))],
                new SplitOptions(BuiltinOptionsType.Split, count));
            return;
        }

        int first = _random.Next(length + 1);
        Emit(BuiltinOperator.SplitV, [x, Ints(first, length - first), Ints(axis)], [Output(x), Output(x)],
            new SplitOptions(BuiltinOptionsType.SplitV, 2));
    }

    private void Slice(int x)
    {
        int[] begin = [.. ShapeOf(x).Select(size => _random.Next(2) == 0 ? 0 : _random.Next(size + 1))];
        int[] size = [.. begin.Select((b, i) => _random.Next(2) == 0 ? -1 : _random.Next(ShapeOf(x)[i] - b + 1))];
        Emit(BuiltinOperator.Slice, [x, Ints(begin), Ints(size)], [Output(x)]);
    }

    private void StridedSlice(int x)
    {
        int rank = ShapeOf(x).Length;
        int[] Bounds() => [.. ShapeOf(x).Select(size => _random.Next(-size - 2, size + 3))];
        int[] strides = [.. ShapeOf(x).Select(_ => _random.Next(3) > 0 ? 1 : _random.Next(-3, 4))];
        Emit(
            BuiltinOperator.StridedSlice, [x, Ints(Bounds()), Ints(Bounds()), Ints(strides)], [Output(x)],
            new StridedSliceOptions(_random.Next(1 << rank), _random.Next(1 << rank), 0, 0,
                _random.Next(3) == 0 ? _random.Next(1 << rank) : 0));
    }

    private void Pad(int x)
    {
        int[] pads = [.. ShapeOf(x).SelectMany(_ => new[] { _random.Next(3), _random.Next(3) })];
        if (_random.Next(2) == 0 && pads.Length == 8) pads[0] = pads[1] = pads[6] = pads[7] = 0;
        int paddings = Ints(pads);
        _tensors[paddings] = _tensors[paddings] with { Shape = [pads.Length / 2, 2] };
        if (_random.Next(2) == 0) Emit(BuiltinOperator.Pad, [x, paddings], [Output(x)]);
        else Emit(BuiltinOperator.PadV2, [x, paddings, Constant(_type, [])], [Output(x)]);
    }

    private void Gather(int x)
    {
        int axis = Axis(x), length = Math.Max(1, ShapeOf(x)[axis < 0 ? axis + ShapeOf(x).Length : axis]);
        int indices = _random.Next(2) == 0 ? Ints([.. Enumerable.Range(0, _random.Next(1, 6)).Select(_ => _random.Next(length))])
            : Input([_random.Next(1, 5)], TensorType.Int32);
        Emit(BuiltinOperator.Gather, [x, indices], [Output(x)], new GatherOptions(axis));
    }

    private void Reshape(int x)
    {
        int count = ShapeOf(x).Aggregate(1, (a, b) => a * b);
        switch (_random.Next(4))
        {
            case 0:
                Emit(BuiltinOperator.ExpandDims, [x, Ints(Axis(x))], [Output(x)]);
                break;
            case 1:
                Emit(BuiltinOperator.Squeeze, [x], [Output(x)], new VectorOptions(BuiltinOptionsType.Squeeze, []));
                break;
            default:
                int divisor = Enumerable.Range(1, 8).Last(d => count % d == 0);
                int y = Output(x);
                int[] shape = _random.Next(2) == 0 ? [divisor, -1] : [count];
                Emit(BuiltinOperator.Reshape, [x], [y], new VectorOptions(BuiltinOptionsType.Reshape, shape));
                break;
        }
    }

    private void Pack(int x) =>
        Emit(BuiltinOperator.Pack, [x, x], [Output(x)], new PackOptions(BuiltinOptionsType.Pack, 2, _random.Next(ShapeOf(x).Length + 1)));

    private void Unpack(int x)
    {
        int axis = _random.Next(ShapeOf(x).Length), count = Math.Min(8, ShapeOf(x)[axis]);
        Emit(BuiltinOperator.Unpack, [x], [.. Enumerable.Range(0, count).Select(_ => Output(x))],
            new PackOptions(BuiltinOptionsType.Unpack, count, axis));
    }

    private void Blocks(int x)
    {
        bool deep = _random.Next(2) == 0;
        Emit(
            deep ? BuiltinOperator.DepthToSpace : BuiltinOperator.SpaceToDepth, [x], [Output(x)],
            new BlockOptions(deep ? BuiltinOptionsType.DepthToSpace : BuiltinOptionsType.SpaceToDepth, 2));
    }
}
