using ModelOpt.Runtime.Tests.Jit;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests;

/// <summary>Many threads on one model. Run once more without assembled code by <see cref="AssembledCodeTests"/>.</summary>
[TestClass]
internal sealed class ConcurrencyTests
{
    private const int Callers = 32;

    [TestMethod]
    [DataRow(1, 400_000)]
    [DataRow(2, 100_000)]
    public void Every_one_of_many_small_runs_gives_the_same_bits(int threads, int runs)
    {
        int outputLength = 16 * Channels(threads);
        using TfliteModel model = TfliteModel.Load(Tiny(threads), new RuntimeOptions { Threads = threads });
        Assert.AreEqual(threads, model.Plan.Steps.Max(step => step.Parts));
        sbyte[][] inputs = [.. Enumerable.Range(0, 16).Select(i => SampleNetworks.Bytes(new Random(i), InputLength))];
        sbyte[][] expected = [.. inputs.Select(input => Run(model, input, new sbyte[outputLength]))];
        Assert.IsTrue(expected.All(e => e.Distinct().Count() > 20), "the results are not worth comparing");
        int wrong = 0, ended = 0;
        Thread[] callers = [.. Enumerable.Range(0, Callers).Select(caller => new Thread(() =>
        {
            var output = new sbyte[outputLength];
            for (int i = 0; i < runs / Callers; i++)
            {
                int sample = (caller + i) % inputs.Length;
                if (!Run(model, inputs[sample], output).AsSpan().SequenceEqual(expected[sample]))
                    Interlocked.Increment(ref wrong);
            }

            Interlocked.Increment(ref ended);
        }))];
        Array.ForEach(callers, thread => thread.Start());
        Array.ForEach(callers, thread => thread.Join());
        Assert.AreEqual(0, wrong);
        Assert.AreEqual(Callers, ended);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Runs_that_are_under_way_when_the_model_is_disposed_of_end_normally(int threads)
    {
        int outputLength = 16 * Channels(threads);
        for (int trial = 0; trial < 20; trial++)
        {
            TfliteModel model = TfliteModel.Load(Tiny(threads), new RuntimeOptions { Threads = threads });
            sbyte[] input = SampleNetworks.Bytes(new Random(trial), InputLength);
            sbyte[] expected = Run(model, input, new sbyte[outputLength]);
            int wrong = 0, refused = 0, runs = 0;
            Thread[] callers = [.. Enumerable.Range(0, 4).Select(caller => new Thread(() =>
            {
                var output = new sbyte[outputLength];
                try
                {
                    while (true)
                    {
                        if (!Run(model, input, output).AsSpan().SequenceEqual(expected))
                            Interlocked.Increment(ref wrong);
                        Interlocked.Increment(ref runs);
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref refused);
                }
            }))];
            ModelCall call = model.Begin();
            call.SetInput<sbyte>(0, input);
            Array.ForEach(callers, thread => thread.Start());
            SpinWait.SpinUntil(() => Volatile.Read(ref runs) > 50);
            model.Dispose();
            Array.ForEach(callers, thread => thread.Join());
            Assert.AreEqual((0, callers.Length), (wrong, refused));

            // A call that was begun before goes on.
            var last = new sbyte[outputLength];
            call.Run();
            call.GetOutput<sbyte>(0, last);
            call.Dispose();
            CollectionAssert.AreEqual(expected, last);
        }
    }

    private const int InputLength = 4 * 4 * 8;

    private static sbyte[] Run(TfliteModel model, sbyte[] input, sbyte[] output)
    {
        model.Run<sbyte, sbyte>(input, output);
        return output;
    }

    // With 400, a run is just worth two threads.
    private static int Channels(int threads) => threads == 1 ? 20 : 400;

    /// <summary>int8 [1, 4, 4, 8] → convolution 3×3 → [1, 4, 4, channels].</summary>
    private static byte[] Tiny(int threads)
    {
        int channels = Channels(threads);
        var random = new Random(1);
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Int8, [1, 4, 4, 8], 0.1f, 3), y = m.Tensor("y", TensorType.Int8, [1, 4, 4, channels], 0.1f, -5);
        int w = m.Constant("w", TensorType.Int8, [channels, 3, 3, 8], SampleNetworks.Bytes(random, channels * 72), [0.003f]);
        m.Operator(
            BuiltinOperator.Conv2D, [x, w, -1], [y], new Conv2DOptions(Padding.Same, 1, 1, ActivationFunction.None));
        return m.Build([x], [y]);
    }
}
