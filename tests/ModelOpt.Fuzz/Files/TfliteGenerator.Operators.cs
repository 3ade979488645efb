using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Fuzz.Files;

/// <content>The operators, each with random options and constants.</content>
internal sealed partial class TfliteGenerator
{
    private static readonly BuiltinOperator[] Unary =
    [
        BuiltinOperator.Logistic, BuiltinOperator.Tanh, BuiltinOperator.HardSwish, BuiltinOperator.Relu, BuiltinOperator.Relu6,
        BuiltinOperator.ReluN1To1, BuiltinOperator.Relu0To1, BuiltinOperator.Neg, BuiltinOperator.Exp, BuiltinOperator.Log,
        BuiltinOperator.Sqrt, BuiltinOperator.Rsqrt, BuiltinOperator.Round, BuiltinOperator.Abs, BuiltinOperator.Elu,
        BuiltinOperator.Erf, BuiltinOperator.Floor, BuiltinOperator.Ceil, BuiltinOperator.Sign, BuiltinOperator.Sin, BuiltinOperator.Cos,
        BuiltinOperator.Gelu, BuiltinOperator.Sinh, BuiltinOperator.Asinh, BuiltinOperator.Acosh, BuiltinOperator.Atanh,
    ];

    private Action<int>[] Layers =>
        [Convolution, Convolution, Convolution, Depthwise, Depthwise, Dense, Pool, Pool, Product, Reduce, Softmax, Recurrent, Branch, Loop,
            Sequence, Sequence, History, Memory];

    private Action<int>[] Elements =>
    [
        Arithmetic, Arithmetic, Function, Function,
        x => Emit(BuiltinOperator.LeakyRelu, [x], [Output(x)], new LeakyReluOptions(0.1f)),
        x => Emit(BuiltinOperator.Atan2, [x, Constant(_type, Broadcastable(x))], [Output(x)]), Compare,
        x => Emit(BuiltinOperator.PRelu, [x, Constant(_type, Broadcastable(x))], [Output(x)]),
        x => Emit(BuiltinOperator.Pow, [x, Constant(_type, Broadcastable(x))], [Output(x)]), Compare, Requantize, Cast, Resize, Preprocess,
    ];

    private Action<int>[] Movements =>
    [
        Transpose, Transpose, Concatenate, Concatenate, Split, Slice, StridedSlice, Pad, Gather, Reshape, Reshape, Pack, Unpack, Blocks,
        Tile, Reduce, Arithmetic, Extreme, OneHot, Scatter, Sums, Numbers, Fill, Places, Boxes, Detect, Distinct,
    ];

    private int[] ShapeOf(int x) => _tensors[x].Shape;

    private ActivationFunction Activation => _random.Next(2) == 0 ? ActivationFunction.None : (ActivationFunction)_random.Next(4);

    private Padding Padding => (Padding)_random.Next(2);

    private int Axis(int x) => _random.Next(-ShapeOf(x).Length, Math.Max(1, ShapeOf(x).Length));

    private float[] ChannelScales(int channels) =>
        _random.Next(3) == 0 ? [0.01f] : [.. Enumerable.Range(0, channels).Select(_ => 0.001f + (0.01f * _random.NextSingle()))];

    private int Weights(int[] shape, int axis) => _type == TensorType.Float32 ? Constant(_type, shape)
        : _type == TensorType.Int8 ? Constant(_type, shape, ChannelScales(shape[axis]), 0, axis)
        : Constant(_type, shape, [0.01f], _random.Next(256), axis);

    private int Bias(int channels) =>
        _random.Next(3) == 0 ? -1 : Constant(_type == TensorType.Float32 ? _type : TensorType.Int32, [channels], []);

    private void Function(int x) => Emit(Unary[_random.Next(Unary.Length)], [x], [Output(x)]);

