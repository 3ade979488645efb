using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Tests.Model;

[TestClass]
internal sealed class SparseTensorsTests
{
    [TestMethod]
    public void Rows_list_the_positions_that_they_have()
    {
        byte[] dense = SparseTensors.Expand(Rows([0, 2, 2, 3], [1, 3, 0]), [3, 4], 1, new byte[] { 7, 8, 9 }, 12);
        CollectionAssert.AreEqual(new byte[] { 0, 7, 0, 8, 0, 0, 0, 0, 9, 0, 0, 0 }, dense);
    }

    [TestMethod]
    public void Blocks_are_axes_behind_the_others()
    {
        // [4, 4] in blocks of 2 by 2, of which the upper right and the lower left are there.
        FlatTable table = Table([0, 1, 2, 3], [0, 1], Dense(2), List([0, 1, 2], [1, 0]), Dense(2), Dense(2));
        byte[] dense = SparseTensors.Expand(table, [4, 4], 1, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }, 16);
        CollectionAssert.AreEqual(new byte[] { 0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0 }, dense);
    }

    [TestMethod]
    [DataRow(new[] { 0, 2, 2, 3 }, new[] { 1, 4, 0 }, 3)]
    [DataRow(new[] { 0, 2, 2, 3 }, new[] { 1, -1, 0 }, 3)]
    [DataRow(new[] { 0, 2, 2, 9 }, new[] { 1, 3, 0 }, 3)]
    [DataRow(new[] { 0, 2 }, new[] { 1, 3, 0 }, 3)]
    [DataRow(new[] { 0, 2, 2, 3 }, new[] { 1, 3, 0 }, 2)]
    public void Lists_that_do_not_fit_are_refused(int[] segments, int[] indices, int stored) => Assert.ThrowsExactly<InvalidModelException>(
        () => SparseTensors.Expand(Rows(segments, indices), [3, 4], 1, new byte[stored], 12));

    [TestMethod]
    public void Axes_that_are_much_longer_than_the_tensor_end()
    {
        FlatTable table = Table([0, 1], [], Dense(int.MaxValue), List([0, 0], []));
        Assert.ThrowsExactly<InvalidModelException>(() => SparseTensors.Expand(table, [3, 4], 1, new byte[3], 12));
    }

    private static FlatTable Rows(int[] segments, int[] indices) => Table([0, 1], [], Dense(3), List(segments, indices));

    private static Func<FlatBufferBuilder, FlatOffset> Dense(int size) => builder =>
    {
        builder.StartTable(2);
        builder.Add(1, size);
        return builder.EndTable();
    };

    private static Func<FlatBufferBuilder, FlatOffset> List(int[] segments, int[] indices) => builder =>
    {
        FlatOffset first = Vector(builder, segments), second = Vector(builder, indices);
        builder.StartTable(6);
        builder.Add(0, (byte)1);
        builder.Add(2, (byte)1);
        builder.Add(3, first);
        builder.Add(4, (byte)1);
        builder.Add(5, second);
        return builder.EndTable();
    };

    private static FlatOffset Vector(FlatBufferBuilder builder, int[] numbers)
    {
        FlatOffset vector = builder.CreateVector<int>(numbers);
        builder.StartTable(1);
        builder.Add(0, vector);
        return builder.EndTable();
    }

    private static FlatTable Table(int[] order, int[] blocks, params Func<FlatBufferBuilder, FlatOffset>[] levels)
    {
        var builder = new FlatBufferBuilder();
        FlatOffset[] tables = [.. levels.Select(level => level(builder))];
        FlatOffset dims = builder.CreateVector(tables), axes = builder.CreateVector<int>(order), map = builder.CreateVector<int>(blocks);
        builder.StartTable(3);
        builder.Add(0, axes);
        builder.Add(1, map);
        builder.Add(2, dims);
        return new FlatBuffer(builder.Finish(builder.EndTable(), "TEST")).Root("TEST");
    }
}
