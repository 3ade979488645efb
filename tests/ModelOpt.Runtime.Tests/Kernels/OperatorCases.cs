namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>
/// An operator whose inputs have samples along their first dimension; those that are the same for all samples are constants.
/// </summary>
/// <param name="Inputs">Its inputs, of a number of samples.</param>
/// <param name="Result">What the outputs store; null for the type and grid of the first input that is no constant.</param>
internal sealed record OperatorCase(
    BuiltinOperator Operator, IOperatorOptions? Options, Func<int, TestTensor[]> Inputs, int Outputs = 1, TestTensor? Result = null)
{
    public override string ToString() =>
        $"{Operator} {Options} of {string.Join(", ", Inputs(1).Select(t => $"[{string.Join(", ", t.Shape)}]"))}";
}

/// <summary>
/// Every operator of the runtime, of float32 and of 8 bits where it computes them, and along the samples where it has an axis.
/// </summary>
internal static class OperatorCases
{
    private static readonly Pool2DOptions Pool = new(Padding.Valid, 2, 1, 3, 2, ActivationFunction.None);

    public static OperatorCase[] All { get; } =
    [
        .. Both(Layers), .. Both(Elements), .. Both(Movers), .. Both(Joiners), .. Both(Cutters), .. Both(Reductions),
        .. Plain(TensorType.Float32, BuiltinOperator.Atan2, BuiltinOperator.FloorMod),
        .. Plain(TensorType.Int32, BuiltinOperator.FloorMod, BuiltinOperator.BitwiseAnd, BuiltinOperator.BitwiseOr,
            BuiltinOperator.BitwiseXor),
        new(BuiltinOperator.LeftShift, null, n => [Of(TensorType.Int32, n, 3, 4), Indices(n, 4)]),
        new(BuiltinOperator.RightShift, null, n => [Of(TensorType.Int32, n, 3, 4), Indices(n, 3, 4)]),
        .. Plain(TensorType.Bool, BuiltinOperator.LogicalAnd, BuiltinOperator.LogicalOr),
        .. Plain(TensorType.Int64, BuiltinOperator.Equal, BuiltinOperator.NotEqual, BuiltinOperator.Greater, BuiltinOperator.GreaterEqual,
            BuiltinOperator.Less, BuiltinOperator.LessEqual)
            .Select(c => c with { Result = OperatorTesting.Output(TensorType.Bool, []) }),
        new(BuiltinOperator.LogicalNot, null, n => [Of(TensorType.Bool, n, 5)]),
        new(BuiltinOperator.SelectV2, null, n => [Of(TensorType.Bool, n, 1), Of(TensorType.Int32, n, 3), Other(TensorType.Int32, n, 3)],
            Result: OperatorTesting.Output(TensorType.Int32, [])),
        new(BuiltinOperator.SelectV2, null, n => [Of(TensorType.Bool, n, 3, 4), Of(TensorType.Int64, n, 4), Constant(TensorType.Int64, 4)],
            Result: OperatorTesting.Output(TensorType.Int64, [])),
        new(BuiltinOperator.Pow, null, n => [Of(TensorType.Float32, n, 2, 3), Other(TensorType.Float32, n, 2, 3)]),
        new(BuiltinOperator.Pow, null, n => [Of(TensorType.Float32, n, 3, 4), Of(TensorType.Float32, n, 4)]),
        .. Recurrent(),
        new(BuiltinOperator.UnidirectionalSequenceLstm, new SequenceLstmOptions(ActivationFunction.Tanh, 1, 1, false), Sequence),
        new(BuiltinOperator.UnidirectionalSequenceLstm, new SequenceLstmOptions(ActivationFunction.Tanh, 1, 1, true),
            n => [Of(TensorType.Float32, n, 3, 4), .. Sequence(3)[1..18], Constant(TensorType.Float32, 3, 5),
                Constant(TensorType.Float32, 3, 6),
                .. Sequence(3)[20..]]),
        new(BuiltinOperator.Cast, null, n => [Of(TensorType.Int32, n, 4)], Result: OperatorTesting.Output(TensorType.Float32, [])),
        new(BuiltinOperator.Shape, null, n => [Of(TensorType.Float32, n)], Result: OperatorTesting.Output(TensorType.Int32, [])),
        new(BuiltinOperator.Fill, null, n => [TestTensor.Ints(1, 4), Of(TensorType.Float32, n)]),
        new(BuiltinOperator.BroadcastTo, null, n => [Of(TensorType.Float32, n, 1), TestTensor.Ints(1, 4)]),
        new(BuiltinOperator.Range, null, n => [TestTensor.Ints(5), TestTensor.Ints(6), TestTensor.Ints(1)],
            Result: OperatorTesting.Output(TensorType.Int32, [])),
        new(BuiltinOperator.NonMaxSuppression, new NonMaxSuppressionOptions(false, 1),
            n => [Of(TensorType.Float32, n, 5, 4), Of(TensorType.Float32, n, 1, 5)], Result: OperatorTesting.Output(TensorType.Int64, [])),
        new(BuiltinOperator.DetectionPostProcess, new DetectionOptions(3, 2, 1, 2, true, 0, 0.5f, (1, 1, 1, 1)),
            n => [Constant(TensorType.Float32, 1, 5, 4), new TestTensor(TensorType.Float32, [n, 5, 2], new float[n * 10]),
                Constant(TensorType.Float32, 5, 4)], 4),
        new(BuiltinOperator.Unique, new UniqueOptions(true), n => [Of(TensorType.Int64, n, 2)], 3),
        new(BuiltinOperator.RandomUniform, new RandomOptions(1, 2), n => [TestTensor.Ints(1, 4)],
            Result: OperatorTesting.Output(TensorType.Float32, [])),
        new(BuiltinOperator.RandomStandardNormal, new RandomOptions(1, 2), n => [TestTensor.Ints(1, 4)],
            Result: OperatorTesting.Output(TensorType.Float32, [])),
        new(BuiltinOperator.Where, null, n => [TestTensor.Ints(0, 7)], Result: OperatorTesting.Output(TensorType.Int64, [])),
        new(BuiltinOperator.Quantize, null, n => [Of(TensorType.Float32, n, 9)],
            Result: OperatorTesting.Output(TensorType.Int8, [], 0.05f, 3)),
        new(BuiltinOperator.Dequantize, null, n => [Of(TensorType.Int8, n, 9)], Result: OperatorTesting.Output(TensorType.Float32, [])),
    ];

