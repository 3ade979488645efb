namespace ModelOpt.Compiler.Tests.Graphs;

[TestClass]
internal sealed class WeightConstraintsTests
{
    private static readonly int[] Dims = [4, 8, 3, 3];

    /// <summary>The numbers of the six orders are permutations of mask, codebook and grid.</summary>
    [TestMethod]
    [DataRow("mcg"), DataRow("mgc"), DataRow("cmg"), DataRow("cgm"), DataRow("gmc"), DataRow("gcm")]
    public void All_constraints_hold_in_whatever_order_they_were_added(string order)
    {
        WeightConstraints constraints = order.Aggregate(new WeightConstraints(), Add);
        Tensor projected = constraints.Project(TestGraph.RandomTensor(2, Dims));
        AssertHolds(projected, mask: true, codebook: true, grid: true);
        CollectionAssert.AreEqual(
            projected.Span<float>().ToArray(), constraints.Project(projected).Span<float>().ToArray(),
            "projecting twice is projecting once");
    }

    [TestMethod]
    public void What_is_not_asked_for_is_lost()
    {
        Tensor weight = TestGraph.RandomTensor(2, Dims);
        foreach (string given in new[] { "cg", "mg", "mc" })
        {
            Tensor projected = given.Aggregate(new WeightConstraints(), Add).Project(weight);
            bool[] holds = [Zeros(projected), Distinct(projected) <= 5, OnGrid(projected)];
            CollectionAssert.AreEqual(new[] { given.Contains('m'), given.Contains('c'), given.Contains('g') }, holds, given);
        }
    }

    [TestMethod]
    public void Zero_takes_the_place_of_a_level_where_there_is_no_room()
    {
        var codebook = new Codebook(3, ClusterScope.Tensor, [[-1, 0.25f, 1]]);
        WeightConstraints constraints = new WeightConstraints().With(codebook).With(Mask());
        CollectionAssert.AreEqual(new[] { -1f, 0, 1 }, constraints.Codebook!.Levels[0]);
        constraints = new WeightConstraints().With(codebook with { Clusters = 4 }).With(Mask());
        CollectionAssert.AreEqual(new[] { -1f, 0, 0.25f, 1 }, constraints.Codebook!.Levels[0]);
    }

    [TestMethod]
    [DataRow(0.5f, 0f)]
    [DataRow(-0.5f, 0f)]
    [DataRow(0.51f, 1f)]
    [DataRow(-9f, -1f)]
    [DataRow(9f, 3f)]
    [DataRow(2f, 1f)]
    [DataRow(1f, 1f)]
    public void The_nearest_level_is_the_smaller_of_two(float value, float level) =>
        Assert.AreEqual(level, Codebook.Nearest([-1, 0, 1, 3], value));

    private static WeightConstraints Add(WeightConstraints constraints, char kind) => kind switch
    {
        'm' => constraints.With(Mask()),
        'c' => constraints.With(new Codebook(5, ClusterScope.Tensor, [[-0.83f, -0.31f, 0.07f, 0.29f, 0.77f]])),
        _ => constraints.With(Grid()),
    };

    private static Mask Mask() => new([.. Enumerable.Range(0, 288).Select(i => i % 3 == 0)], SparsityPattern.Unstructured);

    private static Quantization Grid() => new(ElementType.Int8, [0.03f, 0.03f, 0.03f, 0.03f], [0, 0, 0, 0], 0);

    private static void AssertHolds(Tensor weight, bool mask, bool codebook, bool grid)
    {
        Assert.AreEqual(mask, Zeros(weight));
        Assert.AreEqual(codebook, Distinct(weight) <= 5);
        Assert.AreEqual(grid, OnGrid(weight));
    }

    private static bool Zeros(Tensor weight) => weight.Span<float>().ToArray().Where((_, i) => i % 3 == 0).All(w => w == 0);

    private static int Distinct(Tensor weight) => weight.Span<float>().ToArray().Distinct().Count();

    private static bool OnGrid(Tensor weight) => weight.Span<float>().ToArray().All(w => MathF.Round(w / 0.03f) * 0.03f == w);
}
