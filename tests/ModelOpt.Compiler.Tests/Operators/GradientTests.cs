using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Gradients in float32 against central differences of the operators' own forward in double precision.</summary>
[TestClass]
internal sealed class GradientTests
{
    // Differences in double precision are good to some 1e-8; float32 sums over a few hundred terms to some 1e-5.
    private const double Step = 1e-5, Tolerance = 2e-5;

    // Evenly spread over larger tensors; each takes two runs.
    private const int MostElements = 100;

    /// <summary>A node, and what makes it smooth where it is differentiated.</summary>
    private static IEnumerable<(string Name, Node Node)> Cases()
    {
        yield return ("Conv", Node("Conv", [F(1, 2, 3, 7, 6), F(2, 4, 3, 3, 3), F(3, 4)], 1, ("pads", Longs(1, 1, 1, 1))));
        yield return ("Conv pointwise", Node("Conv", [F(1, 3, 5, 4, 4), F(2, 6, 5, 1, 1), F(3, 6)]));
        yield return ("Conv strided", Node(
            "Conv", [F(1, 2, 3, 9, 8), F(2, 5, 3, 3, 3)], 1, ("strides", Longs(2, 2)), ("pads", Longs(0, 0, 1, 1))));
        yield return ("Conv pointwise strided", Node("Conv", [F(1, 2, 3, 7, 8), F(2, 5, 3, 1, 1)], 1, ("strides", Longs(2, 2))));
        yield return ("Conv 5x2 strided 1x3",
            Node("Conv", [F(1, 2, 2, 9, 11), F(2, 3, 2, 5, 2)], 1, ("strides", Longs(1, 3)), ("pads", Longs(2, 1, 1, 0))));
        yield return ("Conv dilated", Node(
            "Conv", [F(1, 2, 2, 9, 9), F(2, 3, 2, 3, 3)], 1, ("dilations", Longs(2, 3)), ("pads", Longs(2, 1, 2, 1))));
        yield return ("Conv dilated strided",
            Node("Conv", [F(1, 9, 2, 9, 9), F(2, 3, 2, 3, 3)], 1, ("dilations", Longs(2, 1)), ("strides", Longs(2, 2))));
        yield return ("Conv padded beyond the window", Node("Conv", [F(1, 1, 2, 4, 4), F(2, 3, 2, 2, 2)], 1, ("pads", Longs(3, 2, 0, 1))));
        yield return ("Conv depthwise",
            Node("Conv", [F(1, 2, 6, 7, 7), F(2, 6, 1, 3, 3), F(3, 6)], 1, ("group", 6L), ("pads", Longs(1, 1, 1, 1))));
        yield return ("Conv depthwise strided",
            Node("Conv", [F(1, 2, 6, 7, 8), F(2, 6, 1, 3, 3)], 1, ("group", 6L), ("strides", Longs(2, 2)), ("auto_pad", "SAME_UPPER")));
        yield return ("Conv depthwise times 2",
            Node("Conv", [F(1, 2, 3, 6, 6), F(2, 6, 1, 3, 3)], 1, ("group", 3L), ("strides", Longs(2, 1))));
        yield return ("Conv grouped", Node(
            "Conv", [F(1, 3, 6, 5, 5), F(2, 4, 3, 3, 3), F(3, 4)], 1, ("group", 2L), ("pads", Longs(1, 1, 1, 1))));
        yield return ("Conv grouped strided",
            Node("Conv", [F(1, 3, 6, 5, 5), F(2, 4, 3, 3, 3)], 1, ("group", 2L), ("strides", Longs(2, 2))));
        yield return ("Conv 1-D", Node("Conv", [F(1, 2, 3, 11), F(2, 4, 3, 3), F(3, 4)], 1, ("strides", Longs(2)), ("pads", Longs(1, 1))));
        yield return ("Conv of many rows", Node("Conv", [F(1, 1, 130, 4, 4), F(2, 2, 130, 3, 3)], 1, ("pads", Longs(1, 1, 1, 1))));
        yield return ("Conv of many channels",
            Node("Conv", [F(1, 3, 17, 7, 10), F(2, 19, 17, 3, 3), F(3, 19)], 1, ("pads", Longs(1, 1, 1, 1))));
        yield return ("Conv of many channels, padded unevenly",
            Node("Conv", [F(1, 2, 16, 8, 9), F(2, 33, 16, 3, 3)], 1, ("pads", Longs(0, 2, 1, 1))));
        yield return ("Conv of wide rows", Node("Conv", [F(1, 1, 2, 3, 300), F(2, 3, 2, 3, 3)], 1, ("pads", Longs(1, 1, 1, 1))));
        yield return ("Gemm", Node("Gemm", [F(1, 5, 4), F(2, 3, 4), F(3, 3)], 1, ("transB", 1L)));
        yield return ("Gemm plain", Node("Gemm", [F(1, 5, 4), F(2, 4, 3), F(3, 5, 1)], 1, ("alpha", 0.5f), ("beta", 2f)));
        yield return ("Gemm transposed", Node("Gemm", [F(1, 4, 5), F(2, 3, 4), F(3)], 1, ("transA", 1L), ("transB", 1L)));
        yield return ("Gemm transposed left", Node("Gemm", [F(1, 4, 5), F(2, 4, 3)], 1, ("transA", 1L)));
        yield return ("MatMul", Node("MatMul", [F(1, 2, 3, 4), F(2, 4, 5)]));
        yield return ("MatMul of batches", Node("MatMul", [F(1, 2, 1, 3, 4), F(2, 3, 4, 5)]));
        yield return ("MatMul vector left", Node("MatMul", [F(1, 4), F(2, 3, 4, 5)]));
        yield return ("MatMul vector right", Node("MatMul", [F(1, 3, 2, 4), F(2, 4)]));
        yield return ("BatchNormalization", Node("BatchNormalization", [F(1, 3, 4, 5, 5), F(2, 4), F(3, 4), F(4, 4), Positive(5, 4)]));
        yield return ("ConvTranspose", Node("ConvTranspose", [F(1, 2, 3, 5, 4), F(2, 3, 4, 3, 3), F(3, 4)], 1, ("strides", Longs(2, 2)),
            ("pads", Longs(1, 0, 1, 1)), ("output_padding", Longs(1, 0))));
        yield return ("ConvTranspose of stride 1",
            Node("ConvTranspose", [F(1, 2, 3, 5, 4), F(2, 3, 2, 3, 2)], 1, ("pads", Longs(1, 0, 1, 1))));
        yield return ("ConvTranspose grouped 1-D",
            Node("ConvTranspose", [F(1, 2, 4, 6), F(2, 4, 3, 3), F(3, 6)], 1, ("group", 2L), ("strides", Longs(3)),
                ("dilations", Longs(2))));
        yield return ("LayerNormalization", Node("LayerNormalization", [F(1, 4, 3, 6), F(2, 6), F(3, 6)]));
        yield return ("LayerNormalization of two axes", Node("LayerNormalization", [F(1, 4, 3, 6), F(2, 3, 6)], 1, ("axis", 1L)));
        yield return ("DepthToSpace", Node("DepthToSpace", [F(1, 2, 8, 3, 4)], 1, ("blocksize", 2L), ("mode", "CRD")));
        yield return ("Tile", Node("Tile", [F(1, 2, 3, 4), Tensor.Vector(2L, 1, 3)]));
        foreach (long p in Longs(1, 2, 3))
        {
            yield return ($"LpPool of {p}", Node("LpPool", [F(1, 2, 3, 7, 8)], 1, ("kernel_shape", Longs(3, 2)),
                ("strides", Longs(2, 1)), ("pads", Longs(1, 1, 1, 0)), ("p", p)));
            yield return ($"GlobalLpPool of {p}", Node("GlobalLpPool", [F(1, 2, 3, 4, 5)], 1, ("p", p)));
        }

        yield return ("AffineGrid", Node("AffineGrid", [F(1, 2, 2, 3), Tensor.Vector(2L, 1, 4, 5)]));
        yield return ("GlobalMaxPool", Node("GlobalMaxPool", [F(1, 2, 3, 4, 5)]));
        yield return ("SpaceToDepth", Node("SpaceToDepth", [F(1, 2, 3, 4, 6)], 1, ("blocksize", 2L)));
        yield return ("Resize nearest", Node("Resize", [F(1, 2, 3, 4, 5), null, Tensor.Vector(1f, 1f, 2f, 0.6f)]));
        yield return ("Resize linear",
            Node("Resize", [F(1, 2, 3, 4, 5), null, null, Tensor.Vector(2L, 3L, 7L, 3L)], 1, ("mode", "linear")));
        yield return ("Resize linear corners", Node("Resize", [F(1, 1, 2, 5, 3), null, Tensor.Vector(1f, 1f, 1.7f, 2f)], 1,
            ("mode", "linear"), ("coordinate_transformation_mode", "align_corners")));
        foreach (string type in new[] { "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Elu", "Erf", "Identity", "Sin",
            "Cos", "Tan",
            "Atan", "Sinh", "Cosh", "Asinh", "Softplus", "Softsign", "Selu", "Celu", "Gelu", "Mish", "Swish", "Dropout" })
            yield return (type, Node(type, [F(1, 3, 7, 2)]));
        yield return ("HardSwish", Node("HardSwish", [F(1, 3, 40, 5, scale: 5)]));
        yield return ("HardSigmoid", Node("HardSigmoid", [F(1, 3, 40, 5, scale: 4)]));
        yield return ("Sqrt", Node("Sqrt", [Positive(1, 3, 7)]));
        yield return ("ThresholdedRelu", Node("ThresholdedRelu", [F(1, 3, 7, 2)], 1, ("alpha", 0.2f)));
        yield return ("Log", Node("Log", [Positive(1, 3, 7)]));
        yield return ("Reciprocal", Node("Reciprocal", [Positive(1, 3, 7)]));
        foreach (string type in new[] { "Asin", "Acos", "Atanh" }) yield return (type, Node(type, [F(1, 3, 7, 1, scale: 0.4f)]));
        Tensor above = Positive(1, 3, 7);
        foreach (ref float x in above.Span<float>()) x += 1;
        yield return ("Acosh", Node("Acosh", [above]));
        yield return ("Gelu by tanh", Node("Gelu", [F(1, 3, 7, 2)], 1, ("approximate", "tanh")));
        yield return ("Where", Node(
            "Where", [Casting.To(Tensor.Of<int>([2, 1], [1, 0]), ElementType.Bool), F(1, 2, 3), F(2, 3)]));
        yield return ("Clip", Node("Clip", [F(1, 3, 50), Tensor.Scalar(-0.4f), Tensor.Scalar(0.6f)]));
        yield return ("Clip below", Node("Clip", [F(1, 3, 50), Tensor.Scalar(-0.4f)]));
        yield return ("PRelu", Node("PRelu", [F(1, 2, 3, 4, 4), F(2, 3, 1, 1)]));
        foreach (string type in new[] { "Add", "Sub", "Mul", "Max", "Min" })
        {
            yield return (type, Node(type, [F(1, 2, 3, 4), F(2, 2, 3, 4)]));
            yield return ($"{type} broadcast", Node(type, [F(1, 3, 1), F(2, 2, 1, 4)]));
        }

        yield return ("Max of three", Node("Max", [F(1, 2, 5), F(2, 5), F(3, 2, 1)]));
        yield return ("Div", Node("Div", [F(1, 2, 3, 4), Positive(2, 3, 1)]));
        yield return ("Pow", Node("Pow", [Positive(1, 2, 5), Tensor.Vector(2f, 0.5f, -1f, 3f, 1.7f)]));
        yield return ("Pow broadcast", Node("Pow", [Positive(1, 5), Tensor.Of<float>([2, 1], [2f, 1f])]));
        yield return ("MaxPool", Node(
            "MaxPool", [F(1, 2, 3, 7, 8)], 1, ("kernel_shape", Longs(3, 2)), ("strides", Longs(2, 1)), ("pads", Longs(1, 1, 1, 0))));
        yield return ("MaxPool 2x2", Node("MaxPool", [F(1, 2, 3, 9, 8)], 1, ("kernel_shape", Longs(2, 2)), ("strides", Longs(2, 2))));
        yield return ("MaxPool overlapping",
            Node("MaxPool", [F(1, 2, 3, 7, 9)], 1, ("kernel_shape", Longs(3, 3)), ("strides", Longs(2, 2))));
        yield return ("MaxPool dilated", Node("MaxPool", [F(1, 2, 3, 9)], 1, ("kernel_shape", Longs(3)), ("dilations", Longs(2))));
        yield return ("AveragePool", Node(
            "AveragePool", [F(1, 2, 3, 7, 8)], 1, ("kernel_shape", Longs(3, 2)), ("strides", Longs(2, 1)), ("pads", Longs(1, 1, 1, 0))));
        yield return ("AveragePool with padding",
            Node("AveragePool", [F(1, 1, 2, 7, 8)], 1, ("kernel_shape", Longs(3, 3)), ("pads", Longs(1, 1, 1, 1)),
                ("count_include_pad", 1L)));
        yield return ("GlobalAveragePool", Node("GlobalAveragePool", [F(1, 2, 3, 5, 4)]));
        yield return ("ReduceMax", Node("ReduceMax", [F(1, 2, 3, 4), Tensor.Vector(1L)], 1, ("keepdims", 0L)));
        foreach (string type in (string[])["ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"])
            yield return (type, Node(type, [F(1, 2, 3, 4), Tensor.Vector(1L)], 1, ("keepdims", 0L)));
        yield return ("ReduceLogSum", Node("ReduceLogSum", [Positive(1, 2, 3, 4), Tensor.Vector(1L, 2L)]));
        yield return ("InstanceNormalization", Node("InstanceNormalization", [F(1, 2, 3, 5), F(2, 3), F(3, 3)]));
        yield return ("RMSNormalization", Node("RMSNormalization", [F(1, 2, 3, 5), F(2, 3, 5)], 1, ("axis", 1L)));
        yield return ("MeanVarianceNormalization",
            Node("MeanVarianceNormalization", [F(1, 2, 3, 5)], 1, ("axes", Longs(0, 2))));
        yield return ("CumSum", Node("CumSum", [F(1, 2, 5, 3), Tensor.Scalar(1L)], 1, ("exclusive", 1L)));
        yield return ("GatherElements",
            Node("GatherElements", [F(1, 2, 3), Tensor.Of<long>([2, 2], [0, -1, 2, 2])], 1, ("axis", 1L)));
        yield return ("GatherND", Node("GatherND", [F(1, 2, 3, 4), Tensor.Of<long>([2, 2], [0, -1, 1, 1])]));
        yield return ("LpNormalization", Node("LpNormalization", [F(1, 2, 5, 3)], 1, ("axis", 1L)));
        yield return ("TopK", Node("TopK", [F(1, 2, 5, 3), Tensor.Vector(2L)], 1, ("axis", 1L)));
        yield return ("Trilu", Node("Trilu", [F(1, 2, 4, 3)]));
        yield return ("ReduceMean", Node("ReduceMean", [F(1, 2, 3, 4), Tensor.Vector(0L, 2)], 1, ("keepdims", 0L)));
        yield return ("ReduceSum", Node("ReduceSum", [F(1, 2, 3, 4), Tensor.Vector(1L)]));
        yield return ("Softmax", Node("Softmax", [F(1, 3, 5)]));
        yield return ("Softmax of an inner axis", Node("Softmax", [F(1, 2, 5, 3)], 1, ("axis", 1L)));
        yield return ("Concat", Node("Concat", [F(1, 2, 3, 4), F(2, 2, 1, 4)], 1, ("axis", 1L)));
        yield return ("Split", Node("Split", [F(1, 2, 7), Tensor.Vector(2L, 4L, 1L)], 3, ("axis", 1L)));
        yield return ("Slice", Node("Slice",
            [F(1, 4, 9), Tensor.Vector(1L, 7L), Tensor.Vector(3L, 0L), Tensor.Vector(0L, 1L), Tensor.Vector(1L, -2L)]));
        yield return ("Reshape", Node("Reshape", [F(1, 2, 6), Tensor.Vector(3L, -1L)]));
        yield return ("Flatten", Node("Flatten", [F(1, 2, 3, 4)]));
        yield return ("Squeeze", Node("Squeeze", [F(1, 2, 1, 4), Tensor.Vector(1L)]));
        yield return ("Unsqueeze", Node("Unsqueeze", [F(1, 2, 4), Tensor.Vector(1L)]));
        yield return ("Transpose", Node("Transpose", [F(1, 2, 3, 4)], 1, ("perm", Longs(2, 0, 1))));
        yield return ("Expand", Node("Expand", [F(1, 3, 1), Tensor.Vector(2L, 3L, 4L)]));
        yield return ("Compress", Node("Compress", [F(1, 2, 5, 3), Tensor.Of<bool>([4], [true, false, false, true])], 1, ("axis", 1L)));
        yield return ("Gather", Node("Gather", [F(1, 2, 5, 3), Tensor.Of<long>([2, 2], [0, 4, 4, -2])], 1, ("axis", 1L)));
        yield return ("Pad", Node("Pad", [F(1, 3, 4), Tensor.Vector(1L, -1L, 0L, 2L)]));
        foreach ((string name, Node node) in Recurrent()) yield return (name, node);
        yield return ("Pad reflect", Node("Pad", [F(1, 3, 4), Tensor.Vector(1L, 2L, 0L, 3L)], 1, ("mode", "reflect")));
    }

