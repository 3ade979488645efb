using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

/// <summary>UNIDIRECTIONAL_SEQUENCE_LSTM and LSTM against their formulas in double precision, over several runs.</summary>
[TestClass]
internal sealed class SequenceLstmOperatorTests
{
    private const int Batch = 2, Steps = 3, Inputs = 4, Cells = 5;

    private readonly Random _random = new(1);

    [TestMethod]
    public void Every_form_is_as_its_formulas()
    {
        foreach (bool isCoupled in (bool[])[false, true])
        foreach (bool sees in (bool[])[false, true])
        foreach (bool norms in (bool[])[false, true])
        foreach (int outputs in (int[])[Cells, 3])
        {
            double[][] weights = Weights(isCoupled, sees, norms, outputs);
            Check(weights, outputs, new SequenceLstmOptions(ActivationFunction.Tanh, 0.4f, outputs == 3 ? 0.2f : 0, sees), norms && !sees);
        }

        Check(Weights(false, false, false, Cells), Cells, new SequenceLstmOptions(ActivationFunction.Relu, 0, 0, false), false);
    }

    [TestMethod]
    public void What_contradicts_itself_is_refused()
    {
        double[][] weights = Weights(false, false, false, Cells);
        var options = new SequenceLstmOptions(ActivationFunction.Tanh, 0, 0, false);
        Refused("where a constant", [.. weights[..2], new double[Inputs], .. weights[3..]], options);
        Refused("some of its gates are normalized", [.. weights[..21], new double[Cells], .. weights[22..]], options);
        Refused("its activation", weights, options with { Activation = ActivationFunction.SignBit });
        Refused("it has 22 inputs", weights[..22], options);
    }

