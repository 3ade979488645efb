namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class UnaryOperatorTests
{
    private static readonly (BuiltinOperator Op, Func<double, double> Function)[] Functions =
    [
        (BuiltinOperator.Logistic, x => 1 / (1 + Math.Exp(-x))),
        (BuiltinOperator.Tanh, Math.Tanh),
        (BuiltinOperator.HardSwish, x => x * Math.Clamp(x + 3, 0, 6) / 6),
        (BuiltinOperator.Relu, x => Math.Max(x, 0)),
        (BuiltinOperator.Relu6, x => Math.Clamp(x, 0, 6)),
        (BuiltinOperator.ReluN1To1, x => Math.Clamp(x, -1, 1)),
        (BuiltinOperator.Relu0To1, x => Math.Clamp(x, 0, 1)),
        (BuiltinOperator.LeakyRelu, x => x < 0 ? (double)0.1f * x : x),
        (BuiltinOperator.Neg, x => -x),
        (BuiltinOperator.Abs, Math.Abs),
        (BuiltinOperator.Elu, x => x < 0 ? Math.Exp(x) - 1 : x),
        (BuiltinOperator.Exp, Math.Exp),
        (BuiltinOperator.Sqrt, x => Math.Sqrt(Math.Max(x, 0))),
        (BuiltinOperator.Rsqrt, x => 1 / Math.Sqrt(x)),
        (BuiltinOperator.Log, Math.Log),
        (BuiltinOperator.Round, Math.Round),
    ];

    [TestMethod]
    public void Agrees_with_the_formula_in_double()
    {
        var random = new Random(52);
        foreach ((BuiltinOperator op, Func<double, double> function) in Functions)
        {
            bool positive = op is BuiltinOperator.Sqrt or BuiltinOperator.Rsqrt or BuiltinOperator.Log;
            IOperatorOptions? options = op == BuiltinOperator.LeakyRelu ? new LeakyReluOptions(0.1f) : null;
            TestTensor x = TestTensor.Random(random, TensorType.Float32, [3, 1571]);
            if (positive)
                x = x with { Values = ((float[])x.Values).Select(v => MathF.Abs(v) + 0.01f).ToArray() };
            AssertClose(
                [.. x.Real().Select(function)], Run(op, options, [x], Output(TensorType.Float32, [3, 1571]))[0]);
            foreach (TensorType type in (TensorType[])[TensorType.Int8, TensorType.UInt8])
            {
                int shift = type == TensorType.UInt8 ? 128 : 0;
                Array all = type == TensorType.UInt8
                    ? Enumerable.Range(0, 256).Select(v => (byte)v).ToArray()
                    : Enumerable.Range(-128, 256).Select(v => (sbyte)v).ToArray();

                // Where a function is defined for positive values only, all values are made positive.
                var q = new TestTensor(type, [256], all, 0.031f, positive ? shift - 129 : shift + 11);
                TestTensor y = Run(op, options, [q], Output(type, [256], 0.029f, shift - 20))[0];
                AssertClose([.. q.Real().Select(function)], y);
            }
        }
    }
}
