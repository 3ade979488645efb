using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

/// <summary>Whatever gradients do to a weight, its constraints hold after every step; without them it is free.</summary>
[TestClass]
internal sealed class TrainedWeightTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Zeros_stay_zero(bool masked)
    {
        Value weight = Weight();
        bool[] zeros = [.. Enumerable.Range(0, weight.Constant!.Count).Select(i => i % 3 == 0)];
        var mask = new WeightConstraints(new Mask(zeros, SparsityPattern.TryParse("Unstructured")!));
        weight.Constant = mask.Project(weight.Constant);
        if (masked) weight.Constraints = mask;
        Train(weight, 20);
        float[] trained = weight.Constant!.Span<float>().ToArray();
        Assert.AreEqual(masked, trained.Where((_, i) => zeros[i]).All(w => w == 0));
        Assert.IsTrue(trained.Where((_, i) => !zeros[i]).All(w => w != 0));
    }

    [TestMethod]
    [DataRow(ClusterScope.Tensor)]
    [DataRow(ClusterScope.Channel)]
    public void There_are_no_more_values_than_clusters_and_they_move(ClusterScope scope)
    {
        Value weight = Weight();
        float[][] levels = [.. Enumerable.Range(0, scope == ClusterScope.Channel ? 4 : 1).Select(_ => new[] { -0.5f, 0, 0.4f })];
        weight.Constraints = new WeightConstraints().With(new Codebook(3, scope, levels));
        weight.Constant = weight.Constraints.Project(weight.Constant!);
        Train(weight, 20);
        float[] trained = weight.Constant!.Span<float>().ToArray();
        foreach (float[] channel in scope == ClusterScope.Channel ? trained.Chunk(9) : [trained])
        {
            Assert.IsLessThanOrEqualTo(3, channel.Distinct().Count());
            Assert.Contains(0f, channel);
            Assert.DoesNotContain(0.4f, channel);
        }
    }

    [TestMethod]
    public void A_value_of_a_codebook_moves_by_the_sum_of_its_members_gradients()
    {
        var weight = new Value("w", Tensor.Of<float>([1, 4], [1, 1, 1, -1]));
        weight.Constraints = new WeightConstraints().With(new Codebook(2, ClusterScope.Tensor, [[-1, 1]]));
        new TrainedWeight(weight, false, 0, OptimizerKind.Sgd).Step(Tensor.Of<float>([1, 4], [0.1f, 0.2f, 0.4f, 0.5f]), 0.1f);
        float[] expected = [0.93f, 0.93f, 0.93f, -1.05f];
        for (int i = 0; i < 4; i++) Assert.AreEqual(expected[i], weight.Constant!.Span<float>()[i], 1e-6f);
    }

    [TestMethod]
    [DataRow(ClusterScope.Tensor)]
    [DataRow(ClusterScope.Channel)]
    public void Integers_of_a_codebook_move_and_so_do_scales_and_zero_does_not(ClusterScope scope)
    {
        Value weight = Weight();
        bool[] zeros = [.. Enumerable.Range(0, weight.Constant!.Count).Select(i => i % 3 == 0)];
        Quantization grid = WeightGrid.Symmetric(weight.Constant, 0);
        float[][] levels = [.. grid.Scales.Select(s => new[] { -80 * s, 0, 30 * s, 70 * s })];
        weight.Constraints = new WeightConstraints(new Mask(zeros, SparsityPattern.TryParse("Unstructured")!)).With(grid)
            .With(new Codebook(4, scope, levels));
        weight.Constant = weight.Constraints!.Project(weight.Constant);
        TrainedWeight trained = new(weight, true, 0, OptimizerKind.Adam);
        Assert.AreEqual(grid, weight.Quantization);
        HashSet<sbyte> seen = [];
        for (int i = 0; i < 20; i++)
        {
            trained.Step(TestGraph.RandomTensor(i, 4, 1, 3, 3), 0.01f);
            sbyte[] integers = weight.Quantization!.Quantize(weight.Constant).Span<sbyte>().ToArray();
            Assert.IsTrue(weight.Quantization!.Round(weight.Constant).Bytes.Span.SequenceEqual(weight.Constant.Bytes.Span));
            foreach (sbyte[] part in scope == ClusterScope.Channel ? integers.Chunk(9) : [integers])
                Assert.IsLessThanOrEqualTo(4, part.Distinct().Count());
            Assert.IsTrue(integers.Where((_, e) => zeros[e]).All(q => q == 0));
            seen.UnionWith(integers);
        }

        Assert.IsGreaterThan(6, seen.Count);
        Assert.IsFalse(weight.Quantization!.Scales.SequenceEqual(grid.Scales));
    }

    [TestMethod]
    public void Integers_stay_integers_and_small_steps_add_up()
    {
        Value weight = Weight();
        weight.Quantization = WeightGrid.Symmetric(weight.Constant!, 0);
        weight.Constant = weight.Quantization.Round(weight.Constant!);
        float[] before = weight.Constant.Span<float>().ToArray();
        // A hundredth of a step of the grid each time: nothing is seen of the first, and of a thousand a lot.
        TrainedWeight trained = new(weight, true, 0, OptimizerKind.Sgd);
        Tensor gradient = Tensor.Of<float>(weight.Constant.Dims, [.. Enumerable.Repeat(1f, 36)]);
        trained.Step(gradient, 1e-4f);
        CollectionAssert.AreEqual(before, weight.Constant.Span<float>().ToArray());
        for (int i = 0; i < 1000; i++) trained.Step(gradient, 1e-4f);
        Assert.IsTrue(weight.Constant.Bytes.Span.SequenceEqual(weight.Quantization.Round(weight.Constant).Bytes.Span));
        Assert.IsTrue(weight.Quantization!.Quantize(weight.Constant).Span<sbyte>().ToArray().All(q => q >= -127), "−128 is no weight");
        Assert.IsTrue(weight.Constant.Span<float>().ToArray().Zip(before, (a, b) => a < b).Count(less => less) >= 32);
    }

    private static Value Weight() => new("w", TestGraph.RandomTensor(5, 4, 1, 3, 3));

    private static void Train(Value weight, int steps)
    {
        TrainedWeight trained = new(weight, true, 0, OptimizerKind.Adam);
        for (int i = 0; i < steps; i++) trained.Step(TestGraph.RandomTensor(i, 4, 1, 3, 3), 0.01f);
    }
}
