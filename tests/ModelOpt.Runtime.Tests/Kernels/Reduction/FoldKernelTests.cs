using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class FoldKernelTests
{
    [TestMethod]
    public void The_greatest_over_axes_that_are_not_neighbours()
    {
        float[] x = KernelTesting.Floats(4 * 3 * 5, 7);
        CollectionAssert.AreEqual(Enumerable.Range(0, 3).Select(c => x.Where((_, i) => i / 5 % 3 == c).Max()).ToArray(), Run(x));
    }

    [TestMethod]
    public void Not_a_number_is_passed_on()
    {
        float[] x = KernelTesting.Floats(4 * 3 * 5, 7);
        x[7] = float.NaN;
        CollectionAssert.AreEqual(new[] { false, true, false }, Run(x).Select(float.IsNaN).ToArray());
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void Rows_longer_than_vectors(int axis)
    {
        int[] shape = [3, 5, 77];
        float[] x = KernelTesting.Floats(3 * 5 * 77, 3);
        bool[] reduced = [axis == 0, axis == 1, axis == 2];
        int outputs = x.Length / shape[axis];
        ILookup<int, float> of = x.Select((value, i) => (Value: value, Output: Output(i))).ToLookup(p => p.Output, p => p.Value);
        Check<GreatestFolding>(float.NegativeInfinity, values => values.Max());
        Check<LeastFolding>(float.PositiveInfinity, values => values.Min());
        Check<ProductFolding>(1, values => values.Aggregate(1f, (a, b) => a * b));

        int Output(int i) => axis == 0 ? i % 385 : axis == 1 ? (i / 385 * 77) + (i % 77) : i / 77;

        void Check<TFolding>(float ofNothing, Func<IEnumerable<float>, float> fold)
            where TFolding : struct, IFolding
        {
            byte[] y = KernelTesting.Run(
                new FoldKernel<float, TFolding>(new ReduceShape(shape, reduced), ofNothing), outputs * sizeof(float),
                MemoryMarshal.AsBytes<float>(x).ToArray());
            CollectionAssert.AreEqual(
                Enumerable.Range(0, outputs).Select(o => fold(of[o])).ToArray(), MemoryMarshal.Cast<byte, float>(y).ToArray());
        }
    }

    [TestMethod]
    public void Not_a_number_is_passed_on_in_long_rows()
    {
        foreach (int place in (int[])[0, 5, 76])
        {
            float[] x = KernelTesting.Floats(77, 7);
            x[place] = float.NaN;
            byte[] y = KernelTesting.Run(
                new FoldKernel<float, GreatestFolding>(new ReduceShape([77], [true]), float.NegativeInfinity), sizeof(float),
                MemoryMarshal.AsBytes<float>(x).ToArray());
            Assert.IsTrue(float.IsNaN(BitConverter.ToSingle(y)));
        }
    }

    private static float[] Run(float[] x) => MemoryMarshal.Cast<byte, float>(KernelTesting.Run(
        new FoldKernel<float, GreatestFolding>(new ReduceShape([4, 3, 5], [true, false, true]), float.NegativeInfinity), 3 * sizeof(float),
        MemoryMarshal.AsBytes<float>(x).ToArray())).ToArray();
}