    private static IEnumerable<OperatorCase> Recurrent()
    {
        const TensorType type = TensorType.Float32;
        GateActivation[] gates = [.. Enumerable.Repeat(new GateActivation(GateFunction.Sigmoid, 0, 0), 6)];
        foreach ((BuiltinOperator op, int count, int activations, int outputs) in ((BuiltinOperator, int, int, int)[])[
            (BuiltinOperator.RNN, 1, 1, 2), (BuiltinOperator.GRU, 3, 2, 2), (BuiltinOperator.LSTM, 4, 3, 3)])
        {
            var forward = new RecurrentOptions(RecurrentDirection.Forward, 0, false, false, gates[..activations]);
            var both = new RecurrentOptions(RecurrentDirection.Bidirectional, 1, true, true, gates[..(2 * activations)]);
            yield return new(op, forward, n => [Of(type, n, 3, 4), Weights(type, 1, count * 5, 4), Weights(type, 1, count * 5, 5)],
                outputs);
            yield return new(
                op, both, n => [Of(type, n, 1, 4), Weights(type, 2, count * 5, 4), Weights(type, 2, count * 5, 5),
                    Weights(type, 2, count * 10), Indices(n), Of(type, n, 2, 5)], outputs);
            yield return new(
                op, forward,
                n => [Of(type, n, 3, 4), Weights(TensorType.Int8, 1, count * 5, 4), Weights(TensorType.Int8, 1, count * 5, 5)], outputs);
            yield return new(op, forward, n => [Constant(type, 1, 3, 4), Of(type, n, count * 5, 4), Weights(type, 1, count * 5, 5)],
                outputs);
        }
    }

