namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class TransposeOperatorTests
{
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
}
