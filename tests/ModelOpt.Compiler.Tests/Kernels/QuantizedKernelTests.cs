using Google.Protobuf;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Kernels.Depthwise;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Compiler.Tests.Kernels;

/// <summary>The runtime's int8 kernels against ONNX Runtime's quantized operators: all bits are the same.</summary>
[TestClass]
internal sealed class QuantizedKernelTests
{
    private const float InputScale = 0.0213f;

    [TestMethod]
    [DataRow(33, 45, 1, 1, 1, 0, 1)]
    [DataRow(16, 40, 3, 2, 1, 1, 1)]
    [DataRow(3, 32, 3, 2, 1, 0, 1)]
    [DataRow(8, 20, 3, 1, 2, 2, 1)]
    [DataRow(48, 48, 3, 1, 1, 1, 48)]
    [DataRow(70, 70, 5, 2, 1, 2, 70)]
    [DataRow(32, 64, 3, 1, 1, 1, 4)]
    public void Convolution(int channels, int filters, int kernel, int stride, int dilation, int pad, int groups)
    {
        const int batch = 2, height = 15, width = 12;
        int outputHeight = ((height + (2 * pad) - (dilation * (kernel - 1)) - 1) / stride) + 1;
        int outputWidth = ((width + (2 * pad) - (dilation * (kernel - 1)) - 1) / stride) + 1;
        int inputs = channels / groups, taps = kernel * kernel;
        var random = new Random(channels + filters);
        sbyte[] x = Bytes(random, batch * channels * height * width), w = Bytes(random, filters * inputs * taps);
        for (int i = 0; i < w.Length; i++) w[i] = Math.Max(w[i], (sbyte)-127);
        int[] bias = [.. Enumerable.Range(0, filters).Select(_ => random.Next(-20000, 20000))];
        float[] scales = [.. Enumerable.Range(0, filters).Select(_ => 0.001f + (0.01f * random.NextSingle()))];
        float outputScale = 0.05f * MathF.Sqrt(inputs * taps);
        sbyte[] expected = RunPeer("QLinearConv", "", [
            Tensor.Of([batch, channels, height, width], x), Tensor.Scalar(InputScale), Tensor.Scalar((sbyte)-7),
            Tensor.Of([filters, inputs, kernel, kernel], w), Tensor.Of([filters], scales),
            Tensor.Of([filters], new sbyte[filters]), Tensor.Scalar(outputScale), Tensor.Scalar((sbyte)11), Tensor.Of([filters], bias),
        ], [Ints("strides", stride, stride), Ints("dilations", dilation, dilation), Ints("pads", pad, pad, pad, pad),
        Int("group", groups)]);

        var window = new Window2D(
            batch, height, width, channels, outputHeight, outputWidth, filters, kernel, kernel, stride, stride, dilation,
            dilation, pad, pad);
        var quantization = new LayerQuantization(InputScale, -7, scales, 0, outputScale, 11, -128, 127);
        byte[] weights = groups == channels ? Transpose(w, 1, filters, taps) : Transpose(w, filters, inputs, taps);
        Kernel subject = groups == channels
            ? DepthwiseInt8Kernel.Create(window, quantization, weights, bias, unsigned: false, code: null)
            : new ConvInt8Kernel(window, groups, quantization, weights, bias, unsigned: false);
        byte[] output = Run(subject, expected.Length, Transpose(x, batch, channels, height * width));
        byte[] planes = Transpose([.. output.Select(v => (sbyte)v)], batch, outputHeight * outputWidth, filters);
        AssertSame(expected, planes);
    }