    // Comparisons, logic on their results, and a choice by these.
    private void Compare(int x)
    {
        BuiltinOperator[] comparisons =
        [
            BuiltinOperator.Equal, BuiltinOperator.NotEqual, BuiltinOperator.Greater, BuiltinOperator.GreaterEqual, BuiltinOperator.Less,
            BuiltinOperator.LessEqual,
        ];
        int holds = Output(-1, TensorType.Bool), logical = Output(-1, TensorType.Bool), inverse = Output(-1, TensorType.Bool);
        Emit(comparisons[_random.Next(comparisons.Length)], [x, Constant(_type, Broadcastable(x))], [holds]);
        Settle();
        Emit(_random.Next(2) == 0 ? BuiltinOperator.LogicalAnd : BuiltinOperator.LogicalOr, [holds, holds], [logical]);
        Settle();
        Emit(BuiltinOperator.LogicalNot, [logical], [inverse]);
        Settle();
        int whole = Output(-1, TensorType.Int32), bits = Output(-1, TensorType.Int32);
        Emit(BuiltinOperator.Cast, [x], [whole]);
        Settle();
        BuiltinOperator[] integers =
        [
            BuiltinOperator.FloorMod, BuiltinOperator.BitwiseAnd, BuiltinOperator.BitwiseOr, BuiltinOperator.BitwiseXor,
            BuiltinOperator.LeftShift, BuiltinOperator.RightShift,
        ];
        Emit(integers[_random.Next(integers.Length)], [whole, whole], [bits]);
        Settle();
        if (_random.Next(3) == 0)
        {
            BuiltinOperator any = _random.Next(2) == 0 ? BuiltinOperator.ReduceAny : BuiltinOperator.ReduceAll;
            Emit(any, [inverse, Ints(Axis(inverse))], [Output(-1, TensorType.Bool)], new ReducerOptions(_random.Next(2) == 0));
            return;
        }

        Emit(BuiltinOperator.SelectV2, [inverse, whole, bits], [Output(-1, TensorType.Int32)]);
    }

    private void Convolution(int x)
    {
        int channels = ShapeOf(x)[3], outputs = _random.Next(6) == 0 ? _random.Next(33, 100) : Size(),
            groups = _random.Next(5) == 0 && channels % 2 == 0 ? 2 : 1;
        int[] kernel = _random.Next(2) == 0 ? [1, 1] : [_random.Next(1, 6), _random.Next(1, 6)];
        Emit(
            BuiltinOperator.Conv2D, [x, Weights([outputs * groups, .. kernel, channels / groups], 0), Bias(outputs * groups)], [Output()],
            new Conv2DOptions(Padding, _random.Next(1, 4), _random.Next(1, 4), Activation, _random.Next(4) == 0 ? 2 : 1,
                _random.Next(4) == 0 ? 2 : 1));
    }

    private void Depthwise(int x)
    {
        int multiplier = _random.Next(5) == 0 ? 2 : 1, channels = ShapeOf(x)[3] * multiplier;
        int[] kernel = _random.Next(2) == 0 ? [3, 3] : [_random.Next(1, 6), _random.Next(1, 6)];
        Emit(
            BuiltinOperator.DepthwiseConv2D, [x, Weights([1, .. kernel, channels], 3), Bias(channels)], [Output()],
            new DepthwiseConv2DOptions(Padding, _random.Next(1, 3), _random.Next(1, 3), multiplier, Activation,
                _random.Next(5) == 0 ? 2 : 1,
                _random.Next(5) == 0 ? 2 : 1));
    }

    private void Dense(int x)
    {
        int inputs = _random.Next(2) == 0 ? ShapeOf(x)[^1] : ShapeOf(x)[1..].Aggregate(1, (a, b) => a * b), outputs = Size();
        Emit(
            BuiltinOperator.FullyConnected, [x, Weights([outputs, inputs], 0), Bias(outputs)], [Output()],
                new FullyConnectedOptions(Activation, _random.Next(2) == 0));
    }

