using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Tests.Operators.Description;

[TestClass]
internal sealed class AxisOrderTests
{
    private static readonly int[] Nhwc = [0, 2, 3, 1];

    [TestMethod]
    public void Transposing_between_orders_gives_the_wanted_order()
    {
        int[] from = [2, 0, 3, 1], to = [1, 3, 2, 0];
        CollectionAssert.AreEqual(to, AxisOrder.Apply(from, AxisOrder.Between(from, to)));
    }

    [TestMethod]
    public void Elements_stay_where_only_axes_of_size_1_move()
    {
        Assert.IsTrue(AxisOrder.KeepsElements([5, 1, 28, 28], Nhwc));
        Assert.IsTrue(AxisOrder.KeepsElements([5, 8, 1, 1], Nhwc));
        Assert.IsFalse(AxisOrder.KeepsElements([5, 8, 1, 2], Nhwc));
    }

    [TestMethod]
    [DataRow(new long[] { 2, 8, 1, 1 }, new long[] { 2, 8 }, new[] { 0, 1 }, DisplayName = "Flatten of a pooled image")]
    [DataRow(new long[] { 2, 8, 4, 5 }, new long[] { 2, 8, 20 }, new[] { 0, 2, 1 }, DisplayName = "Height and width merge")]
    [DataRow(new long[] { 2, 8, 20, 1 }, new long[] { 2, 8, 20 }, new[] { 0, 2, 1 }, DisplayName = "Squeeze")]
    [DataRow(new long[] { 2, 8, 4, 5 }, new long[] { 2, 2, 4, 4, 5 }, new[] { 0, 3, 4, 1, 2 }, DisplayName = "Channels split")]
    [DataRow(new long[] { 2, 8, 4, 5 }, new long[] { 2, 160 }, null, DisplayName = "Flatten of an image")]
    [DataRow(new long[] { 2, 8, 4, 5 }, new long[] { 2, 32, 5 }, null, DisplayName = "Channels and height merge")]
    [DataRow(new long[] { 2, 8, 4, 5 }, new long[] { 2, 5, 4, 8 }, null, DisplayName = "Nothing in common")]
    public void Reshaping_carries_the_stored_order_where_it_can(long[] source, long[] target, int[]? expected) =>
        CollectionAssert.AreEqual(expected, AxisOrder.Reshape(source, Nhwc, target));

    [TestMethod]
    public void Permuting_moves_each_element()
    {
        Tensor tensor = Tensor.Of([2, 3], [1, 2, 3, 4, 5, 6]);
        Tensor transposed = AxisOrder.Permute(tensor, [1, 0]);
        CollectionAssert.AreEqual(new[] { 3, 2 }, transposed.Dims.ToArray());
        CollectionAssert.AreEqual(new[] { 1, 4, 2, 5, 3, 6 }, transposed.Span<int>().ToArray());
    }
}