    private static TestTensor[] Sequence(int n)
    {
        const TensorType type = TensorType.Float32;
        TestTensor[] gates = [.. Enumerable.Repeat(Constant(type, 6), 4)];
        return
        [
            Of(type, n, 3, 4), .. Enumerable.Repeat(Constant(type, 6, 4), 4), .. Enumerable.Repeat(Constant(type, 6, 5), 4), .. gates[..3],
            .. gates, Constant(type, 5, 6), Constant(type, 5), Of(type, n, 5), Of(type, n, 6), .. gates,
        ];
    }

    private static IEnumerable<OperatorCase> Both(Func<TensorType, IEnumerable<OperatorCase>> cases) =>
        [.. cases(TensorType.Float32), .. cases(TensorType.Int8)];

    private static IEnumerable<OperatorCase> Plain(TensorType type, params BuiltinOperator[] operators) => operators.SelectMany(
        op => (OperatorCase[])
        [
            new(op, null, n => [Of(type, n, 3, 4), Other(type, n, 3, 4)]),
            new(op, null, n => [Of(type, n, 3, 4), Of(type, n, 4)]),
        ]);

    private static IEnumerable<OperatorCase> Layers(TensorType type)
    {
        yield return new(BuiltinOperator.Conv2D, new Conv2DOptions(Padding.Valid, 1, 1, ActivationFunction.None),
            n => [Of(type, n, 5, 6, 4), Weights(type, 3, 2, 3, 4)]);
        yield return new(BuiltinOperator.DepthwiseConv2D, new DepthwiseConv2DOptions(Padding.Valid, 1, 1, 1, ActivationFunction.None),
            n => [Of(type, n, 5, 6, 4), Weights(type, 1, 2, 3, 4)]);
        yield return new(BuiltinOperator.FullyConnected, new FullyConnectedOptions(ActivationFunction.None),
            n => [Of(type, n, 2, 3), Weights(type, 5, 6)]);
        yield return new(BuiltinOperator.MaxPool2D, Pool, n => [Of(type, n, 5, 6, 4)]);
        yield return new(BuiltinOperator.AveragePool2D, Pool, n => [Of(type, n, 5, 6, 4)]);
        yield return new(BuiltinOperator.BatchMatMul, new BatchMatMulOptions(false, false), n => [Of(type, n, 3, 4), Of(type, n, 4, 2)]);
        yield return new(BuiltinOperator.BatchMatMul, new BatchMatMulOptions(false, false), n => [Of(type, n, 4), Constant(type, 4, 2)]);
        yield return new(BuiltinOperator.BatchMatMul, new BatchMatMulOptions(true, false), n => [Of(type, n, 1), Constant(type, n, 2)]);
        yield return new(BuiltinOperator.BatchMatMul, new BatchMatMulOptions(false, false), n => [Of(type, n, 3, n), Of(type, n, 4)]);
    }

