using ModelOpt.Compiler.Compile;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class WeightSizesTests
{
    private static readonly Dim N = new(-1, "N"), A = new(-1, "A"), B = new(-1, "B"), C = new(-1, "C");

    [TestMethod]
    public void Channels_are_those_of_the_kernel()
    {
        Assert.AreEqual(new Shape(N, 3, B, C), Fixed([N, A, B, C], (g, x) =>
            g.Add("Conv", [g.Add("Sub", [x, g.Floats(0.5f)]), g.Random(1, 4, 3, 3, 3)])));
        Assert.AreEqual(new Shape(N, 6, B, C), Fixed([N, A, B, C], (g, x) =>
            g.Add("Conv", [x, g.Random(1, 4, 3, 3, 3)], ("group", 2))));
        Assert.AreEqual(new Shape(N, A, B, 3), Fixed([N, A, B, C], (g, x) =>
            g.Add("Conv", [g.Add("Transpose", [x], ("perm", new[] { 0L, 3, 1, 2 })), g.Random(1, 4, 3, 3, 3)])));
        Assert.AreEqual(new Shape(N, 5, B), Fixed([N, A, B], (g, x) => g.Add("ConvTranspose", [x, g.Random(1, 5, 2, 3)])));
    }

    [TestMethod]
    public void Features_are_those_of_the_weight()
    {
        Assert.AreEqual(new Shape(N, A, 7), Fixed([N, A, B], (g, x) => g.Add("MatMul", [x, g.Random(1, 7, 2)])));
        Assert.AreEqual(new Shape(N, 2), Fixed([N, A], (g, x) => g.Add("Gemm", [x, g.Random(1, 7, 2)], ("transB", 1))));
        Assert.AreEqual(new Shape(N, A, B), Fixed([N, A, B], (g, x) => g.Add("Softmax", [x])));
    }

    private static Shape Fixed(Dim[] dims, Func<TestGraph, Value, Value> build)
    {
        var g = new TestGraph();
        Value x = g.Input("x", [.. dims.Select(_ => 1L)]);
        x.Shape = new Shape(dims);
        g.Output(build(g, x));
        WeightSizes.Fix(g.Graph);
        return x.Shape!;
    }
}
