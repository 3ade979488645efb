using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class FloatSumsTests
{
    [TestMethod]
    public void Sums_before_normalizations_are_in_float_and_those_that_they_add_up()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 3, 8);
        Value first = g.Add("Add", x, g.Add("Relu", x));
        Value factor = g.Add("Mul", g.Add("Relu", Normalized(g, first, 1)), g.Scalar(2));
        Value second = g.Add("Add", first, factor);
        g.Output(g.Add("Relu", Normalized(g, g.Add("Reshape", second, g.Longs(3, 8)), 2)));
        string[] found = [.. FloatSums.Find(g.Build()).Select(n => n.Type).Order()];
        CollectionAssert.AreEqual(new[] { "Add", "Add", "Mul", "Reshape" }, found);
    }

    [TestMethod]
    public void Sums_that_others_read_too_may_be_int8()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 3, 8), read = g.Add("Add", x, x), given = g.Add("Add", x, g.Add("Relu", x));
        g.Output(g.Add("Relu", read));
        g.Output(given);
        g.Output(Normalized(g, read, 1));
        g.Output(Normalized(g, given, 2));
        Assert.IsEmpty(FloatSums.Find(g.Build()));
    }

    [TestMethod]
    public void What_moves_a_layers_result_to_a_normalization_moves_it_in_int8()
    {
        var g = new TestGraph();
        Value y = g.Add("Gemm", g.Input("x", 3, 8), g.Random(1, 8, 8));
        g.Output(Normalized(g, g.Add("Reshape", y, g.Longs(1, 3, 8)), 2));
        Assert.IsEmpty(FloatSums.Find(g.Build()));
    }

    private static Value Normalized(TestGraph g, Value x, int seed) => g.Add("LayerNormalization", x, g.Random(seed, 8), g.Random(seed, 8));
}