    private static IEnumerable<OperatorCase> Elements(TensorType type)
    {
        BuiltinOperator[] unary =
        [
            BuiltinOperator.Logistic, BuiltinOperator.Tanh, BuiltinOperator.HardSwish, BuiltinOperator.Relu, BuiltinOperator.Relu6,
            BuiltinOperator.ReluN1To1, BuiltinOperator.Relu0To1, BuiltinOperator.Neg, BuiltinOperator.Exp, BuiltinOperator.Log,
            BuiltinOperator.Sqrt, BuiltinOperator.Rsqrt, BuiltinOperator.Round, BuiltinOperator.Abs, BuiltinOperator.Elu,
            BuiltinOperator.Erf, BuiltinOperator.Floor, BuiltinOperator.Ceil, BuiltinOperator.Sign, BuiltinOperator.Sin,
            BuiltinOperator.Cos,
            BuiltinOperator.Gelu, BuiltinOperator.Sinh, BuiltinOperator.Asinh, BuiltinOperator.Acosh, BuiltinOperator.Atanh,
        ];
        foreach (BuiltinOperator op in unary)
            yield return new(op, null, n => [Of(type, n, 7)]);
        yield return new(BuiltinOperator.LeakyRelu, new LeakyReluOptions(0.1f), n => [Of(type, n, 7)]);
        BuiltinOperator[] binary =
        [
            BuiltinOperator.Add, BuiltinOperator.Sub, BuiltinOperator.Mul, BuiltinOperator.Div, BuiltinOperator.Minimum,
            BuiltinOperator.Maximum,
        ];
        foreach (BuiltinOperator op in binary)
        {
            yield return new(op, null, n => [Of(type, n, 3, 4), Other(type, n, 3, 4)]);
            yield return new(op, null, n => [Constant(type, 4), Of(type, n, 3, 4)]);
            yield return new(op, null, n => [Of(type, n, 3, 4), Of(type, n, 4)]);
        }

        yield return new(BuiltinOperator.PRelu, null, n => [Of(type, n, 3, 4), Constant(type, 4)]);
        yield return new(BuiltinOperator.PRelu, null, n => [Of(type, n, 3, 4), Of(type, n, 4)]);
    }

    private static IEnumerable<OperatorCase> Movers(TensorType type)
    {
        yield return new(BuiltinOperator.Reshape, new VectorOptions(BuiltinOptionsType.Reshape, [-1, 2, 3]), n => [Of(type, n, 6)]);
        yield return new(BuiltinOperator.Squeeze, new VectorOptions(BuiltinOptionsType.Squeeze, [1]), n => [Of(type, n, 1, 4)]);
        yield return new(BuiltinOperator.Squeeze, new VectorOptions(BuiltinOptionsType.Squeeze, [0]), n => [Of(type, n, 1, 4)]);
        yield return new(BuiltinOperator.ExpandDims, null, n => [Of(type, n, 4), TestTensor.Ints(1)]);
        yield return new(BuiltinOperator.ExpandDims, null, n => [Of(type, n, 4), TestTensor.Ints(-3)]);
        yield return new(BuiltinOperator.Tile, null, n => [Of(type, n, 4), TestTensor.Ints(1, 2)]);
        yield return new(BuiltinOperator.Tile, null, n => [Of(type, n, 1, 4), TestTensor.Ints(1, 3, 2)]);
        yield return new(BuiltinOperator.Transpose, null, n => [Of(type, n, 1, 4), TestTensor.Ints(0, 2, 1)]);
        yield return new(BuiltinOperator.Transpose, null, n => [Of(type, n, 1, 4), TestTensor.Ints(1, 0, 2)]);
        yield return new(BuiltinOperator.DepthToSpace, new BlockOptions(BuiltinOptionsType.DepthToSpace, 2), n => [Of(type, n, 2, 3, 8)]);
        yield return new(BuiltinOperator.SpaceToDepth, new BlockOptions(BuiltinOptionsType.SpaceToDepth, 2), n => [Of(type, n, 2, 4, 3)]);
        yield return new(BuiltinOperator.ResizeBilinear, new ResizeOptions(BuiltinOptionsType.ResizeBilinear, false, true),
            n => [Of(type, n, 2, 3, 4), TestTensor.Ints(4, 5)]);
        yield return new(BuiltinOperator.ResizeNearestNeighbor, new ResizeOptions(BuiltinOptionsType.ResizeNearestNeighbor, false, false),
            n => [Of(type, n, 2, 3, 4), TestTensor.Ints(4, 5)]);
        TestTensor pads = TestTensor.Ints(0, 0, 1, 2) with { Shape = [2, 2] };
        yield return new(BuiltinOperator.Pad, null, n => [Of(type, n, 4), pads]);
        yield return new(BuiltinOperator.PadV2, null, n => [Of(type, n, 4), pads, Constant(type)]);
    }

