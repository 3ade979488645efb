using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class GradientTapeTests
{
    [TestMethod]
    public void A_network_with_branches_and_a_shared_weight_agrees_with_central_differences()
    {
        Graph graph = Branches(out Value shared);
        Tensor x = TestGraph.RandomTensor(7, 5, 3, 6, 6), seed = TestGraph.RandomTensor(8, 5, 4);
        var tape = new GradientTape(graph, graph.Outputs);
        Assert.Contains(shared, tape.Parameters);
        tape.Forward([x]);
        Tensor[] gradients = tape.Backward([seed]);
        const double step = 1e-5;
        for (int p = 0; p < gradients.Length; p++)
        {
            Tensor gradient = gradients[p];
            double largest = gradient.Span<float>().ToArray().Max(MathF.Abs);
            Assert.IsGreaterThan(0, largest, tape.Parameters[p].Name);
            for (int i = 0; i < gradient.Count; i += 1 + (gradient.Count / 30))
            {
                double expected = (Loss(graph, x, seed, tape.Parameters[p], i, step) - Loss(graph, x, seed, tape.Parameters[p], i, -step))
                    / (2 * step);
                Assert.AreEqual(expected, gradient.Span<float>()[i], 3e-5 * Math.Max(1, largest), $"{tape.Parameters[p].Name}[{i}]");
            }
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void What_is_asked_for_on_the_way_is_not_written_over_when_a_single_sample_is_run_again(bool isForwardOnly)
    {
        var g = new TestGraph();
        Value inner = g.Add("Conv", g.Input("x", 1, 4, 8, 8), g.Random(1, 4, 4, 1, 1));
        Value y = g.Output(g.Add("Conv", g.Add("Clip", inner, null, g.Scalar(0.1f)), g.Random(2, 3, 4, 1, 1)));
        Graph graph = g.Build();
        var tape = new GradientTape(graph, [y, inner], isForwardOnly: isForwardOnly);
        for (int run = 0; run < 3; run++)
        {
            Tensor x = TestGraph.RandomTensor(run, 1, 4, 8, 8), expected = x;
            new Interpreter(graph, [inner]) { Hook = (v, tensor) => expected = v == inner ? tensor : expected }.Run(x);
            CollectionAssert.AreEqual(expected.Span<float>().ToArray(), tape.Forward([x])[1].Span<float>().ToArray(), $"run {run}");
        }
    }

    [TestMethod]
    public void A_value_that_is_differentiated_twice_is_that_of_the_last_run_both_times_and_gets_the_sum()
    {
        Graph graph = Branches(out _);
        Tensor seed = TestGraph.RandomTensor(8, 33, 4),
            twice = Tensor.Of<float>(seed.Dims, [.. seed.Span<float>().ToArray().Select(g => 2 * g)]);
        GradientTape once = new(graph, graph.Outputs), both = new(graph, [graph.Outputs[0], graph.Outputs[0]]);
        for (int run = 0; run < 3; run++)
        {
            Tensor x = TestGraph.RandomTensor(20 + run, 33, 3, 6, 6);
            float[] expected = once.Forward([x])[0].Span<float>().ToArray();
            foreach (Tensor computed in both.Forward([x]))
                CollectionAssert.AreEqual(expected, computed.Span<float>().ToArray(), $"run {run}");
            foreach ((Tensor a, Tensor b) in once.Backward([twice]).Zip(both.Backward([seed, seed])))
                CollectionAssert.AreEqual(a.Span<float>().ToArray(), b.Span<float>().ToArray(), $"run {run}");
        }
    }

    [TestMethod]
    public void Threads_change_no_bit()
    {
        Graph graph = Branches(out _);
        Tensor x = TestGraph.RandomTensor(7, 33, 3, 6, 6), seed = TestGraph.RandomTensor(8, 33, 4);
        Tensor[] expected = Run(1);
        foreach (int threads in new[] { 2, 3, 7 })
        {
            foreach ((Tensor a, Tensor b) in expected.Zip(Run(threads)))
                Assert.IsTrue(a.Bytes.Span.SequenceEqual(b.Bytes.Span), $"{threads} threads");
        }

        Tensor[] Run(int threads)
        {
            using WorkerPool pool = new(threads);
            var tape = new GradientTape(graph, graph.Outputs) { Pool = pool };
            return [.. tape.Forward([x]), .. tape.Backward([seed])];
        }
    }

    [TestMethod]
    public void What_lies_before_an_operator_without_gradient_is_frozen()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4), before = g.Random(1, 4, 4), behind = g.Random(2, 4, 4);
        Value cast = g.Add("Cast", [g.Add("MatMul", x, before)], ("to", 1));
        g.Output(g.Add("MatMul", cast, behind));
        var tape = new GradientTape(g.Build(), [cast.Consumers[0].Output]);
        CollectionAssert.AreEqual(new[] { behind }, tape.Parameters.ToArray());
        Assert.AreEqual("Cast", tape.Barriers.Single().Type);
    }

    [TestMethod]
    public void A_bias_that_normalization_takes_away_is_not_trained()
    {
        var g = new TestGraph();
        Value bias = g.Random(2, 4), other = g.Random(4, 4);
        Value x = g.Add("Conv", g.Input("x", -1, 3, 5, 5), g.Random(1, 4, 3, 3, 3), bias);
        x = g.Add("BatchNormalization", x, g.Random(5, 4), g.Random(6, 4), g.Random(7, 4), g.Constant(Tensor.Vector(1f, 2f, 1f, 2f)));
        g.Output(g.Add("Conv", x, g.Random(3, 4, 4, 1, 1), other));
        Graph graph = g.Build();
        var tape = new GradientTape(graph, graph.Outputs, batchStatistics: true);
        CollectionAssert.DoesNotContain(tape.Parameters.ToArray(), bias);
        CollectionAssert.Contains(tape.Parameters.ToArray(), other);
        CollectionAssert.Contains(new GradientTape(graph, graph.Outputs).Parameters.ToArray(), bias, "of fixed statistics it is");
    }

    // What the whole process allocates is measured.
    [TestMethod]
    [DoNotParallelize]
    public void What_the_way_back_does_not_look_at_takes_no_memory_and_changes_no_bit()
    {
        (long all, Tensor[] expected) = Run(keepsAll: true);
        (long least, Tensor[] gradients) = Run(keepsAll: false);
        for (int i = 0; i < expected.Length; i++)
            Assert.IsTrue(expected[i].Bytes.Span.SequenceEqual(gradients[i].Bytes.Span), $"parameter {i}");
        Assert.IsLessThan(0.75 * all, least);

        static (long Bytes, Tensor[] Gradients) Run(bool keepsAll)
        {
            // The convolutions' outputs are read by Relu alone, which is differentiated by its own.
            var g = new TestGraph();
            Value x = g.Input("x", -1, 4, 32, 32);
            for (int i = 0; i < 12; i++) x = g.Add("Relu", g.Add("Conv", [x, g.Random(i, 4, 4, 3, 3)], ("pads", new[] { 1, 1, 1, 1 })));
            g.Output(x);
            Graph graph = g.Build();
            var tape = new GradientTape(graph, graph.Outputs) { KeepsAll = keepsAll };
            Tensor input = TestGraph.RandomTensor(20, [8, 4, 32, 32]), seed = TestGraph.RandomTensor(21, [8, 4, 32, 32]);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            tape.Forward([input]);
            Tensor[] gradients = tape.Backward([seed]);
            return (GC.GetTotalAllocatedBytes(precise: true) - before, gradients);
        }
    }

    [TestMethod]
    public void Gradients_pass_a_grid_where_the_value_lies_within_it()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3), w = g.Constant(Tensor.Of<float>([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
        Value y = g.Output(g.Add("MatMul", x, w));
        Graph graph = g.Build();
        y.Quantization = Quantization.PerTensor(ElementType.Int8, 0.01f, 0);
        var tape = new GradientTape(graph, [y]);
        Tensor computed = tape.Forward([Tensor.Of<float>([1, 3], [0.503f, 2f, -2f])])[0];
        // Rounded to steps, and held within −128…127 of them.
        float[] expected = [0.5f, 1.27f, -1.28f];
        for (int i = 0; i < 3; i++) Assert.AreEqual(expected[i], computed.Span<float>()[i], 1e-6f);
        Tensor dw = tape.Backward([Tensor.Of<float>([1, 3], [1, 1, 1])])[0];
        // Column j of dw is x · dy_j: nothing where y_j was cut off.
        CollectionAssert.AreEqual(new float[] { 0.503f, 0, 0, 2, 0, 0, -2, 0, 0 }, dw.Span<float>().ToArray());
    }

    /// <summary>A stem, two branches with one weight that meet in an Add, pooling, a dense layer.</summary>
    private static Graph Branches(out Value shared)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6, 6);
        shared = g.Random(2, 4, 4, 3, 3);
        Value stem = g.Add("Sigmoid", g.Add("Conv", [x, g.Random(1, 4, 3, 3, 3), g.Random(5, 4)], ("pads", new[] { 1, 1, 1, 1 })));
        Value one = g.Add("Conv", [stem, shared], ("pads", new[] { 1, 1, 1, 1 }));
        Value two = g.Add("Tanh", g.Add("Conv", [stem, shared], ("pads", new[] { 1, 1, 1, 1 })));
        Value pooled = g.Add("GlobalAveragePool", g.Add("Add", g.Add("Add", one, two), stem));
        g.Output(g.Add("Gemm", [g.Add("Flatten", pooled), g.Random(3, 4, 4), g.Random(4, 4)], ("transB", 1)));
        return g.Build();
    }

    /// <summary>Σ seed · output in double precision, one element of a parameter moved by a step.</summary>
    private static double Loss(Graph graph, Tensor x, Tensor seed, Value parameter, int element, double step)
    {
        Graph wide = graph.Clone();
        foreach (Value value in wide.Values.Where(v => v.Constant?.Type == ElementType.Float32))
        {
            value.Constant = Casting.To(value.Constant!, ElementType.Float64);
            if (value.Name == parameter.Name) value.Constant.Span<double>()[element] += step;
        }

        ReadOnlySpan<double> y = new Interpreter(wide).Run(Casting.To(x, ElementType.Float64))[0].Span<double>();
        double sum = 0;
        for (int i = 0; i < y.Length; i++) sum += y[i] * seed.Span<float>()[i];
        return sum;
    }
}
