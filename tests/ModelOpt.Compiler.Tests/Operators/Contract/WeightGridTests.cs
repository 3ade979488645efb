namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class WeightGridTests
{
    private static readonly Tensor Weight = Tensor.Of<float>([2, 3], [1, -254, 3, 0.5f, 0, -0.127f]);

    [TestMethod]
    public void Scales_reach_the_largest_magnitude_of_each_slice()
    {
        Quantization rows = WeightGrid.Symmetric(Weight, 0);
        CollectionAssert.AreEqual(new[] { 254f / 127, 0.5f / 127 }, rows.Scales.ToArray());
        Assert.AreEqual((ElementType.Int8, 0), (rows.Type, rows.Axis));
        CollectionAssert.AreEqual(new[] { 0, 0 }, rows.ZeroPoints.ToArray());
        CollectionAssert.AreEqual(new[] { 1f / 127, 254f / 127, 3f / 127 }, WeightGrid.Symmetric(Weight, 1).Scales.ToArray());
        Assert.AreEqual(new Quantization(ElementType.Int8, [254f / 127], [0]), WeightGrid.Symmetric(Weight, -1));
    }

    [TestMethod]
    public void Integers_lie_in_minus_127_to_127()
    {
        Tensor q = WeightGrid.Symmetric(Weight, 0).Quantize(Weight);
        CollectionAssert.AreEqual(new sbyte[] { 0, -127, 2, 127, 0, -32 }, q.Span<sbyte>().ToArray());
    }

    [TestMethod]
    public void A_slice_of_zeros_has_scale_1() =>
        Assert.AreEqual(1, WeightGrid.Symmetric(Tensor.Zeros(ElementType.Float32, [2, 3]), 0).Scales[1]);

    [TestMethod]
    public void A_lower_bound_holds_where_it_is_larger() =>
        CollectionAssert.AreEqual(new[] { 2f, 0.25f }, WeightGrid.Symmetric(Weight, 0, [1, 0.25f]).Scales.ToArray());

    [TestMethod]
    public void Asymmetric_holds_both_ends_and_zero()
    {
        Quantization grid = WeightGrid.Asymmetric(Tensor.Vector<float>(2, 5.1f));
        Assert.AreEqual((ElementType.Int8, 5.1f / 255, -128), (grid.Type, grid.Scale, grid.ZeroPoint));
        grid = WeightGrid.Asymmetric(Tensor.Vector<float>(-51, 204));
        Assert.AreEqual((1f, -77), (grid.Scale, grid.ZeroPoint));
    }
}