    private static IEnumerable<OperatorCase> Joiners(TensorType type)
    {
        yield return new(BuiltinOperator.Concatenation, new ConcatenationOptions(-1, ActivationFunction.None),
            n => [Of(type, n, 3), Of(type, n, 2)]);
        yield return new(BuiltinOperator.Pack, new PackOptions(BuiltinOptionsType.Pack, 2, 1), n => [Of(type, n, 4), Other(type, n, 4)]);
        yield return new(BuiltinOperator.Pack, new PackOptions(BuiltinOptionsType.Pack, 1, -3), n => [Of(type, n, 4)]);
    }

    private static IEnumerable<OperatorCase> Cutters(TensorType type)
    {
        yield return new(BuiltinOperator.Unpack, new PackOptions(BuiltinOptionsType.Unpack, 2, 1), n => [Of(type, n, 2, 4)], 2);
        yield return new(BuiltinOperator.Unpack, new PackOptions(BuiltinOptionsType.Unpack, 1, 0), n => [Of(type, n, 1, 4)]);
        yield return new(BuiltinOperator.Slice, null, n => [Of(type, n, 4), TestTensor.Ints(0, 1), TestTensor.Ints(-1, 2)]);
        yield return Strided(type, new StridedSliceOptions(1, 1, 0, 0, 0), [0, 1], [0, 4], [1, 2]);
        yield return Strided(type, new StridedSliceOptions(0, 1, 0, 0, 0), [0, 1], [0, 4], [1, 2]);
        yield return Strided(type, new StridedSliceOptions(0, 0, 0, 0, 0), [], [], []);
        yield return Strided(type, new StridedSliceOptions(0, 1, 0, 0, 0), [-1], [0], [1]);
        yield return Strided(type, new StridedSliceOptions(1, 1, 0, 0, 0), [0], [0], [-1]);
        yield return Strided(type, new StridedSliceOptions(0, 0, 0, 0, 1), [0], [1], [1]);
        yield return new(BuiltinOperator.Split, new SplitOptions(BuiltinOptionsType.Split, 2), n => [TestTensor.Ints(1), Of(type, n, 4)],
            2);
        yield return new(
            BuiltinOperator.SplitV, new SplitOptions(BuiltinOptionsType.SplitV, 2),
            n => [Of(type, n, 4), TestTensor.Ints(-1, 1), TestTensor.Ints(-1)], 2);
        yield return new(BuiltinOperator.Gather, new GatherOptions(1), n => [Of(type, n, 3, 2), TestTensor.Ints(0, 2, 2)]);
        yield return new(BuiltinOperator.Gather, new GatherOptions(0), n => [Of(type, n, 3), TestTensor.Ints(0)]);
        yield return new(
            BuiltinOperator.Gather, new GatherOptions(0), n => [Constant(type, 5, 3), Indices(n, 2)], Result: Of(type, 1));
        yield return new(
            BuiltinOperator.Gather, new GatherOptions(1), n => [Constant(type, 1, 5), Indices(n, 2)], Result: Of(type, 1));
        yield return new(BuiltinOperator.Gather, new GatherOptions(1), n => [Of(type, n, 5), Indices(n, 2)]);
        yield return new(BuiltinOperator.Gather, new GatherOptions(1, 1), n => [Of(type, n, 5), Indices(n, 2)]);
    }

