using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>A file whose tensors have other shapes or types than the operators give is refused, whatever the operator.</summary>
[TestClass]
internal sealed class ShapeInferenceTests
{
    private static IEnumerable<Case> Pairs(TensorType type, TensorType result, params BuiltinOperator[] operators) =>
        operators.Select(op => new Case(op, null, [Of(type, 2, 1, 4), Of(type, 3, 1)], [Of(result, 2, 3, 4)]));

    private static readonly TestTensor Image = Floats(2, 4, 6, 8);
    private static readonly Pool2DOptions Pool = new(Padding.Valid, 2, 1, 3, 2, ActivationFunction.None);

    private static readonly Case[] Cases =
    [
        new(BuiltinOperator.Conv2D, new Conv2DOptions(Padding.Same, 2, 1, ActivationFunction.None),
            [Image, Floats(5, 3, 3, 8).AsConstant()], [Floats(2, 4, 3, 5)]),
        new(BuiltinOperator.DepthwiseConv2D, new DepthwiseConv2DOptions(Padding.Valid, 1, 2, 2, ActivationFunction.None),
            [Image, Floats(1, 3, 3, 16).AsConstant()], [Floats(2, 1, 4, 16)]),
        new(BuiltinOperator.FullyConnected, new FullyConnectedOptions(ActivationFunction.None), [Image, Floats(7, 16).AsConstant()],
            [Floats(24, 7)]),
        new(BuiltinOperator.FullyConnected, new FullyConnectedOptions(ActivationFunction.None, true), [Image, Floats(7, 8).AsConstant()],
            [Floats(2, 4, 6, 7)]),
        new(BuiltinOperator.MaxPool2D, Pool, [Image], [Floats(2, 3, 2, 8)]),
        new(BuiltinOperator.AveragePool2D, Pool, [Image], [Floats(2, 3, 2, 8)]),
        .. Arithmetic(BuiltinOperator.Add, BuiltinOperator.Sub, BuiltinOperator.Mul, BuiltinOperator.Div, BuiltinOperator.Minimum,
            BuiltinOperator.Maximum),
        new(BuiltinOperator.Pow, null, [Image, Floats(6, 1)], [Image]),
        new(BuiltinOperator.PRelu, null, [Image, Floats(8).AsConstant()], [Image]),
        new(BuiltinOperator.Concatenation, new ConcatenationOptions(-2, ActivationFunction.None), [Image, Floats(2, 4, 1, 8)],
            [Floats(2, 4, 7, 8)]),
        new(BuiltinOperator.Pack, new PackOptions(BuiltinOptionsType.Pack, 2, 1), [Floats(3, 4), Floats(3, 4)], [Floats(3, 2, 4)]),
        new(BuiltinOperator.Unpack, new PackOptions(BuiltinOptionsType.Unpack, 2, 1), [Floats(3, 2, 4)], [Floats(3, 4), Floats(3, 4)]),
        new(BuiltinOperator.Pad, null, [Floats(2, 3), Pairs(1, 0, 0, 2)], [Floats(3, 5)]),
        new(BuiltinOperator.PadV2, null, [Floats(2, 3), Pairs(1, 0, 0, 2), Floats().AsConstant()], [Floats(3, 5)]),
        new(BuiltinOperator.Tile, null, [Image, TestTensor.Ints(1, 2, 1, 3)], [Floats(2, 8, 6, 24)]),
        new(BuiltinOperator.Transpose, null, [Image, TestTensor.Ints(0, 3, 1, 2)], [Floats(2, 8, 4, 6)]),
        new(BuiltinOperator.BatchMatMul, new BatchMatMulOptions(true, false), [Floats(3, 1, 5, 4), Floats(2, 5, 6)], [Floats(3, 2, 4, 6)]),
        new(BuiltinOperator.Mean, new ReducerOptions(true), [Image, TestTensor.Ints(1, -2)], [Floats(2, 1, 1, 8)]),
        new(BuiltinOperator.Sum, new ReducerOptions(false), [Image, TestTensor.Ints(3, 0)], [Floats(4, 6)]),
        .. Unary(
            BuiltinOperator.Logistic, BuiltinOperator.Tanh, BuiltinOperator.HardSwish, BuiltinOperator.Relu, BuiltinOperator.Relu6,
            BuiltinOperator.ReluN1To1, BuiltinOperator.Relu0To1, BuiltinOperator.Neg, BuiltinOperator.Exp, BuiltinOperator.Log,
            BuiltinOperator.Sqrt, BuiltinOperator.Rsqrt, BuiltinOperator.Round, BuiltinOperator.Abs, BuiltinOperator.Elu,
            BuiltinOperator.Erf, BuiltinOperator.Floor, BuiltinOperator.Ceil, BuiltinOperator.Sign, BuiltinOperator.Sin,
            BuiltinOperator.Cos,
            BuiltinOperator.Gelu, BuiltinOperator.Sinh, BuiltinOperator.Asinh, BuiltinOperator.Acosh, BuiltinOperator.Atanh),
        new(BuiltinOperator.Atan2, null, [Image, Floats(6, 1)], [Image]),
        new(BuiltinOperator.LogicalNot, null, [Of(TensorType.Bool, 2, 3)], [Of(TensorType.Bool, 2, 3)]),
        .. Pairs(TensorType.Bool, TensorType.Bool, BuiltinOperator.LogicalAnd, BuiltinOperator.LogicalOr),
        .. Pairs(TensorType.Int32, TensorType.Int32, BuiltinOperator.FloorMod, BuiltinOperator.BitwiseAnd, BuiltinOperator.BitwiseOr,
            BuiltinOperator.BitwiseXor, BuiltinOperator.LeftShift, BuiltinOperator.RightShift),
        .. Pairs(TensorType.Int64, TensorType.Bool, BuiltinOperator.Equal, BuiltinOperator.NotEqual, BuiltinOperator.Greater,
            BuiltinOperator.GreaterEqual, BuiltinOperator.Less, BuiltinOperator.LessEqual),
        new(BuiltinOperator.SelectV2, null, [Of(TensorType.Bool, 2, 1), Of(TensorType.Int64, 3), Of(TensorType.Int64, 5, 1, 1)],
            [Of(TensorType.Int64, 5, 2, 3)]),
        new(BuiltinOperator.ArgMax, new ArgOptions(true, TensorType.Int64), [Image, TestTensor.Ints(1)], [Of(TensorType.Int64, 2, 6, 8)]),
        new(BuiltinOperator.ArgMin, new ArgOptions(false, TensorType.Int32), [Image, TestTensor.Ints(-1)], [Of(TensorType.Int32, 2, 4, 6)]),
        new(BuiltinOperator.TopKV2, new EmptyOptions(BuiltinOptionsType.TopKV2), [Image, TestTensor.Ints(3)],
            [Floats(2, 4, 6, 3), Of(TensorType.Int32, 2, 4, 6, 3)]),
        new(BuiltinOperator.Cumsum, new CumsumOptions(false, true), [Image, TestTensor.Ints(1)], [Image]),
        new(BuiltinOperator.OneHot, new OneHotOptions(-1),
            [Of(TensorType.Int32, 2, 3), TestTensor.Ints(4), Floats(1).AsConstant(), Floats(1).AsConstant()], [Floats(2, 3, 4)]),
        new(BuiltinOperator.ScatterNd, new EmptyOptions(BuiltinOptionsType.ScatterNd),
            [Of(TensorType.Int32, 3, 1), Floats(3, 4), TestTensor.Ints(5, 4)], [Floats(5, 4)]),
        new(BuiltinOperator.UnsortedSegmentMax, null, [Floats(3, 4), Of(TensorType.Int32, 3), TestTensor.Ints(5)], [Floats(5, 4)]),
        new(BuiltinOperator.ReduceMin, new ReducerOptions(false), [Image, TestTensor.Ints(1)], [Floats(2, 6, 8)]),
        new(BuiltinOperator.ReduceProd, new ReducerOptions(false), [Image, TestTensor.Ints(1)], [Floats(2, 6, 8)]),
        new(BuiltinOperator.ReduceAny, new ReducerOptions(true), [Of(TensorType.Bool, 2, 3), TestTensor.Ints(1)],
            [Of(TensorType.Bool, 2, 1)]),
        new(BuiltinOperator.ReduceAll, new ReducerOptions(true), [Of(TensorType.Bool, 2, 3), TestTensor.Ints(1)],
            [Of(TensorType.Bool, 2, 1)]),
        new(BuiltinOperator.ReduceMax, new ReducerOptions(false), [Image, TestTensor.Ints(1)], [Floats(2, 6, 8)]),
        new(BuiltinOperator.LeakyRelu, new LeakyReluOptions(0.1f), [Image], [Image]),
        new(BuiltinOperator.Softmax, new SoftmaxOptions(1), [Image], [Image]),
        new(BuiltinOperator.Slice, null, [Floats(4, 5), TestTensor.Ints(1, 2), TestTensor.Ints(2, -1)], [Floats(2, 3)]),
        new(BuiltinOperator.StridedSlice, new StridedSliceOptions(0, 0, 0, 0, 1),
            [Floats(4, 5, 6), TestTensor.Ints(1, 4, 0), TestTensor.Ints(2, 0, 6), TestTensor.Ints(1, -2, 4)], [Floats(2, 2)]),
        new(BuiltinOperator.Split, new SplitOptions(BuiltinOptionsType.Split, 2), [TestTensor.Ints(1), Floats(3, 4)],
            [Floats(3, 2), Floats(3, 2)]),
        new(BuiltinOperator.SplitV, new SplitOptions(BuiltinOptionsType.SplitV, 2),
            [Floats(3, 4), TestTensor.Ints(-1, 1), TestTensor.Ints(1)], [Floats(3, 3), Floats(3, 1)]),
        new(BuiltinOperator.Gather, new GatherOptions(1), [Floats(3, 4, 2), TestTensor.Ints(0, 3, 3)], [Floats(3, 3, 2)]),
        new(BuiltinOperator.Gather, new GatherOptions(1, 1), [Floats(3, 4, 2), Of(TensorType.Int32, 3, 5)], [Floats(3, 5, 2)]),
        new(BuiltinOperator.Cast, null, [Of(TensorType.UInt8, 3, 4)], [Floats(3, 4)], FreeType: true),
        new(BuiltinOperator.DepthToSpace, new BlockOptions(BuiltinOptionsType.DepthToSpace, 2), [Image], [Floats(2, 8, 12, 2)]),
        new(BuiltinOperator.SpaceToDepth, new BlockOptions(BuiltinOptionsType.SpaceToDepth, 2), [Image], [Floats(2, 2, 3, 32)]),
        new(BuiltinOperator.ResizeBilinear, new ResizeOptions(BuiltinOptionsType.ResizeBilinear, false, true),
            [Image, TestTensor.Ints(7, 9)], [Floats(2, 7, 9, 8)]),
        new(BuiltinOperator.ResizeNearestNeighbor, new ResizeOptions(BuiltinOptionsType.ResizeNearestNeighbor, false, true),
            [Image, TestTensor.Ints(7, 9)], [Floats(2, 7, 9, 8)]),
        new(BuiltinOperator.Quantize, null, [Image], [Of(TensorType.Int8, 2, 4, 6, 8) with { Scale = 0.1f }], FreeType: true),
        new(BuiltinOperator.Dequantize, null, [Of(TensorType.Int8, 2, 4, 6, 8) with { Scale = 0.1f }], [Image]),
        new(BuiltinOperator.RNN, Recurrent(2), [Floats(2, 7, 3), Floats(2, 4, 3), Floats(2, 4, 4)], [Floats(2, 7, 2, 4), Floats(2, 2, 4)]),
        new(BuiltinOperator.GRU, Recurrent(4), [Floats(2, 7, 3), Floats(2, 12, 3), Floats(2, 12, 4)],
            [Floats(2, 7, 2, 4), Floats(2, 2, 4)]),
        new(BuiltinOperator.LSTM, Recurrent(6), [Floats(2, 7, 3), Floats(2, 16, 3), Floats(2, 16, 4)],
            [Floats(2, 7, 2, 4), Floats(2, 2, 4), Floats(2, 2, 4)]),
        new(BuiltinOperator.UnidirectionalSequenceLstm, new SequenceLstmOptions(ActivationFunction.Tanh, 0, 0, false),
            [Floats(2, 7, 3), .. Enumerable.Repeat(Constants(6, 3), 4), .. Enumerable.Repeat(Constants(6, 5), 4),
                .. Enumerable.Repeat(Constants(6), 7), Constants(5, 6), Constants(5), Floats(2, 5), Floats(2, 6),
                .. Enumerable.Repeat(Constants(6), 4)],
            [Floats(2, 7, 5)]),
        new(BuiltinOperator.Reshape, new VectorOptions(BuiltinOptionsType.Reshape, [3, -1]), [Floats(2, 6)], [Floats(3, 4)]),
        new(BuiltinOperator.Reshape, null, [Floats(2, 6), TestTensor.Ints(4, 3)], [Floats(4, 3)]),
        new(BuiltinOperator.Squeeze, new VectorOptions(BuiltinOptionsType.Squeeze, [-2]), [Floats(1, 1, 3)], [Floats(1, 3)]),
        new(BuiltinOperator.Squeeze, null, [Floats(1, 3, 1)], [Floats(3)]),
        new(BuiltinOperator.ExpandDims, null, [Floats(2, 3), TestTensor.Ints(-1)], [Floats(2, 3, 1)]),
        new(BuiltinOperator.Shape, null, [Image], [Of(TensorType.Int64, 4)], FreeType: true),
        new(BuiltinOperator.Fill, null, [TestTensor.Ints(2, 3), Floats()], [Floats(2, 3)]),
        new(BuiltinOperator.BroadcastTo, null, [Floats(3, 1), TestTensor.Ints(2, 3, 4)], [Floats(2, 3, 4)]),
        new(BuiltinOperator.Range, null, [TestTensor.Ints(1), TestTensor.Ints(6), TestTensor.Ints(2)], [Of(TensorType.Int32, 3)]),
        new(BuiltinOperator.NonMaxSuppression, new NonMaxSuppressionOptions(false, 3), [Floats(2, 5, 4), Floats(2, 4, 5)],
            [Of(TensorType.Int64, 24, 3)]),
        new(BuiltinOperator.DetectionPostProcess, new DetectionOptions(3, 4, 2, 2, true, 0, 0.5f, (1, 1, 1, 1)),
            [Floats(1, 5, 7), Floats(1, 5, 6), Floats(5, 4)], [Floats(1, 6, 4), Floats(1, 6), Floats(1, 6), Floats(1)]),
        new(BuiltinOperator.Unique, new UniqueOptions(false), [Floats(5, 2)],
            [Of(TensorType.Int64, 5), Of(TensorType.Int64, 5), Of(TensorType.Int64, 5)]),
        new(BuiltinOperator.RandomUniform, new RandomOptions(1, 1), [TestTensor.Ints(2, 3)], [Floats(2, 3)]),
        new(BuiltinOperator.RandomStandardNormal, new RandomOptions(1, 1), [TestTensor.Ints(2, 3)], [Floats(2, 3)]),
        new(BuiltinOperator.Where, null, [TestTensor.Ints(0, 7, 1)], [Of(TensorType.Int64, 2, 1)]),
    ];

