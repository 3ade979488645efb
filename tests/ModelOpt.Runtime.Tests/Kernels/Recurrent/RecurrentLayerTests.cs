using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Recurrent;

namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

[TestClass]
internal sealed class RecurrentLayerTests
{
    [TestMethod]
    [DataRow(RecurrentCell.Rnn)]
    [DataRow(RecurrentCell.Gru)]
    [DataRow(RecurrentCell.Lstm)]
    internal void Every_tier_gives_the_bits_of_the_scalar_one(RecurrentCell cell)
    {
        var random = new Random(17);
        for (int trial = 0; trial < 60; trial++)
        {
            var shape = new RecurrentShape(cell, random.Next(1, 5), random.Next(1, 5), random.Next(0, 20), random.Next(1, 40));
            var options = new RecurrentOptions(
                (RecurrentDirection)random.Next(3), random.Next(3) == 0 ? 0.5f : 0, random.Next(2) == 0, random.Next(3) == 0,
                [.. Enumerable.Range(0, 6).Select(_ => new GateActivation(
                    random.Next(2) == 0 ? GateFunction.Sigmoid : (GateFunction)random.Next(11), 0.3f, 0.7f))]);
            float[] expected = Run(shape, options, SimdTier.Scalar, trial, isPacked: false);
            foreach (SimdTier tier in KernelTesting.Tiers)
            {
                KernelTesting.AssertSameBits(expected, Run(shape, options, tier, trial, isPacked: true), $"{tier} {shape} {options}");
                KernelTesting.AssertSameBits(expected, Run(shape, options, tier, trial, isPacked: false), $"{tier} {shape}, not packed");
            }
        }
    }

    [TestMethod]
    public void A_sample_with_fewer_steps_is_the_same_as_alone()
    {
        var options = new RecurrentOptions(
            RecurrentDirection.Bidirectional, 0, false, false,
            [.. Enumerable.Repeat(new GateActivation(GateFunction.Tanh, 0, 0), 2)]);
        float[] x = KernelTesting.Floats(2 * 4 * 3, 1), w = KernelTesting.Floats(2 * 5 * 3, 2), r = KernelTesting.Floats(2 * 5 * 5, 3);
        float[] y = new float[2 * 4 * 2 * 5], last = new float[2 * 2 * 5], one = new float[3 * 2 * 5], lastOfOne = new float[2 * 5];
        var both = new RecurrentShape(RecurrentCell.Rnn, 2, 4, 3, 5);
        new RecurrentLayer(both, options, w, r).Run(x, w, r, [], [4, 3], [], [], [], y, last, []);
        new RecurrentLayer(both with { Batch = 1, Steps = 3 }, options, w, r).Run(
            x.AsSpan(12, 9), w, r, [], [], [], [], [], one, lastOfOne, []);
        CollectionAssert.AreEqual(one, y[40..70]);
        CollectionAssert.AreEqual(new float[10], y[70..]);
        CollectionAssert.AreEqual(lastOfOne, last[10..]);
    }

    [TestMethod]
    [DataRow(RecurrentCell.Rnn)]
    [DataRow(RecurrentCell.Gru)]
    [DataRow(RecurrentCell.Lstm)]
    internal void Integers_give_the_same_bits_on_every_tier_and_nearly_the_floats(RecurrentCell cell)
    {
        var random = new Random(18);
        for (int trial = 0; trial < 40; trial++)
        {
            var shape = new RecurrentShape(cell, random.Next(1, 9), random.Next(1, 5), random.Next(0, 20), random.Next(1, 40));
            var options = new RecurrentOptions(
                (RecurrentDirection)random.Next(3), 0, random.Next(2) == 0, random.Next(3) == 0,
                [.. Enumerable.Range(0, 6).Select(_ => new GateActivation(GateFunction.Sigmoid, 0, 0))]);
            int rows = shape.Gates * shape.Hidden;
            float[] scales = [.. KernelTesting.Floats(rows, trial).Select(s => (MathF.Abs(s) + 0.1f) / 500)];
            sbyte[] w = Integers(options.Directions * rows * shape.Inputs), r = Integers(options.Directions * rows * shape.Hidden);
            float[] expected = Run(Layer(SimdTier.Scalar, Int8Form.Pairs));
            foreach (SimdTier tier in KernelTesting.Tiers)
            {
                KernelTesting.AssertSameBits(
                    expected, Run(Layer(tier)), $"{tier} {shape} {options}");
            }

            float[] floats = Run(new(shape, options, Floats(w, shape.Inputs), Floats(r, shape.Hidden)));
            for (int i = 0; i < floats.Length; i++)
                Assert.AreEqual(floats[i], expected[i], 0.02f, $"{shape}");

            RecurrentLayer Layer(SimdTier tier, Int8Form? form = null) =>
                new(shape, options, new IntegerWeights(w, scales), new IntegerWeights(r, scales), tier, form);

            float[] Floats(sbyte[] values, int k) => [.. values.Select((v, i) => v * scales[i / Math.Max(1, k) % rows])];

            float[] Run(RecurrentLayer layer)
            {
                int d = options.Directions, states = d * shape.Batch * shape.Hidden, isLstm = cell == RecurrentCell.Lstm ? 1 : 0;
                float[] y = new float[shape.Steps * states], state = new float[states], cells = new float[isLstm * states];
                layer.Run(
                    KernelTesting.Floats(shape.Batch * shape.Steps * shape.Inputs, trial), [], [],
                    KernelTesting.Floats(2 * d * rows, trial + 3), [], [], [], [], y, state, cells);
                return [.. y, .. state, .. cells];
            }
        }

        sbyte[] Integers(int count) => [.. Enumerable.Range(0, count).Select(_ => (sbyte)random.Next(-127, 128))];
    }

    private static float[] Run(RecurrentShape s, RecurrentOptions options, SimdTier tier, int seed, bool isPacked)
    {
        int d = options.Directions, rows = d * s.Gates * s.Hidden, states = d * s.Batch * s.Hidden;
        bool isWhole = seed % 2 == 0, isLstm = s.Cell == RecurrentCell.Lstm;
        float[] w = KernelTesting.Floats(rows * s.Inputs, seed + 1), r = KernelTesting.Floats(rows * s.Hidden, seed + 2);
        float[] y = new float[s.Steps * states], state = new float[states], cell = new float[isLstm ? states : 0];
        int[] lengths = [.. Enumerable.Range(0, s.Batch).Select(b => (b + seed) % (s.Steps + 1))];
        new RecurrentLayer(s, options, isPacked ? w : [], isPacked ? r : [], tier).Run(
            KernelTesting.Floats(s.Batch * s.Steps * s.Inputs, seed), w, r,
            isWhole ? KernelTesting.Floats(2 * rows, seed + 3) : [], isWhole ? lengths : [],
            isWhole ? KernelTesting.Floats(states, seed + 4) : [], isWhole && isLstm ? KernelTesting.Floats(states, seed + 5) : [],
            isWhole && isLstm ? KernelTesting.Floats(3 * d * s.Hidden, seed + 6) : [], y, state, cell);
        return [.. y, .. state, .. cell];
    }
}