    private void Refused(string why, double[][] weights, SequenceLstmOptions options)
    {
        byte[] file = Build(weights, Cells, options, false);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file)).Message, why);
    }

    private void Check(double[][] weights, int outputs, SequenceLstmOptions options, bool isStep)
    {
        int steps = isStep ? 1 : Steps;
        using TfliteModel model = TfliteModel.Load(Build(weights, outputs, options, isStep));
        using ModelCall call = model.Begin();
        double[] h = new double[Batch * outputs], c = new double[Batch * Cells];
        for (int run = 0; run < 2; run++)
        {
            double[] x = Numbers(Batch * steps * Inputs);
            call.SetInput<float>(0, Array.ConvertAll(x, v => (float)v));
            call.Run();
            float[] y = new float[Batch * steps * outputs];
            call.GetOutput<float>(0, y);
            double[] expected = Reference(x, weights, outputs, options, steps, h, c);
            for (int i = 0; i < y.Length; i++)
                Assert.AreEqual(expected[i], y[i], 1e-5, $"{options}, {outputs} outputs, run {run}, element {i}");
        }
    }

    private static double[] Reference(
        double[] x, double[][] w, int outputs, SequenceLstmOptions options, int steps, double[] h, double[] c)
    {
        double[] y = new double[Batch * steps * outputs];
        for (int t = 0; t < steps; t++)
        for (int b = 0; b < Batch; b++)
        {
            int row = options.TimeMajor ? (t * Batch) + b : (b * steps) + t;
            double[] own = h[(b * outputs)..((b + 1) * outputs)], cell = c[(b * Cells)..((b + 1) * Cells)];
            double[] forget = Sigmoid(Gate(1, 10)), input = w[1].Length == 0 ? [.. forget.Select(f => 1 - f)] : Sigmoid(Gate(0, 9));
            double[] candidates = [.. Gate(2, -1).Select(Activation)];
            cell = [.. cell.Select((v, i) => Clip((forget[i] * v) + (input[i] * candidates[i]), options.CellClip))];
            double[] output = Sigmoid(Gate(3, 11));
            double[] result = [.. cell.Select((v, i) => output[i] * Activation(v))];
            if (w[16].Length > 0)
                result = [.. Enumerable.Range(0, outputs).Select(
                    o => Clip(w[17][o] + result.Select((v, i) => v * w[16][(o * Cells) + i]).Sum(), options.ProjectionClip))];
            result.CopyTo(h, b * outputs);
            cell.CopyTo(c, b * Cells);
            result.CopyTo(y, row * outputs);

            double[] Gate(int gate, int peephole)
            {
                double[] sums = [.. Enumerable.Range(0, Cells).Select(i =>
                    Enumerable.Range(0, Inputs).Sum(k => x[(row * Inputs) + k] * w[1 + gate][(i * Inputs) + k])
                    + Enumerable.Range(0, outputs).Sum(k => own[k] * w[5 + gate][(i * outputs) + k])
                    + (peephole > 0 && w[peephole].Length > 0 ? cell[i] * w[peephole][i] : 0))];
                if (w[20 + gate].Length > 0)
                {
                    double mean = sums.Average(), spread = Math.Sqrt(sums.Average(v => (v - mean) * (v - mean)) + 1e-8);
                    sums = [.. sums.Select((v, i) => (v - mean) / spread * w[20 + gate][i])];
                }

                return [.. sums.Select((v, i) => v + w[12 + gate][i])];
            }
        }

        return y;

        double Activation(double v) => options.Activation == ActivationFunction.Relu ? Math.Max(0, v) : Math.Tanh(v);

        static double Clip(double v, double bound) => bound > 0 ? Math.Clamp(v, -bound, bound) : v;

        static double[] Sigmoid(double[] v) => [.. v.Select(a => 1 / (1 + Math.Exp(-a)))];
    }

    /// <summary>By input; empty where there is none.</summary>
    private double[][] Weights(bool isCoupled, bool sees, bool norms, int outputs)
    {
        double[][] all = [.. Enumerable.Repeat(Array.Empty<double>(), 24)];
        for (int gate = isCoupled ? 1 : 0; gate < 4; gate++)
        {
            (all[1 + gate], all[5 + gate], all[12 + gate]) = (Numbers(Cells * Inputs), Numbers(Cells * outputs), Numbers(Cells));
            if (sees && gate != 2)
                all[gate == 3 ? 11 : 9 + gate] = Numbers(Cells);
            if (norms)
                all[20 + gate] = Numbers(Cells);
        }

        if (outputs != Cells)
            (all[16], all[17]) = (Numbers(outputs * Cells), Numbers(outputs));
        return all;
    }

    private static byte[] Build(double[][] weights, int outputs, SequenceLstmOptions options, bool isStep)
    {
        var model = new TestModel();
        int[] shape = isStep ? [Batch, Inputs] : options.TimeMajor ? [Steps, Batch, Inputs] : [Batch, Steps, Inputs];
        int x = model.Tensor("x", TensorType.Float32, shape), y = model.Tensor("y", TensorType.Float32, [.. shape[..^1], outputs]);
        int[] operands = [.. weights.Select((w, i) => i == 0 ? x
            : i == 18 ? model.Tensor("h", TensorType.Float32, [Batch, outputs], isVariable: true)
            : i == 19 ? model.Tensor("c", TensorType.Float32, [Batch, Cells], isVariable: true)
            : w.Length == 0 ? -1
            : model.Constant(
                $"w{i}", TensorType.Float32, i < 9 ? [w.Length / (i < 5 ? Inputs : outputs), i < 5 ? Inputs : outputs]
                    : i == 16 ? [outputs, Cells] : [w.Length], Array.ConvertAll(w, v => (float)v)))];
        if (isStep)
            model.Operator(
                BuiltinOperator.Lstm, operands, [y],
                new NumberOptions(BuiltinOptionsType.Lstm, (byte)options.Activation, options.CellClip, options.ProjectionClip));
        else
            model.Operator(BuiltinOperator.UnidirectionalSequenceLstm, operands, [y], options);
        return model.Build([x], [y]);
    }

    private double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (double)((_random.NextSingle() * 2) - 1))];
}
