namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class PlaneTransposerTests
{
    [TestMethod]
    public void Planes_of_any_size()
    {
        foreach ((int rows, int columns) in ((int, int)[])[(8, 8), (4, 4), (12, 43), (9, 15), (33, 8), (100, 5), (7, 64)])
        {
            Check<byte>(rows, columns, 8);
            Check<ushort>(rows, columns, 8);
            Check<uint>(rows, columns, 4);
        }
    }

    private static void Check<T>(int rows, int columns, int block)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        int from = columns + 3, to = rows + 2;
        T[] x = [.. Enumerable.Range(0, rows * from).Select(T.CreateTruncating)], y = new T[columns * to], expected = new T[y.Length];
        bool ran = PlaneTransposer.TryRun(x.AsSpan(0, x.Length - 3), from, y.AsSpan(0, y.Length - 2), to, rows, columns);
        if (rows < block || columns < block)
        {
            Assert.IsFalse(ran);
            return;
        }

        for (int i = 0; ran && i < rows * columns; i++)
            expected[(i % columns * to) + (i / columns)] = x[(i / columns * from) + (i % columns)];
        CollectionAssert.AreEqual(expected, y, $"{typeof(T)} {rows}×{columns}");
    }
}