    [TestMethod]
    [DataRow(1, 65, 300)]
    [DataRow(17, 5, 33)]
    public void Matrix_product(int m, int n, int k)
    {
        var random = new Random(m);
        sbyte[] a = Bytes(random, 2 * m * k), b = Bytes(random, 2 * k * n);
        float outputScale = 0.05f * MathF.Sqrt(k);
        sbyte[] expected = RunPeer("QLinearMatMul", "", [
            Tensor.Of([2, m, k], a), Tensor.Scalar(InputScale), Tensor.Scalar((sbyte)5), Tensor.Of([2, k, n], b), Tensor.Scalar(0.017f),
            Tensor.Scalar((sbyte)-3), Tensor.Scalar(outputScale), Tensor.Scalar((sbyte)-20),
        ], []);
        var quantization = new LayerQuantization(InputScale, 5, [0.017f], -3, outputScale, -20, -128, 127);
        var subject = new BatchMatMulInt8Kernel(
            new BatchMatMulShape(m, n, k, false, false, [0, 1], [0, 1]), quantization, unsigned: false);
        AssertSame(expected, Run(subject, expected.Length, [.. a.Select(v => (byte)v)], [.. b.Select(v => (byte)v)]));
    }

    [TestMethod]
    [DataRow(2, 0.05f)]
    [DataRow(10, 0.1f)]
    [DataRow(12, 1f)]
    [DataRow(1001, 0.2f)]
    public void Softmax(int depth, float scale)
    {
        const int rows = 64;
        sbyte[] x = Bytes(new Random(depth), rows * depth);
        x.AsSpan(0, depth).Fill(-128);
        x[0] = 127;
        sbyte[] expected = RunPeer("QLinearSoftmax", "com.microsoft", [
            Tensor.Of([rows, depth], x), Tensor.Scalar(scale), Tensor.Scalar((sbyte)3), Tensor.Scalar(1f / 256), Tensor.Scalar((sbyte)-128),
        ], [Int("axis", -1), Int("opset", 13)]);
        var subject = new SoftmaxInt8Kernel(rows, depth, scale, 1f / 256, -128, unsigned: false);
        AssertSame(expected, Run(subject, expected.Length, [.. x.Select(v => (byte)v)]));
    }

    private static sbyte[] RunPeer(string op, string domain, Tensor[] inputs, AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = op, Domain = domain, Name = "node", Output = { "y" } };
        node.Attribute.AddRange(attributes);
        var graph = new GraphProto { Name = "graph", Node = { node } };
        var feeds = new Dictionary<string, Tensor>();
        for (int i = 0; i < inputs.Length; i++)
        {
            node.Input.Add($"x{i}");
            feeds[$"x{i}"] = inputs[i];
            var shape = new TensorShapeProto();
            foreach (int size in inputs[i].Dims) shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
            graph.Input.Add(Value($"x{i}", inputs[i].Type, shape));
        }

        graph.Output.Add(Value("y", ElementType.Int8, null));
        byte[] model = new ModelProto
        {
            IrVersion = 8,
            Graph = graph,
            OpsetImport =
            {
                new OperatorSetIdProto { Domain = "", Version = 17 },
                new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 },
            },
        }.ToByteArray();
        return OnnxRuntime.Run(model, feeds)[0].Span<sbyte>().ToArray();
    }

    private static ValueInfoProto Value(string name, ElementType type, TensorShapeProto? shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (shape is not null) tensor.Shape = shape;
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private static AttributeProto Ints(string name, params long[] values) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static AttributeProto Int(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static sbyte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return [.. bytes.Select(value => (sbyte)value)];
    }

    /// <summary>[outer, rows, columns] to [outer, columns, rows].</summary>
    private static byte[] Transpose(sbyte[] values, int outer, int rows, int columns)
    {
        var result = new byte[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int column = i % columns, row = i / columns % rows, first = i / (rows * columns) * rows * columns;
            result[first + (column * rows) + row] = (byte)values[i];
        }

        Assert.AreEqual(outer * rows * columns, values.Length);
        return result;
    }

    private static byte[] Run(Kernel kernel, int outputLength, params byte[][] inputs)
    {
        var output = new byte[outputLength];
        kernel.Run(
            new KernelArguments(
                [.. inputs.Select(input => Operand.Constant(input))], [Operand.InArena(0, outputLength)], output,
                new byte[kernel.ScratchBytes]),
            0, kernel.Items);
        return output;
    }

    private static void AssertSame(sbyte[] expected, byte[] actual) =>
        CollectionAssert.AreEqual(expected, actual.Select(value => (sbyte)value).ToArray());
}