    private static TestTensor Constants(params int[] shape) => Floats(shape).AsConstant();

    private static RecurrentOptions Recurrent(int activations) => new(
        RecurrentDirection.Bidirectional, 0, false, false,
        [.. Enumerable.Repeat(new GateActivation(GateFunction.Tanh, 0, 0), activations)]);

    [TestMethod]
    public void Every_supported_operator_is_a_case()
    {
        // Those that run subgraphs have tests of their own.
        BuiltinOperator[] missing = [.. Enum.GetValues<BuiltinOperator>().Where(op => OperatorKernels.Find(op) is not null
            && op is not (BuiltinOperator.If or BuiltinOperator.While) && !Array.Exists(Cases, c => c.Operator == op))];
        Assert.IsEmpty(missing, string.Join(", ", missing));
    }

    [TestMethod]
    public void What_the_inputs_give_is_loaded()
    {
        foreach (Case c in Cases)
            TfliteModel.Load(c.Build(c.Outputs)).Dispose();
    }

    [TestMethod]
    public void Any_other_shape_is_refused()
    {
        foreach (Case c in Cases)
        {
            for (int i = 0; i < c.Outputs.Length; i++)
            {
                int[] shape = c.Outputs[i].Shape;
                for (int axis = 0; axis < shape.Length; axis++)
                {
                    foreach (int size in (int[])[0, shape[axis] - 1, shape[axis] + 1, 1, 1000])
                    {
                        if (size != shape[axis])
                            Refused(c, i, c.Outputs[i] with { Shape = [.. shape[..axis], size, .. shape[(axis + 1)..]] });
                    }
                }

                // As many elements in other dimensions.
                Refused(c, i, c.Outputs[i] with { Shape = [1, .. shape] });
                if (shape.Length > 0 && shape[0] != shape[^1])
                    Refused(c, i, c.Outputs[i] with { Shape = [shape[^1], .. shape[1..^1], shape[0]] });
            }
        }
    }