    private static IEnumerable<OperatorCase> Reductions(TensorType type)
    {
        foreach (BuiltinOperator op in (BuiltinOperator[])[
            BuiltinOperator.Mean, BuiltinOperator.Sum, BuiltinOperator.ReduceMax, BuiltinOperator.ReduceMin])
        {
            yield return new(op, new ReducerOptions(false), n => [Of(type, n, 3, 4), TestTensor.Ints(1)]);
            yield return new(op, new ReducerOptions(true), n => [Of(type, n, 3, 4), TestTensor.Ints(-3)]);
        }

        yield return new(
            BuiltinOperator.ReduceProd, new ReducerOptions(false), n => [Of(TensorType.Float32, n, 3, 4), TestTensor.Ints(1)]);
        yield return new(
            BuiltinOperator.ReduceAny, new ReducerOptions(false), n => [Of(TensorType.Bool, n, 3, 4), TestTensor.Ints(1)]);
        yield return new(
            BuiltinOperator.ReduceAll, new ReducerOptions(true), n => [Of(TensorType.Bool, n, 3, 4), TestTensor.Ints(1)]);
        foreach (int axis in (int[])[1, 2])
        {
            yield return new(BuiltinOperator.ArgMax, new ArgOptions(true, TensorType.Int64),
                n => [Of(type, n, 3, 4), TestTensor.Ints(axis)],
                Result: OperatorTesting.Output(TensorType.Int64, []));
            yield return new(BuiltinOperator.ArgMin, new ArgOptions(false, TensorType.Int32),
                n => [Of(type, n, 3, 4), TestTensor.Ints(axis)],
                Result: OperatorTesting.Output(TensorType.Int32, []));
            yield return new(BuiltinOperator.Cumsum, new CumsumOptions(true, false),
                n => [Of(TensorType.Float32, n, 3, 4), TestTensor.Ints(axis)]);
            yield return new(BuiltinOperator.OneHot, new OneHotOptions(axis),
                n => [Indices(n, 4), TestTensor.Ints(3), Constant(TensorType.Float32, 1), Constant(TensorType.Float32, 1)],
                Result: OperatorTesting.Output(TensorType.Float32, []));
        }

        // Positions are int32, so that both outputs are where the numbers are.
        yield return new(BuiltinOperator.TopKV2, new EmptyOptions(BuiltinOptionsType.TopKV2),
            n => [Of(TensorType.Int32, n, 3, 4), TestTensor.Ints(2)], 2);
        yield return new(BuiltinOperator.ScatterNd, new EmptyOptions(BuiltinOptionsType.ScatterNd),
            n => [new TestTensor(TensorType.Int32, [n, 1], new int[n]), Of(TensorType.Float32, n, 4), TestTensor.Ints(1, 4)],
            Result: OperatorTesting.Output(TensorType.Float32, []));
        yield return new(BuiltinOperator.UnsortedSegmentMax, null,
            n => [Of(TensorType.Float32, n, 4), new TestTensor(TensorType.Int32, [n], new int[n]), TestTensor.Ints(1)],
            Result: OperatorTesting.Output(TensorType.Float32, []));
        yield return new(BuiltinOperator.Softmax, new SoftmaxOptions(1), n => [Of(type, n, 4)]);
        yield return new(BuiltinOperator.Softmax, new SoftmaxOptions(1), n => [Of(type, n)]);
    }

    private static OperatorCase Strided(TensorType type, StridedSliceOptions options, int[] begin, int[] end, int[] step) => new(
        BuiltinOperator.StridedSlice, options,
        n => [Of(type, n, 1, 4), TestTensor.Ints(begin), TestTensor.Ints(end), TestTensor.Ints(step)]);

    private static TestTensor Of(TensorType type, params int[] shape) => Random(5, type, shape);

    private static TestTensor Other(TensorType type, params int[] shape) => Random(6, type, shape);

    private static TestTensor Random(int seed, TensorType type, int[] shape) =>
        TestTensor.Random(new Random(seed), type, shape, type == TensorType.Int8 ? 0.03f : 0, type == TensorType.Int8 ? 4 : 0);

    private static TestTensor Constant(TensorType type, params int[] shape) => Of(type, shape).AsConstant();

    private static TestTensor Weights(TensorType type, params int[] shape) => Constant(type, shape) with { ZeroPoint = 0 };

    private static TestTensor Indices(params int[] shape)
    {
        TestTensor x = TestTensor.Random(new Random(5), TensorType.Int32, shape);
        return x with { Values = Array.ConvertAll((int[])x.Values, value => ((value % 5) + 5) % 5) };
    }
}
