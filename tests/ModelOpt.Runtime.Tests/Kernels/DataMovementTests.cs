using ModelOpt.Runtime.Tflite;
using static ModelOpt.Runtime.Tests.Kernels.OperatorTesting;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>Operators that move elements, for every element type: each output element comes from the place that the definition says.</summary>
[TestClass]
public class DataMovementTests
{
    private static readonly TensorType[] Types =
        [TensorType.Float32, TensorType.Int8, TensorType.UInt8, TensorType.Int32, TensorType.Int64, TensorType.Bool];

    [TestMethod]
    public void Transpose_of_up_to_six_dimensions()
    {
        var random = new Random(61);
        foreach (TensorType type in Types)
        {
            for (int round = 0; round < 20; round++)
            {
                int[] shape = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => random.Next(1, 5))];
                int[] permutation = [.. Enumerable.Range(0, shape.Length)];
                random.Shuffle(permutation);
                int[] output = [.. permutation.Select(p => shape[p])];
                TestTensor x = TestTensor.Random(random, type, shape);
                TestTensor y = Run(
                    BuiltinOperator.Transpose, null, [x, TestTensor.Ints(permutation)], Output(type, output))[0];
                AssertMoved(x, y, index =>
                {
                    int[] source = new int[shape.Length];
                    for (int i = 0; i < source.Length; i++)
                        source[permutation[i]] = index[i];
                    return source;
                });
            }
        }
    }

    [TestMethod]
    public void Transpose_of_planes_to_pixels()
    {
        var random = new Random(63);
        foreach (TensorType type in Types)
        {
            for (int width = 1; width < 12; width++)
            {
                TestTensor x = TestTensor.Random(random, type, [2, 3, 5, width]);
                TestTensor y = Run(
                    BuiltinOperator.Transpose, null, [x, TestTensor.Ints(0, 2, 3, 1)], Output(type, [2, 5, width, 3]))[0];
                AssertMoved(x, y, i => [i[0], i[3], i[1], i[2]]);
            }
        }
    }

    [TestMethod]
    public void Slice_and_strided_slice()
    {
        var random = new Random(62);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [4, 5, 6]);
            TestTensor y = Run(
                BuiltinOperator.Slice, null, [x, TestTensor.Ints(1, 0, 2), TestTensor.Ints(2, -1, 3)], Output(type, [2, 5, 3]))[0];
            AssertMoved(x, y, i => [i[0] + 1, i[1], i[2] + 2]);

            TestTensor[] bounds = [TestTensor.Ints(0, 4, 1), TestTensor.Ints(2, -6, 100), TestTensor.Ints(1, -2, 2)];
            y = Run(
                BuiltinOperator.StridedSlice, new StridedSliceOptions(0, 0, 0, 0, 1), [x, .. bounds],
                Output(type, [3, 3]))[0];
            AssertMoved(x, y, i => [0, 4 - (2 * i[0]), 1 + (2 * i[1])]);

            y = Run(
                BuiltinOperator.StridedSlice, new StridedSliceOptions(2, 2, 0, 0, 0), [x, .. bounds],
                Output(type, [2, 3, 3]))[0];
            AssertMoved(x, y, i => [i[0], 4 - (2 * i[1]), 1 + (2 * i[2])]);
        }
    }

    [TestMethod]
    public void Split_and_unpack()
    {
        var random = new Random(63);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [2, 6, 3]);
            TestTensor[] y = Run(
                BuiltinOperator.Split, new SplitOptions(BuiltinOptionsType.Split, 3), [TestTensor.Ints(1), x],
                Output(type, [2, 2, 3]), Output(type, [2, 2, 3]), Output(type, [2, 2, 3]));
            for (int k = 0; k < 3; k++)
                AssertMoved(x, y[k], i => [i[0], i[1] + (2 * k), i[2]]);

            y = Run(
                BuiltinOperator.SplitV, new SplitOptions(BuiltinOptionsType.SplitV, 2), [x, TestTensor.Ints(2, 1), TestTensor.Ints(-1)],
                Output(type, [2, 6, 2]), Output(type, [2, 6, 1]));
            AssertMoved(x, y[0], i => i);
            AssertMoved(x, y[1], i => [i[0], i[1], i[2] + 2]);

            y = Run(
                BuiltinOperator.Unpack, new PackOptions(BuiltinOptionsType.Unpack, 2, 0), [x], Output(type, [6, 3]),
                Output(type, [6, 3]));
            for (int k = 0; k < 2; k++)
                AssertMoved(x, y[k], i => [k, .. i]);
        }
    }

    [TestMethod]
    public void Concatenation_and_pack_undo_split_and_unpack()
    {
        var random = new Random(64);
        foreach (TensorType type in Types)
        {
            TestTensor a = TestTensor.Random(random, type, [2, 3, 4]), b = TestTensor.Random(random, type, [2, 5, 4]);
            TestTensor y = Run(
                BuiltinOperator.Concatenation, new ConcatenationOptions(-2, ActivationFunction.None), [a, b],
                Output(type, [2, 8, 4]))[0];
            AssertMoved(y, a, i => i);
            AssertMoved(y, b, i => [i[0], i[1] + 3, i[2]]);
            TestTensor c = TestTensor.Random(random, type, [2, 3, 4]);
            y = Run(
                BuiltinOperator.Pack, new PackOptions(BuiltinOptionsType.Pack, 2, 2), [a, c],
                Output(type, [2, 3, 2, 4]))[0];
            AssertMoved(y, a, i => [i[0], i[1], 0, i[2]]);
            AssertMoved(y, c, i => [i[0], i[1], 1, i[2]]);
        }
    }

    [TestMethod]
    public void Concatenation_of_other_scales_requantizes()
    {
        var random = new Random(65);
        TestTensor a = TestTensor.Random(random, TensorType.Int8, [50, 3], 0.02f, 4), b = TestTensor.Random(
            random, TensorType.Int8, [50, 2], 0.05f, -7);
        TestTensor y = Run(
            BuiltinOperator.Concatenation, new ConcatenationOptions(1, ActivationFunction.None), [a, b], Output(TensorType.Int8, [50, 5], 0.05f, -7))[0];
        double[] p = a.Real(), q = b.Real();
        AssertClose([.. Enumerable.Range(0, 250).Select(i => i % 5 < 3 ? p[(i / 5 * 3) + (i % 5)] : q[(i / 5 * 2) + (i % 5) - 3])], y);
    }

    [TestMethod]
    public void Pad_with_zero_zero_point_or_a_value()
    {
        var random = new Random(66);
        TestTensor paddings = new(TensorType.Int32, [3, 2], new[] { 1, 0, 0, 2, 3, 1 }, IsConstant: true);
        foreach (TensorType type in Types)
        {
            (float scale, int zero) = type switch { TensorType.Int8 => (0.1f, -7), TensorType.UInt8 => (0.1f, 9), _ => (0f, 0) };
            TestTensor x = TestTensor.Random(random, type, [2, 3, 4], scale, zero);
            TestTensor y = Run(BuiltinOperator.Pad, null, [x, paddings], Output(type, [3, 5, 8], scale, zero))[0];
            AssertMoved(y, x, i => [i[0] + 1, i[1], i[2] + 3]);
            for (int i = 0; i < 120; i++)
            {
                bool inside = i >= 40 && i % 40 < 24 && i % 8 is >= 3 and < 7;
                Assert.IsTrue(inside || y.Real()[i] == 0, $"{type} element {i}");
            }
        }
        TestTensor f = TestTensor.Random(
            random, TensorType.Float32, [2, 3, 4]), value = TestTensor.Float([], -3).AsConstant();
        TestTensor padded = Run(
            BuiltinOperator.PadV2, null, [f, paddings, value], Output(TensorType.Float32, [3, 5, 8]))[0];
        Assert.AreEqual(96, ((float[])padded.Values).Count(v => v == -3));
    }

    [TestMethod]
    public void Gather_along_an_axis()
    {
        var random = new Random(67);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [3, 5, 2]);
            int[] indices = [4, 0, 0, 2];
            TestTensor y = Run(
                BuiltinOperator.Gather, new GatherOptions(1), [x, TestTensor.Ints(indices)],
                Output(type, [3, 4, 2]))[0];
            AssertMoved(x, y, i => [i[0], indices[i[1]], i[2]]);
        }
        TestTensor f = TestTensor.Random(random, TensorType.Float32, [3, 5]), outside = new(
            TensorType.Int64, [1], new long[] { 5 });
        Assert.ThrowsExactly<ArgumentException>(
            () => Run(BuiltinOperator.Gather, new GatherOptions(1), [f, outside], Output(TensorType.Float32, [3, 1])));
    }

    [TestMethod]
    public void Depth_to_space_and_back()
    {
        var random = new Random(68);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [2, 3, 4, 12]);
            TestTensor y = Run(
                BuiltinOperator.DepthToSpace, new BlockOptions(BuiltinOptionsType.DepthToSpace, 2), [x],
                Output(type, [2, 6, 8, 3]))[0];
            AssertMoved(x, y, i => [i[0], i[1] / 2, i[2] / 2, (((i[1] % 2 * 2) + (i[2] % 2)) * 3) + i[3]]);
            TestTensor z = Run(
                BuiltinOperator.SpaceToDepth, new BlockOptions(BuiltinOptionsType.SpaceToDepth, 2), [y],
                Output(type, [2, 3, 4, 12]))[0];
            CollectionAssert.AreEqual(x.Values, z.Values);
        }
    }

    [TestMethod]
    public void Resize_to_the_nearest_pixel()
    {
        TestTensor x = TestTensor.Random(new Random(69), TensorType.UInt8, [1, 3, 4, 5]);
        TestTensor y = Run(
            BuiltinOperator.ResizeNearestNeighbor, new ResizeOptions(
                BuiltinOptionsType.ResizeNearestNeighbor, false, false),
            [x, TestTensor.Ints(6, 8)], Output(TensorType.UInt8, [1, 6, 8, 5]))[0];
        AssertMoved(x, y, i => [0, i[1] / 2, i[2] / 2, i[3]]);
    }

    [TestMethod]
    public void Reshape_squeeze_and_expand_dims_keep_the_bytes()
    {
        var random = new Random(70);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [2, 1, 6]);
            TestTensor y = Run(BuiltinOperator.Reshape, new ReshapeOptions([3, 4]), [x], Output(type, [3, 4]))[0];
            CollectionAssert.AreEqual(x.Values, y.Values);
            y = Run(BuiltinOperator.Squeeze, new SqueezeOptions([1]), [x], Output(type, [2, 6]))[0];
            CollectionAssert.AreEqual(x.Values, y.Values);
            y = Run(BuiltinOperator.ExpandDims, null, [x, TestTensor.Ints(0)], Output(type, [1, 2, 1, 6]))[0];
            CollectionAssert.AreEqual(x.Values, y.Values);
            y = Run(BuiltinOperator.Shape, null, [x], Output(TensorType.Int32, [3]))[0];
            CollectionAssert.AreEqual((int[])[2, 1, 6], (int[])y.Values);
        }
    }

    /// <summary>Each element of <paramref name="part"/> is the element of <paramref name="whole"/> at the index given.</summary>
    private static void AssertMoved(TestTensor whole, TestTensor part, Func<int[], int[]> place)
    {
        for (int flat = 0; flat < part.Values.Length; flat++)
        {
            int[] index = new int[part.Shape.Length];
            for (int d = index.Length - 1, rest = flat; d >= 0; rest /= part.Shape[d], d--)
                index[d] = rest % part.Shape[d];
            int source = 0;
            int[] at = place(index);
            for (int d = 0; d < at.Length; d++)
                source = (source * whole.Shape[d]) + at[d];
            Assert.AreEqual(whole.Values.GetValue(source), part.Values.GetValue(flat), $"{part.Type} element {flat}");
        }
    }
}
