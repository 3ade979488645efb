using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>Recurrent layers of TFLite against their formulas, over several runs.</summary>
[TestClass]
internal sealed class ForeignRecurrentTests
{
    private const int Batch = 2, Steps = 3, Inputs = 4, Units = 2;

    private readonly Random _random = new(1);

    [TestMethod]
    public void Svdf_sums_what_its_filters_gave()
    {
        const int Rank = 2, Filters = Units * Rank;
        double[] features = Numbers(Filters * Inputs), times = Numbers(Filters * Steps), bias = Numbers(Units);
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Float32, [Batch, Inputs]), y = model.Tensor("y", TensorType.Float32, [Batch, Units]);
        int state = model.Tensor("state", TensorType.Float32, [Batch, Filters * Steps], isVariable: true);
        model.Operator(
            BuiltinOperator.Svdf,
            [x, Constant(model, features, Filters, Inputs), Constant(model, times, Filters, Steps), Constant(model, bias, Units),
                state], [y],
            new NumberOptions(BuiltinOptionsType.Svdf, Rank, (byte)ActivationFunction.Relu));
        List<double[]> before = [.. Enumerable.Repeat(new double[Batch * Filters], Steps)];
        Check(model.Build([x], [y]), Batch * Inputs, (given, _) =>
        {
            before.RemoveAt(0);
            before.Add([.. Rows(given, Inputs).SelectMany(row => Product(features, row))]);
            return [.. from b in Enumerable.Range(0, Batch)
                from u in Enumerable.Range(0, Units)
                select Math.Max(0, bias[u] + Enumerable.Range(u * Rank, Rank).Sum(
                    f => Enumerable.Range(0, Steps).Sum(t => before[t][(b * Filters) + f] * times[(f * Steps) + t])))];
        });
    }

    [TestMethod]
    public void Rnn_of_one_step_and_of_sequences()
    {
        foreach (bool timeMajor in (bool[])[false, true])
        foreach (bool isStep in (bool[])[false, true])
        {
            double[] w = Numbers(Units * Inputs), r = Numbers(Units * Units), b = Numbers(Units), state = new double[Batch * Units];
            var model = new TestModel();
            int steps = isStep ? 1 : Steps;
            int[] shape = isStep ? [Batch] : timeMajor ? [Steps, Batch] : [Batch, Steps];
            int x = model.Tensor("x", TensorType.Float32, [.. shape, Inputs]), y = model.Tensor("y", TensorType.Float32, [.. shape, Units]);
            int h = model.Tensor("h", TensorType.Float32, [Batch, Units], isVariable: true);
            int[] operands = [x, Constant(model, w, Units, Inputs), Constant(model, r, Units, Units), Constant(model, b, Units), h];
            model.Operator(
                isStep ? BuiltinOperator.Rnn : BuiltinOperator.UnidirectionalSequenceRnn, operands, [y],
                isStep ? new NumberOptions(BuiltinOptionsType.Rnn, (byte)ActivationFunction.Tanh)
                    : new NumberOptions(BuiltinOptionsType.SequenceRnn, timeMajor, (byte)ActivationFunction.Tanh));
            Check(model.Build([x], [y]), Batch * steps * Inputs, (given, _) =>
                Layer(given, w, r, b, state, steps, timeMajor && !isStep, false));
        }
    }

    [TestMethod]
    public void Both_directions_are_given_apart_or_merged()
    {
        foreach (bool merges in (bool[])[false, true])
        {
            double[][] sets = [Numbers(Units * Inputs), Numbers(Units * Units), Numbers(Units), Numbers(Units * Inputs),
                Numbers(Units * Units),
                Numbers(Units)];
            double[][] states = [new double[Batch * Units], new double[Batch * Units]];
            var model = new TestModel();
            int x = model.Tensor("x", TensorType.Float32, [Batch, Steps, Inputs]);
            int y = model.Tensor("y", TensorType.Float32, [Batch, Steps, merges ? 2 * Units : Units]);
            int z = merges ? -1 : model.Tensor("z", TensorType.Float32, [Batch, Steps, Units]);
            List<int> operands = [x];
            for (int i = 0; i < 2; i++)
            {
                operands.AddRange([Constant(model, sets[3 * i], Units, Inputs), Constant(model, sets[(3 * i) + 1], Units, Units)]);
                operands.Add(Constant(model, sets[(3 * i) + 2], Units));
                operands.Add(model.Tensor($"h{i}", TensorType.Float32, [Batch, Units], isVariable: true));
            }

            int[] outputs = merges ? [y] : [y, z];
            model.Operator(
                BuiltinOperator.BidirectionalSequenceRnn, [.. operands], outputs,
                new NumberOptions(BuiltinOptionsType.BidirectionalSequenceRnn, false, (byte)ActivationFunction.Tanh, merges));
            Check(model.Build([x], outputs), Batch * Steps * Inputs, (given, output) =>
            {
                double[][] directions = [.. Enumerable.Range(0, 2).Where(i => merges || i == output).Select(
                    i => Layer(given, sets[3 * i], sets[(3 * i) + 1], sets[(3 * i) + 2], states[i], Steps, false, i == 1))];
                return merges
                    ? [.. Rows(directions[0], Units).Zip(Rows(directions[1], Units)).SelectMany(p => p.First.Concat(p.Second))]
                    : directions[0];
            });
        }
    }

    [TestMethod]
    public void A_bidirectional_lstm_is_two_lstms()
    {
        double[][] weights = [.. Enumerable.Range(0, 24).Select(i =>
            Numbers(i % 12 < 4 ? Units * Inputs : i % 12 < 8 ? Units * Units : Units))];
        float[] x = [.. Numbers(Batch * Steps * Inputs).Select(v => (float)v)];
        float[] back = [.. from b in Enumerable.Range(0, Batch)
            from t in Enumerable.Range(0, Steps).Reverse()
            from i in Enumerable.Range(0, Inputs)
            select x[(((b * Steps) + t) * Inputs) + i]];
        float[] forward = Run(Lstm(weights[..12]), x), backward = Run(Lstm(weights[12..]), back);
        float[] both = Run(Lstm(weights), x);
        for (int b = 0; b < Batch; b++)
        for (int t = 0; t < Steps; t++)
        for (int u = 0; u < Units; u++)
        {
            int row = (b * Steps) + t;
            Assert.AreEqual(forward[(row * Units) + u], both[(row * 2 * Units) + u]);
            Assert.AreEqual(backward[((((b + 1) * Steps) - 1 - t) * Units) + u], both[(((row * 2) + 1) * Units) + u]);
        }
    }

    private static float[] Run(byte[] file, float[] x)
    {
        using TfliteModel model = TfliteModel.Load(file);
        float[] y = new float[model.Outputs[0].ElementsPerSample];
        model.Run<float, float>(x, y);
        return y;
    }

    /// <summary>An LSTM of 12 sets of weights, or one of both directions of 24.</summary>
    private static byte[] Lstm(double[][] weights)
    {
        bool both = weights.Length > 12;
        var model = new TestModel();
        int x = model.Tensor("x", TensorType.Float32, [Batch, Steps, Inputs]);
        int y = model.Tensor("y", TensorType.Float32, [Batch, Steps, both ? 2 * Units : Units]);
        List<int> operands = [x];
        foreach (double[][] set in weights.Chunk(12))
        {
            operands.AddRange(set.Select((w, i) => i < 8 ? Constant(model, w, Units, i < 4 ? Inputs : Units) : -1).Take(8));
            operands.AddRange([-1, -1, -1, .. set[8..].Select(w => Constant(model, w, Units)), -1, -1]);
        }

        for (int i = 0; i < (both ? 4 : 2); i++)
            operands.Add(model.Tensor($"v{i}", TensorType.Float32, [Batch, Units], isVariable: true));
        if (both)
            operands.AddRange(Enumerable.Repeat(-1, 9));
        else
            operands.AddRange(Enumerable.Repeat(-1, 4));
        model.Operator(
            both ? BuiltinOperator.BidirectionalSequenceLstm : BuiltinOperator.UnidirectionalSequenceLstm, [.. operands], [y],
            both ? new NumberOptions(BuiltinOptionsType.BidirectionalSequenceLstm, (byte)ActivationFunction.Tanh, 0f, 0f, true)
                : new SequenceLstmOptions(ActivationFunction.Tanh, 0, 0, false));
        return model.Build([x], [y]);
    }

    /// <summary>A layer of tanh, whose state goes on.</summary>
    private static double[] Layer(
        double[] x, double[] w, double[] r, double[] b, double[] state, int steps, bool timeMajor, bool isReverse)
    {
        double[] y = new double[Batch * steps * Units];
        double[][] rows = Rows(x, Inputs);
        for (int s = 0; s < steps; s++)
        for (int n = 0; n < Batch; n++)
        {
            int t = isReverse ? steps - 1 - s : s, row = timeMajor ? (t * Batch) + n : (n * steps) + t;
            double[] own = state[(n * Units)..((n + 1) * Units)];
            double[] next = [.. Product(w, rows[row]).Zip(Product(r, own), b).Select(p => Math.Tanh(p.First + p.Second + p.Third))];
            next.CopyTo(state, n * Units);
            next.CopyTo(y, row * Units);
        }

        return y;
    }

    private static double[] Product(double[] matrix, double[] vector) =>
        [.. Rows(matrix, vector.Length).Select(row => row.Zip(vector).Sum(p => p.First * p.Second))];

    private static double[][] Rows(double[] matrix, int columns) => [.. matrix.Chunk(columns)];

    private void Check(byte[] file, int elements, Func<double[], int, double[]> expected)
    {
        using TfliteModel model = TfliteModel.Load(file);
        using ModelCall call = model.Begin();
        for (int run = 0; run < 3; run++)
        {
            double[] x = Numbers(elements);
            call.SetInput<float>(0, Array.ConvertAll(x, v => (float)v));
            call.Run();
            for (int output = 0; output < model.Outputs.Count; output++)
            {
                float[] y = new float[model.Outputs[output].ElementsPerSample];
                call.GetOutput<float>(output, y);
                double[] right = expected(x, output);
                for (int i = 0; i < y.Length; i++)
                    Assert.AreEqual(right[i], y[i], 1e-5, $"run {run}, output {output}, element {i}");
            }
        }
    }

    private static int Constant(TestModel model, double[] values, params int[] shape) =>
        model.Constant("c", TensorType.Float32, shape, Array.ConvertAll(values, v => (float)v));

    private double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (double)((_random.NextSingle() * 2) - 1))];
}