    private static IEnumerable<(string Name, Node Node)> Recurrent()
    {
        // Sequences of different lengths, both directions, initial states.
        Tensor x = F(1, 4, 3, 5), lengths = Tensor.Of<int>([3], [4, 2, 3]), states = F(2, 2, 3, 2);
        (string, object) both = ("direction", "bidirectional");
        yield return ("LSTM", Node(
            "LSTM", [x, F(3, 2, 8, 5), F(4, 2, 8, 2), F(5, 2, 16), lengths, states, F(6, 2, 3, 2), F(7, 2, 6)], 3, both));
        yield return ("LSTM of one direction", Node("LSTM", [x, F(3, 1, 8, 5), F(4, 1, 8, 2)]));
        yield return ("LSTM with coupled gates", Node("LSTM", [F(1, 3, 4, 5), F(3, 1, 8, 5), F(4, 1, 8, 2)], 2,
            ("input_forget", 1L), ("layout", 1L), ("direction", "reverse")));
        foreach (long after in Longs(0, 1))
        {
            yield return ($"GRU {after}", Node("GRU", [x, F(3, 2, 6, 5), F(4, 2, 6, 2), F(5, 2, 12), lengths, states], 2, both,
                ("linear_before_reset", after)));
        }

        yield return ("RNN", Node("RNN", [x, F(3, 2, 2, 5), F(4, 2, 2, 2), F(5, 2, 4), lengths, states], 2, both));
        foreach ((string function, float alpha, float beta) in new[]
        {
            ("Relu", 0f, 0f), ("Affine", 0.7f, 0.1f), ("LeakyRelu", 0.2f, 0), ("ThresholdedRelu", 0.1f, 0), ("ScaledTanh", 0.8f, 1.2f),
            ("HardSigmoid", 0.3f, 0.4f), ("Elu", 0.9f, 0), ("Softsign", 0, 0), ("Softplus", 0, 0), ("Sigmoid", 0, 0),
        })
        {
            yield return ($"RNN of {function}", Node("RNN", [F(1, 3, 2, 5), F(3, 1, 4, 5), F(4, 1, 4, 4)], 1, ("clip", 1.5f),
                ("activations", new[] { function }), ("activation_alpha", new[] { alpha }), ("activation_beta", new[] { beta })));
        }
    }

