using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>
/// A network of random layers over NHWC tensors, of which later layers use any. It can be built whole, or each layer as a model of
/// its own, which leaves nothing to fuse.
/// </summary>
/// <typeparam name="T">float, or sbyte for int8.</typeparam>
internal sealed class RandomNetwork<T>
    where T : unmanaged
{
    // Few, so that tensors often have equal parameters, as concatenations want them.
    private static readonly (float Scale, int ZeroPoint)[] Quantizations = [(0.05f, -9), (0.05f, -9), (0.11f, 30)];

    private readonly Random _random;
    private readonly List<Value> _values = [];
    private readonly List<Layer> _layers = [];

    public RandomNetwork(int seed)
    {
        _random = new Random(seed);
        Input = Add([_random.Next(4, 14), _random.Next(4, 14), _random.Next(1, 9)]);
        int count = _random.Next(4, 14);
        while (_layers.Count < count)
            AddLayer();
        Outputs = [.. Enumerable.Range(1, _values.Count - 1)
            .Where(i => !_layers.Any(layer => layer.Inputs.Contains(i)) || _random.Next(8) == 0)];
    }

    /// <summary>The only input.</summary>
    public int Input { get; }

    /// <summary>All that no layer uses, and some others.</summary>
    public int[] Outputs { get; }

    public int Layers => _layers.Count;

    public string Description => string.Join("; ", _layers.Select(
        layer => $"{layer.Operator} {string.Join(',', layer.Inputs)} → {layer.Output} [{string.Join(',', _values[layer.Output].Shape)}]"));

    public int Elements(int value) => _values[value].Shape.Aggregate(1, (a, b) => a * b);

    /// <summary>The whole network.</summary>
    public byte[] Build() => Build(_layers, [Input], Outputs);

    /// <summary>What every output is if each layer runs in a model of its own.</summary>
    public T[][] RunLayers(T[] input)
    {
        var values = new T[_values.Count][];
        values[Input] = input;
        foreach (Layer layer in _layers)
        {
            int[] inputs = [.. layer.Inputs.Distinct()];
            using TfliteModel model = TfliteModel.Load(Build([layer], inputs, [layer.Output]));
            using ModelCall call = model.Begin();
            for (int i = 0; i < inputs.Length; i++)
                call.SetInput<T>(i, values[inputs[i]]);
            call.Run();
            values[layer.Output] = new T[Elements(layer.Output)];
            call.GetOutput<T>(0, values[layer.Output]);
        }

        return [.. Outputs.Select(i => values[i])];
    }

    public T[] RandomValues(int count) =>
        typeof(T) == typeof(float) ? (T[])(object)SampleNetworks.Floats(_random, count) : (T[])(object)SampleNetworks.Bytes(_random, count);

    private static TensorType Type => typeof(T) == typeof(float) ? TensorType.Float32 : TensorType.Int8;

    private byte[] Build(IEnumerable<Layer> layers, int[] inputs, int[] outputs)
    {
        var m = new TestModel();
        var tensors = new Dictionary<int, int>();
        int Tensor(int value)
        {
            if (!tensors.TryGetValue(value, out int tensor))
            {
                Value v = _values[value];
                bool real = Type == TensorType.Float32;
                tensors[value] = tensor = m.Tensor($"t{value}", Type, [-1, .. v.Shape], real ? 0 : v.Scale, real ? 0 : v.ZeroPoint);
            }

            return tensor;
        }

        foreach (Layer layer in layers)
            layer.Add(m, [.. layer.Inputs.Select(Tensor)], Tensor(layer.Output));
        return m.Build([.. inputs.Select(Tensor)], [.. outputs.Select(Tensor)]);
    }

    private int Add(int[] shape)
    {
        (float scale, int zeroPoint) = Quantizations[_random.Next(Quantizations.Length)];
        _values.Add(new Value(shape, scale, zeroPoint));
        return _values.Count - 1;
    }

    private void AddLayer()
    {
        int x = _random.Next(Math.Max(0, _values.Count - 4), _values.Count);
        int[] shape = _values[x].Shape;
        int[] same = [.. Enumerable.Range(0, _values.Count).Where(i => _values[i].Shape.AsSpan(0, 2).SequenceEqual(shape.AsSpan(0, 2)))];
        int[] equal = [.. same.Where(i => _values[i].Shape[2] == shape[2])];
        switch (_random.Next(13))
        {
            case 0 or 1 or 2:
                AddConvolution(x, _random.Next(1, 40));
                break;
            case 3 or 11:
                int branch = AddConvolution(x, shape[2], stride: 1), other = equal[_random.Next(equal.Length)];
                Add(
                    BuiltinOperator.Add, _random.Next(2) == 0 ? [branch, other] : [other, branch], shape,
                    new ArithmeticOptions(BuiltinOptionsType.Add, Activation()));
                break;
            case 4:
                AddDepthwise(x);
                break;
            case 5:
                int y = equal[_random.Next(equal.Length)];
                var operation = new ArithmeticOptions(BuiltinOptionsType.Add, Activation());
                Add(BuiltinOperator.Add, _random.Next(2) == 0 ? [x, y] : [y, x], shape, operation);
                break;
            case 6 or 7 or 8 or 9:
                int[] parts = [x, .. _random.GetItems(same, _random.Next(1, 3))];
                if (_random.Next(3) > 0)
                {
                    parts = [.. parts.Select(i => AddConvolution(i, _random.Next(1, 40), stride: 1))];
                    for (int i = 1; i < parts.Length && _random.Next(3) > 0; i++)
                        SetQuantization(parts[i], parts[0]);
                }

                int joined = Add([shape[0], shape[1], parts.Sum(i => _values[i].Shape[2])]);
                SetQuantization(joined, parts[0]);
                Add(BuiltinOperator.Concatenation, parts, joined, new ConcatenationOptions(3, ActivationFunction.None));
                break;
            case 10 when shape[0] > 1 && shape[1] > 1:
                BuiltinOperator pool = _random.Next(2) == 0 ? BuiltinOperator.MaxPool2D : BuiltinOperator.AveragePool2D;
                int pooled = Add([shape[0] / 2, shape[1] / 2, shape[2]]);
                SetQuantization(pooled, x);
                Add(pool, [x], pooled, new Pool2DOptions(Padding.Valid, 2, 2, 2, 2, ActivationFunction.None));
                break;
            default:
                Add(_random.Next(2) == 0 ? BuiltinOperator.HardSwish : BuiltinOperator.Relu, [x], shape, null);
                break;
        }
    }

    private void SetQuantization(int value, int source) =>
        _values[value] = _values[value] with { Scale = _values[source].Scale, ZeroPoint = _values[source].ZeroPoint };

    private int AddConvolution(int x, int channels, int stride = 0)
    {
        int[] shape = _values[x].Shape;
        int kernel = 1 + (2 * _random.Next(2)), dilation = 1;
        if (stride == 0)
            stride = _random.Next(1, 3);
        if (stride == 1)
            dilation = _random.Next(1, 3);
        int groups = shape[2] % 2 == 0 && channels % 2 == 0 && _random.Next(4) == 0 ? 2 : 1, inputs = shape[2] / groups;
        Parameters w = Weights(channels, kernel * kernel * inputs);
        int output = Add([(shape[0] + stride - 1) / stride, (shape[1] + stride - 1) / stride, channels]);
        var options = new Conv2DOptions(Padding.Same, stride, stride, Activation(), dilation, dilation);
        _layers.Add(new Layer(BuiltinOperator.Conv2D, [x], output, (m, ids, to) =>
            m.Operator(BuiltinOperator.Conv2D, [ids[0], w.AddWeights(m, [channels, kernel, kernel, inputs], 0), w.AddBias(m)], [to],
                options)));
        return output;
    }

    private void AddDepthwise(int x)
    {
        int[] shape = _values[x].Shape;
        int kernel = 3 + (2 * _random.Next(2)), stride = _random.Next(1, 3), channels = shape[2];
        Parameters w = Weights(channels, kernel * kernel);
        int output = Add([(shape[0] + stride - 1) / stride, (shape[1] + stride - 1) / stride, channels]);
        var options = new DepthwiseConv2DOptions(Padding.Same, stride, stride, 1, Activation());
        _layers.Add(new Layer(BuiltinOperator.DepthwiseConv2D, [x], output, (m, ids, to) =>
            m.Operator(BuiltinOperator.DepthwiseConv2D, [ids[0], w.AddWeights(m, [1, kernel, kernel, channels], 3), w.AddBias(m)], [to],
                options)));
    }

    private void Add(BuiltinOperator op, int[] inputs, int[] shape, IOperatorOptions? options) => Add(op, inputs, Add(shape), options);

    private void Add(BuiltinOperator op, int[] inputs, int output, IOperatorOptions? options) =>
        _layers.Add(new Layer(op, inputs, output, (m, ids, to) => m.Operator(op, ids, [to], options)));

    private ActivationFunction Activation() =>
        _random.GetItems([ActivationFunction.None, ActivationFunction.None, ActivationFunction.Relu, ActivationFunction.Relu6], 1)[0];

    private Parameters Weights(int channels, int each) => new(
        RandomValues(channels * each),
        [.. Enumerable.Range(0, channels).Select(_ => (0.005f + (0.01f * _random.NextSingle())) / MathF.Sqrt(each))],
        [.. Enumerable.Range(0, channels).Select(_ => _random.Next(-2000, 2000))]);

    private sealed record Value(int[] Shape, float Scale, int ZeroPoint);

    private sealed record Layer(BuiltinOperator Operator, int[] Inputs, int Output, Action<TestModel, int[], int> Add);

    private sealed record Parameters(T[] Values, float[] Scales, int[] Bias)
    {
        public int AddWeights(TestModel m, int[] shape, int axis) =>
            m.Constant("w", Type, shape, Values, Type == TensorType.Float32 ? null : Scales, 0, axis);

        public int AddBias(TestModel m) => Type == TensorType.Float32
            ? m.Constant("b", Type, [Bias.Length], [.. Bias.Select(b => b * 1e-3f)])
            : m.Constant("b", TensorType.Int32, [Bias.Length], Bias, Scales);
    }
}
