namespace ModelOpt.Runtime.Tests.Tflite;

/// <summary>Small networks with random weights that several tests run.</summary>
internal static class SampleNetworks
{
    /// <summary>float32 [−1, 8, 8, 3] → convolution, depthwise, residual addition, mean, dense 5, softmax → [−1, 5].</summary>
    public static byte[] Float()
    {
        var random = new Random(1);
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [-1, 8, 8, 3]);
        int w1 = m.Constant("w1", TensorType.Float32, [8, 3, 3, 3], Floats(random, 8 * 27));
        int b1 = m.Constant("b1", TensorType.Float32, [8], Floats(random, 8));
        int y1 = m.Tensor("y1", TensorType.Float32, [-1, 4, 4, 8]);
        m.Operator(
            BuiltinOperator.Conv2D, [x, w1, b1], [y1], new Conv2DOptions(Padding.Same, 2, 2, ActivationFunction.Relu6));
        int w2 = m.Constant("w2", TensorType.Float32, [1, 3, 3, 8], Floats(random, 72));
        int y2 = m.Tensor("y2", TensorType.Float32, [-1, 4, 4, 8]);
        m.Operator(
            BuiltinOperator.DepthwiseConv2D, [y1, w2, -1], [y2],
            new DepthwiseConv2DOptions(Padding.Same, 1, 1, 1, ActivationFunction.None));
        int y3 = m.Tensor("y3", TensorType.Float32, [-1, 4, 4, 8]);
        m.Operator(
            BuiltinOperator.Add, [y1, y2], [y3],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.Relu));
        int axes = m.Constant("axes", TensorType.Int32, [2], new[] { 1, 2 });
        int y4 = m.Tensor("y4", TensorType.Float32, [-1, 8]);
        m.Operator(BuiltinOperator.Mean, [y3, axes], [y4], new ReducerOptions(false));
        int w5 = m.Constant("w5", TensorType.Float32, [5, 8], Floats(random, 40));
        int y5 = m.Tensor("y5", TensorType.Float32, [-1, 5]);
        m.Operator(
            BuiltinOperator.FullyConnected, [y4, w5, -1], [y5], new FullyConnectedOptions(ActivationFunction.None));
        int y6 = m.Tensor("y6", TensorType.Float32, [-1, 5]);
        m.Operator(BuiltinOperator.Softmax, [y5], [y6], new SoftmaxOptions(1));
        return m.Build([x], [y6]);
    }

    /// <summary>The same network in int8, with float32 input and output.</summary>
    public static byte[] Int8()
    {
        var random = new Random(2);
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [-1, 8, 8, 3]);
        int q = m.Tensor("q", TensorType.Int8, [-1, 8, 8, 3], 1 / 127f, 3);
        m.Operator(BuiltinOperator.Quantize, [x], [q]);
        int w1 = m.Constant("w1", TensorType.Int8, [8, 3, 3, 3], Bytes(random, 8 * 27), Scales(random, 8));
        int b1 = m.Constant(
            "b1", TensorType.Int32, [8], Enumerable.Range(-4, 8).Select(i => i * 500).ToArray(), Scales(random, 8));
        int y1 = m.Tensor("y1", TensorType.Int8, [-1, 4, 4, 8], 6 / 255f, -128);
        m.Operator(
            BuiltinOperator.Conv2D, [q, w1, b1], [y1], new Conv2DOptions(Padding.Same, 2, 2, ActivationFunction.Relu6));
        int w2 = m.Constant("w2", TensorType.Int8, [1, 3, 3, 8], Bytes(random, 72), Scales(random, 8), 0, 3);
        int y2 = m.Tensor("y2", TensorType.Int8, [-1, 4, 4, 8], 0.05f, 5);
        m.Operator(
            BuiltinOperator.DepthwiseConv2D, [y1, w2, -1], [y2],
            new DepthwiseConv2DOptions(Padding.Same, 1, 1, 1, ActivationFunction.None));
        int y3 = m.Tensor("y3", TensorType.Int8, [-1, 4, 4, 8], 0.06f, -100);
        m.Operator(
            BuiltinOperator.Add, [y1, y2], [y3],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.Relu));
        int axes = m.Constant("axes", TensorType.Int32, [2], new[] { 1, 2 });
        int y4 = m.Tensor("y4", TensorType.Int8, [-1, 8], 0.03f, -100);
        m.Operator(BuiltinOperator.Mean, [y3, axes], [y4], new ReducerOptions(false));
        int w5 = m.Constant("w5", TensorType.Int8, [5, 8], Bytes(random, 40), [0.01f]);
        int y5 = m.Tensor("y5", TensorType.Int8, [-1, 5], 0.05f, 1);
        m.Operator(
            BuiltinOperator.FullyConnected, [y4, w5, -1], [y5], new FullyConnectedOptions(ActivationFunction.None));
        int y6 = m.Tensor("y6", TensorType.Int8, [-1, 5], 1 / 256f, -128);
        m.Operator(BuiltinOperator.Softmax, [y5], [y6], new SoftmaxOptions(1));
        int y = m.Tensor("y", TensorType.Float32, [-1, 5]);
        m.Operator(BuiltinOperator.Dequantize, [y6], [y]);
        return m.Build([x], [y]);
    }

    /// <summary>
    /// int8, float32 [−1, 24, 20, 3] → convolution with stride 2, inverted residual block, grouped dilated convolution, maximum
    /// pool, dense 11 → [−1, 11]. Wide enough that every kind of convolution is worth more than one thread.
    /// </summary>
    public static byte[] Residual()
    {
        var random = new Random(3);
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [-1, 24, 20, 3]);
        int q = m.Tensor("q", TensorType.Int8, [-1, 24, 20, 3], 1 / 127f, 3);
        m.Operator(BuiltinOperator.Quantize, [x], [q]);
        int stem = Convolution(q, [20, 3, 3, 3], [-1, 12, 10, 20], 2, 1, ActivationFunction.Relu6);
        int wide = Convolution(stem, [72, 1, 1, 20], [-1, 12, 10, 72], 1, 1, ActivationFunction.Relu6);
        int filter = m.Constant("filter", TensorType.Int8, [1, 3, 3, 72], Bytes(random, 9 * 72), Scales(random, 72), 0, 3);
        int depthwise = m.Tensor("depthwise", TensorType.Int8, [-1, 12, 10, 72], 0.06f, -20);
        m.Operator(
            BuiltinOperator.DepthwiseConv2D, [wide, filter, -1], [depthwise],
            new DepthwiseConv2DOptions(Padding.Same, 1, 1, 1, ActivationFunction.None));
        int narrow = Convolution(depthwise, [20, 1, 1, 72], [-1, 12, 10, 20], 1, 1, ActivationFunction.None);
        int sum = m.Tensor("sum", TensorType.Int8, [-1, 12, 10, 20], 0.09f, 7);
        m.Operator(
            BuiltinOperator.Add, [stem, narrow], [sum], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        int grouped = Convolution(sum, [34, 3, 3, 10], [-1, 12, 10, 34], 1, 2, ActivationFunction.Relu);
        int pooled = m.Tensor("pooled", TensorType.Int8, [-1, 6, 5, 34], 0.05f, -9);
        m.Operator(
            BuiltinOperator.MaxPool2D, [grouped], [pooled], new Pool2DOptions(Padding.Valid, 2, 2, 2, 2, ActivationFunction.None));
        int flat = m.Tensor("flat", TensorType.Int8, [-1, 1020], 0.05f, -9);
        m.Operator(BuiltinOperator.Reshape, [pooled], [flat], new VectorOptions(BuiltinOptionsType.Reshape, [-1, 1020]));
        int dense = m.Constant("dense", TensorType.Int8, [11, 1020], Bytes(random, 11 * 1020), [0.002f]);
        int logits = m.Tensor("logits", TensorType.Int8, [-1, 11], 0.2f, 1);
        m.Operator(
            BuiltinOperator.FullyConnected, [flat, dense, -1], [logits], new FullyConnectedOptions(ActivationFunction.None));
        int y = m.Tensor("y", TensorType.Float32, [-1, 11]);
        m.Operator(BuiltinOperator.Dequantize, [logits], [y]);
        return m.Build([x], [y]);

        int Convolution(int input, int[] weights, int[] output, int stride, int dilation, ActivationFunction activation)
        {
            int channels = weights[0];
            int w = m.Constant("w", TensorType.Int8, weights, Bytes(random, weights.Aggregate(1, (a, b) => a * b)),
                Scales(random, channels));
            int b = m.Constant("b", TensorType.Int32, [channels], [.. Enumerable.Range(0, channels).Select(_ => random.Next(-900, 900))],
                Scales(random, channels));
            int result = m.Tensor("c", TensorType.Int8, output, 0.05f, -9);
            m.Operator(
                BuiltinOperator.Conv2D, [input, w, b], [result],
                new Conv2DOptions(Padding.Same, stride, stride, activation, dilation, dilation));
            return result;
        }
    }

    public static float[] Floats(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];

    public static sbyte[] Bytes(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (sbyte)random.Next(-127, 128))];

    private static float[] Scales(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => 0.002f + (0.01f * random.NextSingle()))];
}
