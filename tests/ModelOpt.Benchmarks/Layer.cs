using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Benchmarks;

/// <summary>A model of one operator.</summary>
/// <param name="Name">What it is: "3x3 64@56" is a 3×3 convolution of 64 channels to as many on 56×56 pixels.</param>
/// <param name="Macs">Multiply-adds; 0 for other work.</param>
public sealed record Layer(string Name, long Macs, Func<byte[]> Build)
{
    /// <summary>The shapes of Intel's oneDNN that the kernels are compared with, in the same order: int8.</summary>
    public static IReadOnlyList<Layer> OneDnn { get; } =
    [
        Convolution("3x3 64@56", 64, 56, 64, 3),
        Convolution("3x3 256@14", 256, 14, 256, 3),
        Convolution("1x1 256>64@56", 256, 56, 64, 1),
        Convolution("1x1 1024>256@14", 1024, 14, 256, 1),
        Convolution("1x1 144>24@56", 144, 56, 24, 1),
        Convolution("1x1 24>144@56", 24, 56, 144, 1),
        Convolution("1x1 960>160@7", 960, 7, 160, 1),
        Depthwise("dw3x3 144@56", 144, 56, 3),
        Depthwise("dw3x3 576@14", 576, 14, 3),
    ];

    /// <summary>Other int8 operators that take time in networks.</summary>
    public static IReadOnlyList<Layer> Int8 { get; } =
    [
        Convolution("3x3/2 3>32@224", 3, 224, 32, 3, stride: 2),
        Convolution("3x3 16@32", 16, 32, 16, 3),
        Depthwise("dw3x3/2 96@112", 96, 112, 3, stride: 2),
        Depthwise("dw5x5 120@28", 120, 28, 5),
        FullyConnected("fc 1280>1001", 1, 1280, 1001),
        FullyConnected("fc 640>128", 1, 640, 128),
        Elementwise("add 24@56", 24, 56),
        Elementwise("add 160@7", 160, 7),
    ];

