using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Techniques.LowRank;

namespace ModelOpt.Compiler.Tests.Techniques.LowRank;

[TestClass]
internal sealed class FactorizationTests
{
    private static readonly (FactorForm Form, int[] Ranks)[] Full =
    [
        (FactorForm.Channel, [6]), (FactorForm.Vertical, [12]), (FactorForm.Horizontal, [12]), (FactorForm.Input, [4]),
        (FactorForm.Tucker, [4, 6]),
    ];

    private static readonly (FactorForm Form, int[] Ranks)[] Low =
    [
        (FactorForm.Channel, [2]), (FactorForm.Vertical, [2]), (FactorForm.Horizontal, [2]), (FactorForm.Input, [2]),
        (FactorForm.Tucker, [2, 3]),
    ];

    public static IEnumerable<object[]> Windows() =>
    [
        [new[] { 3, 3 }, new[] { 1, 1 }, new[] { 1, 1 }, new[] { 1, 1, 1, 1 }, ""],
        [new[] { 3, 2 }, new[] { 2, 1 }, new[] { 1, 1 }, new[] { 0, 1, 2, 0 }, ""],
        [new[] { 3, 5 }, new[] { 1, 2 }, new[] { 2, 1 }, new[] { 2, 2, 2, 2 }, ""],
        [new[] { 3, 3 }, new[] { 2, 2 }, new[] { 1, 1 }, Array.Empty<int>(), "SAME_UPPER"],
        [new[] { 2, 3 }, new[] { 1, 2 }, new[] { 1, 1 }, Array.Empty<int>(), "SAME_LOWER"],
        [new[] { 3, 2 }, new[] { 1, 1 }, new[] { 1, 1 }, Array.Empty<int>(), "VALID"],
    ];

    [TestMethod]
    [DynamicData(nameof(Windows))]
    public void At_full_rank_every_form_computes_what_the_layer_does(int[] kernel, int[] strides, int[] dilations, int[] pads,
        string autoPad)
    {
        foreach ((FactorForm form, int[] ranks) in Full)
        {
            Graph graph = Layer(kernel, strides, dilations, pads, autoPad);
            Dictionary<string, Tensor> feeds = graph.Feeds();
            Tensor[] before = graph.RunPeer(feeds);
            FactorGeometry geometry = new(graph.Nodes[0]);
            LayerTarget target = LayerTarget.Plain(geometry.Shape, geometry.Weight);
            int[] enough = form == FactorForm.Vertical ? [Math.Min(4 * kernel[0], 6 * kernel[1])]
                : form == FactorForm.Horizontal ? [Math.Min(4 * kernel[1], 6 * kernel[0])] : ranks;
            geometry.Replace(graph, Factorization.Fit(target, form, enough, true), target);
            ShapeInference.Run(graph);
            GraphVerifier.Verify(graph, "decomposition");
            GraphTesting.AssertClose(before, graph.RunPeer(feeds));
            GraphTesting.AssertClose(before, graph.Interpret(feeds));
            long macs = graph.Nodes.Sum(n => ModelOpt.Compiler.Operators.Contract.Operator.Of(n).Macs(n));
            Assert.AreEqual(macs, geometry.MacsOf(form, enough), $"{form}");
        }
    }

    [TestMethod]
    public void Weights_of_low_rank_are_found_exactly_and_at_a_lower_rank_they_are_not()
    {
        WeightShape shape = new(6, 4, 3, 3);
        foreach ((FactorForm form, int[] ranks) in Low)
        {
            LayerTarget random = Correlated(shape, Random(1, 6, 36));
            RowMatrix low = Factorization.Fit(random, form, ranks, false).Composed;
            LayerTarget target = Correlated(shape, low);
            // The factors are fitted in turn, for some rounds: the error, a share of the output's energy, ends near zero, not at it.
            Assert.AreEqual(0, target.Error(Factorization.Fit(target, form, ranks, true).Composed), 1e-8, $"{form}");
            int[] less = [.. ranks.Select(r => r - 1)];
            Assert.IsTrue(target.Error(Factorization.Fit(target, form, less, true).Composed) > 1e-3, $"{form}");
        }
    }