    [TestMethod]
    public void Any_other_type_is_refused()
    {
        foreach (Case c in Cases)
        {
            for (int i = 0; i < c.Outputs.Length && !c.FreeType; i++)
            {
                foreach (TensorType type in (TensorType[])[TensorType.Float32, TensorType.Float16, TensorType.Int8, TensorType.Int64,
                    TensorType.Float64])
                {
                    if (type != c.Outputs[i].Type)
                        Refused(c, i, c.Outputs[i] with { Type = type });
                }
            }
        }
    }

    [TestMethod]
    public void The_number_of_outputs_counts()
    {
        var c = Array.Find(Cases, c => c.Operator == BuiltinOperator.Relu)!;
        var e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(c.Build([Image, Image])));
        StringAssert.Contains(e.Message, "it has 1 outputs, not 2");
    }

    /// <summary>Nodes that the plan would have replaced before their own checks.</summary>
    [TestMethod]
    [DataRow(3, 1500, 1500, 1, 1, 3)]
    [DataRow(3, 1, 1, 1500, 1500, 3)]
    public void An_output_smaller_or_larger_than_the_input_is_refused_before_nodes_are_folded(
        int channels, int height, int width, int outputHeight, int outputWidth, int outputChannels)
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [1, channels, height, width]);
        int q = m.Tensor("q", TensorType.Int8, [1, channels, height, width], 0.1f);
        int y = m.Tensor("y", TensorType.Int8, [1, outputHeight, outputWidth, outputChannels], 0.1f);
        m.Operator(BuiltinOperator.Quantize, [x], [q]);
        m.Operator(BuiltinOperator.Transpose, [q, m.Constant("p", TensorType.Int32, [4], new[] { 0, 2, 3, 1 })], [y]);
        AssertNames(m.Build([x], [y]), "TRANSPOSE", "'y'");

        m = new TestModel();
        x = m.Tensor("x", TensorType.UInt8, [1, height, width, channels]);
        int f = m.Tensor("f", TensorType.Float32, [1, height, width, channels]),
            g = m.Tensor("g", TensorType.Float32, [1, height, width, channels]);
        y = m.Tensor("y", TensorType.Int8, [1, outputHeight, outputWidth, outputChannels], 0.1f);
        m.Operator(BuiltinOperator.Cast, [x], [f]);
        m.Operator(
            BuiltinOperator.Mul, [f, m.Constant("c", TensorType.Float32, [3], new[] { 1f, 2, 3 })], [g],
            new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
        m.Operator(BuiltinOperator.Quantize, [g], [y]);
        AssertNames(m.Build([x], [y]), "QUANTIZE", "'y'");
    }

    [TestMethod]
    public void A_shape_that_is_computed_from_a_shape_is_known()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [2, 3, 4]), sizes = m.Tensor("sizes", TensorType.Int32, [3]);
        int last = m.Tensor("last", TensorType.Int32, [1]), shape = m.Tensor("shape", TensorType.Int32, [2]);
        int y = m.Tensor("y", TensorType.Float32, [6, 4]);
        m.Operator(BuiltinOperator.Shape, [x], [sizes]);
        m.Operator(BuiltinOperator.Gather, [sizes, m.Constant("2", TensorType.Int32, [1], new[] { 2 })], [last], new GatherOptions(0));
        m.Operator(
            BuiltinOperator.Concatenation, [m.Constant("-1", TensorType.Int32, [1], new[] { -1 }), last], [shape],
            new ConcatenationOptions(0, ActivationFunction.None));
        m.Operator(BuiltinOperator.Reshape, [x, shape], [y]);
        TfliteModel.Load(m.Build([x], [y])).Dispose();
    }

    private static void Refused(Case c, int index, TestTensor claimed)
    {
        TestTensor[] outputs = [.. c.Outputs];
        outputs[index] = claimed;
        AssertNames(c.Build(outputs), c.Operator.TfliteName(), $"'output{index}'");
    }

    private static void AssertNames(byte[] file, string op, string tensor)
    {
        var e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file).Dispose());
        StringAssert.Contains(e.Message, op);
        StringAssert.Contains(e.Message, $"tensor {tensor} is");
    }

    private static IEnumerable<Case> Arithmetic(params BuiltinOperator[] operators) =>
        operators.Select(op => new Case(op, null, [Floats(3, 1, 4), Floats(2, 1)], [Floats(3, 2, 4)]));

    private static IEnumerable<Case> Unary(params BuiltinOperator[] operators) =>
        operators.Select(op => new Case(op, null, [Image], [Image]));

    private static TestTensor Floats(params int[] shape) => Of(TensorType.Float32, shape);

    private static TestTensor Of(TensorType type, params int[] shape) => TestTensor.Random(new Random(1), type, shape);

    private static TestTensor Pairs(params int[] values) =>
        new(TensorType.Int32, [values.Length / 2, 2], values, IsConstant: true);

    private sealed record Case(
        BuiltinOperator Operator, IOperatorOptions? Options, TestTensor[] Inputs, TestTensor[] Outputs, bool FreeType = false)
    {
        public byte[] Build(TestTensor[] outputs) => OperatorTesting.Build(Operator, Options, Inputs, outputs);
    }
}