    /// <summary>The same work in float32.</summary>
    public static IReadOnlyList<Layer> Float32 { get; } =
    [
        Convolution("f32 3x3 64@56", 64, 56, 64, 3, isFloat: true),
        Convolution("f32 1x1 256>64@56", 256, 56, 64, 1, isFloat: true),
        Convolution("f32 1x1 144>24@56", 144, 56, 24, 1, isFloat: true),
        Convolution("f32 1x1 960>160@7", 960, 7, 160, 1, isFloat: true),
        Depthwise("f32 dw3x3 144@56", 144, 56, 3, isFloat: true),
        FullyConnected("f32 fc 1280>1001", 1, 1280, 1001, isFloat: true),
        FullyConnected("f32 gemm 512^3", 512, 512, 512, isFloat: true),
        Elementwise("f32 add 24@56", 24, 56, isFloat: true),
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <param name="name">See <see cref="Layer"/>.</param>
    /// <param name="size">Height and width of the input.</param>
    /// <param name="kernel">Height and width of the window.</param>
    /// <param name="isFloat">float32 instead of int8.</param>
    /// <param name="added">A second input of the output's shape is added to the result.</param>
    internal static Layer Convolution(
        string name, int inputs, int size, int outputs, int kernel, int stride = 1, bool isFloat = false, Zeros zeros = default,
        int groups = 1, bool added = false) => Create(
        name, [1, size, size, inputs], [outputs, kernel, kernel, inputs / groups], 0, [1, size / stride, size / stride, outputs], isFloat,
        BuiltinOperator.Conv2D, new Conv2DOptions(Padding.Same, stride, stride, ActivationFunction.None),
        kernel * kernel * inputs / groups, zeros, added);

    private static Layer Depthwise(string name, int channels, int size, int kernel, int stride = 1, bool isFloat = false) => Create(
        name, [1, size, size, channels], [1, kernel, kernel, channels], 3, [1, size / stride, size / stride, channels], isFloat,
        BuiltinOperator.DepthwiseConv2D, new DepthwiseConv2DOptions(Padding.Same, stride, stride, 1, ActivationFunction.None),
        kernel * kernel);

    internal static Layer FullyConnected(string name, int rows, int inputs, int outputs, bool isFloat = false, Zeros zeros = default) =>
        Create(
        name, [rows, inputs], [outputs, inputs], 0, [rows, outputs], isFloat,
        BuiltinOperator.FullyConnected, new FullyConnectedOptions(ActivationFunction.None), inputs, zeros);

    private static Layer Elementwise(string name, int channels, int size, bool isFloat = false)
    {
        int[] shape = [1, size, size, channels];
        return new Layer(name, 0, () =>
        {
            var m = new TestModel();
            TensorType type = isFloat ? TensorType.Float32 : TensorType.Int8;
            int a = m.Tensor("a", type, shape, isFloat ? 0 : 0.02f), b = m.Tensor("b", type, shape, isFloat ? 0 : 0.03f, 7);
            int y = m.Tensor("y", type, shape, isFloat ? 0 : 0.04f, -3);
            m.Operator(BuiltinOperator.Add, [a, b], [y], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
            return m.Build([a, b], [y]);
        });
    }

    private static Layer Create(
        string name, int[] input, int[] weights, int channelAxis, int[] output, bool isFloat,
        BuiltinOperator op, IOperatorOptions options, int products, Zeros zeros = default,
        bool added = false) =>
        new(name, output.Aggregate(1L, (product, size) => product * size) * products, () =>
        {
            var random = new Random(1);
            var m = new TestModel();
            int elements = weights.Aggregate(1, (product, size) => product * size), channels = weights[channelAxis];
            int x, w, b, y;
            if (isFloat)
            {
                x = m.Tensor("x", TensorType.Float32, input);
                float[] values = Values(elements, () => random.NextSingle() - 0.5f);
                zeros.Clear(values);
                w = m.Constant("w", TensorType.Float32, weights, values);
                b = m.Constant("b", TensorType.Float32, [channels], Values(channels, () => random.NextSingle()));
                y = m.Tensor("y", TensorType.Float32, output);
            }
            else
            {
                // Two standard deviations of the sums fill the output's range.
                const float scale = 0.02f, weightScale = 0.01f;
                float outputScale = scale * weightScale * 74 * 74 * MathF.Sqrt(products) / 64;
                float[] scales = Values(channels, () => weightScale * (0.5f + random.NextSingle()));
                x = m.Tensor("x", TensorType.Int8, input, scale, 3);
                sbyte[] values = Values(elements, () => (sbyte)random.Next(-127, 128));
                zeros.Clear(values);
                w = m.Constant("w", TensorType.Int8, weights, values, scales, 0, channelAxis);
                b = m.Constant(
                    "b", TensorType.Int32, [channels], Values(channels, () => random.Next(-1000, 1000)),
                    [.. scales.Select(s => s * scale)]);
                y = m.Tensor("y", TensorType.Int8, output, outputScale, -5);
            }

            m.Operator(op, [x, w, b], [y], options);
            if (!added)
                return m.Build([x], [y]);
            int other = m.Tensor("other", TensorType.Int8, output, 0.03f, 7), sum = m.Tensor("sum", TensorType.Int8, output, 0.04f, -3);
            m.Operator(BuiltinOperator.Add, [y, other], [sum], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
            return m.Build([x, other], [sum]);
        });

    private static T[] Values<T>(int count, Func<T> next)
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
            values[i] = next();
        return values;
    }
}

/// <summary>Which weights of a layer are zero: random ones, one by one or in blocks of four input channels.</summary>
/// <param name="Share">Share of the weights that are zero.</param>
/// <param name="Block">Neighbouring weights that are zero together.</param>
public readonly record struct Zeros(double Share, int Block)
{
    internal void Clear<T>(T[] values)
    {
        var random = new Random(3);
        for (int i = 0; Share > 0 && i < values.Length; i += Block)
        {
            if (random.NextDouble() < Share)
                values.AsSpan(i, Math.Min(Block, values.Length - i)).Clear();
        }
    }
}