    [TestMethod]
    public void The_factors_of_a_factorization_make_its_weight()
    {
        WeightShape shape = new(6, 4, 3, 3);
        LayerTarget target = Correlated(shape, Random(2, 6, 36));
        Factorization factors = Factorization.Fit(target, FactorForm.Channel, [3], true);
        RowMatrix product = factors.Factors[1].Times(factors.Factors[0]);
        Assert.AreEqual(0, product.Minus(factors.Composed).Dot(product.Minus(factors.Composed)), 1e-18);
    }

    [TestMethod]
    public void On_correlated_inputs_the_data_makes_a_better_weight_than_plain_SVD_and_refitting_a_better_one_still()
    {
        WeightShape shape = new(6, 4, 3, 3);
        LayerTarget target = Correlated(shape, Random(3, 6, 36)), plain = LayerTarget.Plain(shape, target.Weight);
        foreach ((FactorForm form, int[] ranks) in Low)
        {
            double byWeights = target.Error(Factorization.Fit(plain, form, ranks, false).Composed);
            double byData = target.Error(Factorization.Fit(target, form, ranks, false).Composed);
            double refitted = target.Error(Factorization.Fit(target, form, ranks, true).Composed);
            Assert.IsTrue(byData < 0.8 * byWeights, $"{form}: {byData} against {byWeights}");
            Assert.IsTrue(refitted <= byData * (1 + 1e-9), $"{form}: {refitted} against {byData}");
        }
    }

    [TestMethod]
    public void With_one_tap_no_weight_of_the_rank_errs_less()
    {
        // Reduced-rank regression by its definition: the tail of the singular values of W·C^½.
        WeightShape shape = new(6, 10, 1, 1);
        LayerTarget target = Correlated(shape, Random(4, 6, 10));
        RowMatrix output = target.Weight.Times(target.Covariance).Times(target.Weight.Transposed());
        double[] values = SymmetricEigen.Of(output).Values;
        for (int rank = 1; rank < 6; rank++)
        {
            double error = target.Error(Factorization.Fit(target, FactorForm.Channel, [rank], true).Composed);
            Assert.AreEqual(values.Skip(rank).Sum() / values.Sum(), error, 1e-9);
        }
    }

    [TestMethod]
    public void Channels_between_factors_have_one_variance()
    {
        WeightShape shape = new(8, 10, 1, 1);
        LayerTarget target = Correlated(shape, Random(5, 8, 10));
        RowMatrix first = Factorization.Fit(target, FactorForm.Channel, [5], true).Factors[0];
        RowMatrix variance = first.Times(target.Covariance).Times(first.Transposed());
        for (int i = 1; i < 5; i++) Assert.AreEqual(variance[0, 0], variance[i, i], 1e-6 * variance[0, 0]);
    }

    private static Graph Layer(int[] kernel, int[] strides, int[] dilations, int[] pads, string autoPad)
    {
        var g = new TestGraph();
        (string, object)[] padding = autoPad.Length > 0 ? [("auto_pad", autoPad)] : [("pads", pads)];
        g.Output(g.Add(
            "Conv", [g.Input("x", -1, 4, 9, 11), g.Random(1, 6, 4, kernel[0], kernel[1]), g.Random(2, 6)],
            [("strides", strides), ("dilations", dilations), .. padding]));
        return g.Build();
    }

    /// <summary>A target whose inputs are mixtures of a few sources, with moments as a layer of these inputs has them.</summary>
    private static LayerTarget Correlated(WeightShape shape, RowMatrix weight)
    {
        const int Samples = 500;
        int k = shape.PerOutput;
        RowMatrix mixing = Random(11, k, k), sources = Random(12, k, Samples);
        for (int i = 0; i < k; i++)
        {
            foreach (ref double source in sources.Row(i)) source /= 1 + i;
        }

        RowMatrix x = mixing.Times(sources), y = weight.Times(x);
        LayerMoments moments = new(1, k, shape.Outputs);
        moments.Add(0, FactorGeometry.ToFloat(x.Data), FactorGeometry.ToFloat(y.Data), Samples, null);
        return LayerTarget.Of(shape, weight, moments);
    }

    private static RowMatrix Random(int seed, int rows, int columns) =>
        new(rows, columns, [.. TestGraph.RandomTensor(seed, rows, columns).Span<float>().ToArray().Select(v => (double)v)]);
}