    public static IEnumerable<object[]> Names => Cases().Select(c => new object[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Gradients_are_central_differences(string name)
    {
        Node node = Cases().Single(c => c.Name == name).Node;
        Tensor?[] inputs = [.. node.Inputs.Select(i => i?.Constant)];
        Tensor[] outputs = node.Run();
        Tensor[] weights = [.. outputs.Select((y, i) => TestGraph.RandomTensor(100 + i, y.Dims.ToArray()))];
        Tensor?[] gradients = Backward(node, inputs, outputs, weights, null);
        using WorkerPool pool = new(3);
        Tensor?[] parallel = Backward(node, inputs, outputs, weights, pool);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (gradients[i] is not { } gradient) continue;
            Assert.AreEqual(inputs[i]!.Shape, gradient.Shape);
            Assert.IsTrue(gradient.Bytes.Span.SequenceEqual(parallel[i]!.Bytes.Span), $"{name}, input {i}: bits depend on threads");
            double largest = gradient.Span<float>().ToArray().Max(MathF.Abs), scale = Math.Max(1, largest);
            Assert.IsGreaterThan(0, largest, $"{name}, input {i}: no gradient at all");
            for (int at = 0; at < gradient.Count; at += 1 + (gradient.Count / MostElements))
            {
                double expected = (Weighted(node, inputs, i, at, Step, weights) - Weighted(node, inputs, i, at, -Step, weights))
                    / (2 * Step);
                Assert.AreEqual(expected, gradient.Span<float>()[at], Tolerance * scale, $"{name}, input {i}, element {at}");
            }
        }
    }

    [TestMethod]
    public void Every_differentiable_operator_has_a_case()
    {
        HashSet<string> covered = [.. Cases().Select(c => c.Node.Type)];
        string[] missing = [.. Operator.Names.Where(n => Operator.Of(Node(n, [])) is IDifferentiable && !covered.Contains(n))];
        Assert.IsEmpty(missing, string.Join(", ", missing));
    }

    private static Tensor?[] Backward(Node node, Tensor?[] inputs, Tensor[] outputs, Tensor[] weights, WorkerPool? pool)
    {
        // Bounds, exponents and statistics count as constants.
        int differentiated = node.Type switch { "Clip" or "Pow" => 1, "BatchNormalization" => 3, "Resize" => 1, _ => int.MaxValue };
        bool[] wanted = [.. inputs.Select((t, i) => t?.Type == ElementType.Float32 && i < differentiated)];
        var context = new BackwardContext(node, inputs, outputs, weights, wanted) { Pool = pool };
        ((IDifferentiable)Operator.Of(node)).Backward(context);
        Assert.IsTrue(wanted.Select((w, i) => !w || context.Gradients[i] is not null).All(given => given), "a gradient is missing");
        return [.. context.Gradients.Select((g, i) => wanted[i] ? g : null)];
    }

    /// <summary>Σ weight · output in double precision, one element of an input moved by a step.</summary>
    private static double Weighted(Node node, Tensor?[] inputs, int input, int element, double step, Tensor[] weights)
    {
        Tensor?[] moved = [.. inputs.Select(t => t?.Type == ElementType.Float32 ? Casting.To(t, ElementType.Float64) : t)];
        moved[input]!.Span<double>()[element] += step;
        var context = new ForwardContext(node, moved);
        Operator.Of(node).Forward(context);
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            ReadOnlySpan<double> y = context.Outputs[i]!.Span<double>();
            for (int j = 0; j < y.Length; j++) sum += y[j] * weights[i].Span<float>()[j];
        }

        return sum;
    }

    private static Tensor F(int seed, params int[] dims) => TestGraph.RandomTensor(seed, dims);

    private static Tensor F(int seed, int rows, int columns, int depth, float scale)
    {
        Tensor tensor = F(seed, rows, columns, depth);
        foreach (ref float x in tensor.Span<float>()) x *= scale;
        return tensor;
    }

    private static Tensor Positive(int seed, params int[] dims)
    {
        Tensor tensor = F(seed, dims);
        foreach (ref float x in tensor.Span<float>()) x = (x * 0.4f) + 0.9f;
        return tensor;
    }

    private static long[] Longs(params long[] numbers) => numbers;
}