    private void Pool(int x) => Emit(
        _random.Next(2) == 0 ? BuiltinOperator.MaxPool2D : BuiltinOperator.AveragePool2D, [x], [Output(x)],
        new Pool2DOptions(Padding, _random.Next(1, 4), _random.Next(1, 4), _random.Next(1, 6), _random.Next(1, 6), Activation));

    private void Product(int x)
    {
        bool transposed = _random.Next(2) == 0, first = _random.Next(2) == 0;
        int inner = first ? ShapeOf(x)[^2] : ShapeOf(x)[^1], columns = Size();
        int[] matrix = transposed ? [columns, inner] : [inner, columns],
            shape = _random.Next(2) == 0 ? matrix : [.. ShapeOf(x)[..^2], .. matrix];
        int y = _random.Next(2) == 0 ? Constant(_type, shape) : Input(shape);
        Emit(BuiltinOperator.BatchMatMul, [x, y], [Output()], new BatchMatMulOptions(first, transposed));
    }

    private void Reduce(int x)
    {
        int[] axes = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Axis(x))];
        if (_random.Next(2) == 0) axes = [1, 2];
        Emit(
            _random.Next(5) switch
            {
                0 => BuiltinOperator.Mean,
                1 => BuiltinOperator.Sum,
                2 => BuiltinOperator.ReduceMin,
                3 => BuiltinOperator.ReduceProd,
                _ => BuiltinOperator.ReduceMax,
            },
            [x, Ints(axes)], [Output(x)],
            new ReducerOptions(_random.Next(2) == 0));
    }

    private void Softmax(int x) => Emit(BuiltinOperator.Softmax, [x], [Output(x)], new SoftmaxOptions(1));

    private void Recurrent(int x)
    {
        (BuiltinOperator op, int gates, int activations, int outputs) = _random.Next(3) switch
        {
            0 => (BuiltinOperator.RNN, 1, 1, 2),
            1 => (BuiltinOperator.GRU, 3, 2, 2),
            _ => (BuiltinOperator.LSTM, 4, 3, 3),
        };
        if (ShapeOf(x).Length != 3) x = Input([Size(), Size(), Size()]);
        int[] shape = ShapeOf(x);
        int hidden = _random.Next(1, 20), direction = _random.Next(3), directions = direction == 2 ? 2 : 1;
        var options = new RecurrentOptions(
            (RecurrentDirection)direction, _random.Next(3), _random.Next(2) == 0, _random.Next(2) == 0,
            [.. Enumerable.Range(0, directions * activations).Select(_ => new GateActivation((GateFunction)_random.Next(11), 0.5f, 0.5f))]);
        List<int> inputs =
        [
            x, Constant(_type, [directions, gates * hidden, shape[^1]]), Constant(_type, [directions, gates * hidden, hidden]),
        ];
        if (_random.Next(2) == 0) inputs.Add(Constant(_type, [directions, 2 * gates * hidden]));
        Emit(op, [.. inputs], [.. Enumerable.Range(0, outputs).Select(_ => Output(x))], options);
    }

    private int[] Broadcastable(int x)
    {
        int[] shape = [.. ShapeOf(x).Select(size => _random.Next(4) == 0 ? 1 : size)];
        return shape[_random.Next(shape.Length + 1)..];
    }

    private void Arithmetic(int x)
    {
        (BuiltinOperator Op, BuiltinOptionsType Options)[] all =
        [
            (BuiltinOperator.Add, BuiltinOptionsType.Add), (BuiltinOperator.Add, BuiltinOptionsType.Add),
                (BuiltinOperator.Sub, BuiltinOptionsType.Sub),
            (BuiltinOperator.Mul, BuiltinOptionsType.Mul), (BuiltinOperator.Div, BuiltinOptionsType.Div),
                (BuiltinOperator.Minimum, BuiltinOptionsType.MaximumMinimum),
            (BuiltinOperator.Maximum, BuiltinOptionsType.MaximumMinimum),
        ];
        (BuiltinOperator op, BuiltinOptionsType options) = all[_random.Next(all.Length)];
        int[] twins =
            [.. Enumerable.Range(0, _tensors.Count)
                .Where(i => i != x && _tensors[i].Type == _type && ShapeOf(i).SequenceEqual(ShapeOf(x)))];
        int y = twins.Length > 0 && _random.Next(3) > 0 ? twins[_random.Next(twins.Length)]
            : _random.Next(2) == 0 ? Constant(_type, Broadcastable(x)) : Input(Broadcastable(x));
        int[] operands = _random.Next(2) == 0 ? [x, y] : [y, x];
        Emit(op, operands, [Output(x)], options == BuiltinOptionsType.MaximumMinimum
            ? new EmptyOptions(options)
                : new ArithmeticOptions(options, _type is TensorType.Int32 or TensorType.Int64 ? ActivationFunction.None : Activation));
    }

    private void Requantize(int x)
    {
        if (_type == TensorType.Float32)
        {
            int q = Add(new Made(TensorType.Int8, ShapeOf(x), null, [0.05f], 3, 0));
            Emit(BuiltinOperator.Quantize, [x], [q]);
            _calls[^1].Outputs[0] = q;
            return;
        }

        if (_random.Next(2) == 0) Emit(BuiltinOperator.Dequantize, [x], [Output(-1, TensorType.Float32)]);
        else Emit(BuiltinOperator.Quantize, [x], [Output(-1, _random.Next(2) == 0 ? TensorType.Int8 : TensorType.UInt8)]);
    }

    private void Cast(int x)
    {
        TensorType[] types =
            [TensorType.Float32, TensorType.Float16, TensorType.Int8, TensorType.UInt8, TensorType.Int16, TensorType.Int32,
                TensorType.Int64, TensorType.Bool, TensorType.Float64];
        Emit(BuiltinOperator.Cast, [x], [Add(new Made(types[_random.Next(types.Length)], [], null, [], 0, 0))]);
    }

    private void Resize(int x)
    {
        bool nearest = _random.Next(2) == 0;
        int[] size = _random.Next(2) == 0 ? [ShapeOf(x)[1] * 2, ShapeOf(x)[2] * 2] : [Size(), Size()];
        Emit(
            nearest ? BuiltinOperator.ResizeNearestNeighbor : BuiltinOperator.ResizeBilinear, [x, Ints(size)],
                [Add(_tensors[x] with { Data = null, Shape = [] })],
            new ResizeOptions(nearest ? BuiltinOptionsType.ResizeNearestNeighbor : BuiltinOptionsType.ResizeBilinear, _random.Next(3) == 0,
                _random.Next(2) == 0));
    }

    // What the plan folds: bytes to floats, times constants, to integers, with a transposition.
    private void Preprocess(int x)
    {
        int channels = _random.Next(1, 5);
        int[] shape = [1, channels, Size(), Size()];
        int source = Input(shape, TensorType.UInt8), floats = Add(new Made(TensorType.Float32, shape, null, [], 0, 0)),
            scaled = Add(_tensors[floats]);
        Emit(BuiltinOperator.Cast, [source], [floats]);
        Emit(BuiltinOperator.Mul, [floats, Constant(TensorType.Float32, [channels, 1, 1])], [scaled],
            new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
        int quantized = Add(new Made(TensorType.Int8, shape, null, [0.05f], 3, 0));
        Emit(BuiltinOperator.Quantize, [scaled], [quantized]);
        Emit(BuiltinOperator.Transpose, [quantized, Ints(0, 2, 3, 1)], [Add(_tensors[quantized] with { Shape = [] })]);
    }

    private void Tile(int x) => Emit(BuiltinOperator.Tile, [x, Ints([.. ShapeOf(x).Select(_ => _random.Next(1, 3))])], [Output(x)]);
}
