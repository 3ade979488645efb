namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class ArithmeticOperatorTests
{
    private static BuiltinOperator[] Operators =>
        [BuiltinOperator.Add, BuiltinOperator.Sub, BuiltinOperator.Mul, BuiltinOperator.Div, BuiltinOperator.Minimum,
            BuiltinOperator.Maximum];

    [TestMethod]
    [DataRow(nameof(TensorType.Float32))]
    [DataRow(nameof(TensorType.Int32))]
    [DataRow(nameof(TensorType.Int64))]
    [DataRow(nameof(TensorType.Int8))]
    [DataRow(nameof(TensorType.UInt8))]
    public void Agrees_with_the_formula_in_double(string typeName)
    {
        var type = Enum.Parse<TensorType>(typeName);
        var random = new Random(31);
        bool quantized = type is TensorType.Int8 or TensorType.UInt8;
        int shift = type == TensorType.UInt8 ? 128 : 0;
        foreach (BuiltinOperator op in Operators)
        {
            foreach ((int[] left, int[] right, int[] output) in BroadcastReference.Shapes)
            {
                TestTensor a = TestTensor.Random(random, type, left, quantized ? 0.021f : 0, quantized ? 7 + shift : 0);
                TestTensor b = TestTensor.Random(
                    random, type, right, quantized ? 0.013f : 0, quantized ? -30 + shift : 0);
                if (op == BuiltinOperator.Div)
                    b = WithoutZeros(b);
                TestTensor y = Run(
                    op, Options(op), [a, b],
                    Output(type, output, quantized ? 0.047f : 0, quantized ? shift - 5 : 0))[0];
                double[] x = a.Real(), z = b.Real();
                double[] expected = [.. BroadcastReference.Indices(left, right, output).Select(i => Apply(op, x[i.Left], z[i.Right]))];
                if (type is TensorType.Int32 or TensorType.Int64)
                    expected = [.. expected.Select(Math.Truncate)];
                AssertClose(expected, y);
            }
        }
    }

    [TestMethod]
    public void Fused_activations_clamp()
    {
        var random = new Random(32);
        foreach (ActivationFunction activation in (ActivationFunction[])[
            ActivationFunction.Relu, ActivationFunction.Relu6, ActivationFunction.ReluN1To1])
        {
            (double low, double high) = activation switch
            {
                ActivationFunction.Relu => (0, double.MaxValue),
                ActivationFunction.Relu6 => (0, 6),
                _ => (-1d, 1d),
            };
            foreach (TensorType type in (TensorType[])[TensorType.Float32, TensorType.Int8])
            {
                float scale = type == TensorType.Int8 ? 0.06f : 0;
                TestTensor a = TestTensor.Random(random, type, [500], scale), b = TestTensor.Random(random, type, [500], scale);
                TestTensor y = Run(
                    BuiltinOperator.Add, new ArithmeticOptions(BuiltinOptionsType.Add, activation), [a, b],
                    Output(type, [500], scale, 0))[0];
                AssertClose([.. a.Real().Zip(b.Real(), (p, q) => Math.Clamp(p + q, low, high))], y);
            }
        }
    }

    [TestMethod]
    public void Integer_division_by_zero_gives_zero()
    {
        TestTensor a = new(
            TensorType.Int32, [3], new[] { 7, int.MinValue, 9 }), b = new(TensorType.Int32, [3], new[] { 0, -1, -2 });
        TestTensor y = Run(BuiltinOperator.Div, Options(BuiltinOperator.Div), [a, b], Output(TensorType.Int32, [3]))[0];
        CollectionAssert.AreEqual((int[])[0, int.MinValue, -4], (int[])y.Values);
    }

    [TestMethod]
    public void Shapes_that_do_not_broadcast_are_refused()
    {
        TestTensor a = TestTensor.Float([2], 1, 2), b = TestTensor.Float([3], 1, 2, 3);
        var e = Assert.ThrowsExactly<InvalidModelException>(
            () => Run(BuiltinOperator.Add, Options(BuiltinOperator.Add), [a, b], Output(TensorType.Float32, [3])));
        StringAssert.Contains(e.Message, "[2] and [3] do not broadcast");
    }

    private static ArithmeticOptions? Options(BuiltinOperator op) => op switch
    {
        BuiltinOperator.Add => new(BuiltinOptionsType.Add, ActivationFunction.None),
        BuiltinOperator.Sub => new(BuiltinOptionsType.Sub, ActivationFunction.None),
        BuiltinOperator.Mul => new(BuiltinOptionsType.Mul, ActivationFunction.None),
        BuiltinOperator.Div => new(BuiltinOptionsType.Div, ActivationFunction.None),
        _ => null,
    };

    private static double Apply(BuiltinOperator op, double a, double b) => op switch
    {
        BuiltinOperator.Add => a + b,
        BuiltinOperator.Sub => a - b,
        BuiltinOperator.Mul => a * b,
        BuiltinOperator.Div => a / b,
        BuiltinOperator.Minimum => Math.Min(a, b),
        _ => Math.Max(a, b),
    };

    private static TestTensor WithoutZeros(TestTensor tensor)
    {
        for (int i = 0; i < tensor.Values.Length; i++)
        {
            if (Math.Abs(Convert.ToDouble(tensor.Values.GetValue(i), null) - tensor.ZeroPoint) < 0.5)
                tensor.Values.SetValue(
                    Convert.ChangeType(tensor.ZeroPoint + 3, tensor.Values.GetValue(i)!.GetType(), null), i);
        }
        return tensor;
    }
}
