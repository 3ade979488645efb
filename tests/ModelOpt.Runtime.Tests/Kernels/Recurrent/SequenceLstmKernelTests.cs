using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

/// <summary>State of integers is rounded after each step.</summary>
[TestClass]
internal sealed class SequenceLstmKernelTests
{
    [TestMethod]
    public void Integers_of_state_are_what_goes_on()
    {
        const float Step = 0.125f, CellStep = 0.25f;
        const int Count = 4;
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Int8, [1, Count, 1], 0.5f, 1), y = model.Tensor("y", TensorType.Int8, [1, Count, 1], Step, -3);
        float[] weights = [1, -1, 2, 0.5f, 0.5f, 1, -0.5f, 1];
        int[] operands =
        [
            x, .. weights.Select(w => model.Constant("w", TensorType.Int8, [1, 1], new[] { (sbyte)(w / 0.5f) }, [0.5f])), -1, -1, -1,
            .. Enumerable.Range(1, 4).Select(b => model.Constant("b", TensorType.Int32, [1], new[] { b }, [0.25f])), -1, -1,
            model.Tensor("h", TensorType.Int8, [1, 1], Step, -3, true), model.Tensor("c", TensorType.Int16, [1, 1], CellStep, 0, true),
            -1, -1, -1, -1,
        ];
        model.Operator(
            BuiltinOperator.UnidirectionalSequenceLstm, operands, [y], new SequenceLstmOptions(ActivationFunction.Tanh, 0, 0, false));
        using TfliteModel loaded = TfliteModel.Load(model.Build([x], [y]));
        using ModelCall call = loaded.Begin();
        sbyte[] values = [3, -4, 7, 2], result = new sbyte[Count];
        double h = 0, c = 0;
        for (int run = 0; run < 2; run++)
        {
            call.SetInput<sbyte>(0, values);
            call.Run();
            call.GetOutput<sbyte>(0, result);
            for (int t = 0; t < Count; t++)
            {
                double given = (values[t] - 1) * 0.5;
                double own = h;
                double Gate(int gate) => (given * weights[gate]) + (own * weights[4 + gate]) + (0.25 * (gate + 1));
                double next = (Sigmoid(Gate(1)) * c) + (Sigmoid(Gate(0)) * Math.Tanh(Gate(2)));
                c = Math.Round(next / CellStep, MidpointRounding.AwayFromZero) * CellStep;
                h = Math.Round(Sigmoid(Gate(3)) * Math.Tanh(c) / Step, MidpointRounding.AwayFromZero) * Step;
                Assert.AreEqual((int)(h / Step) - 3, result[t], $"run {run}, step {t}");
            }
        }

        static double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));
    }
}
