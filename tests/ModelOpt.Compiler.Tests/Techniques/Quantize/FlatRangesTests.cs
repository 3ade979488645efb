using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class FlatRangesTests
{
    [TestMethod]
    public void HardSwish_needs_no_steps_below_minus_three()
    {
        ValueRange range = Narrowed((g, x) => g.Add("HardSwish", x));
        Assert.AreEqual(-3, range.Min, 0.4f);
        Assert.AreEqual(10, range.Max);
    }

    [TestMethod]
    public void A_gated_Sigmoid_needs_few_below_zero()
    {
        ValueRange range = Narrowed((g, x) => g.Add("Mul", x, g.Add("Sigmoid", x)));
        Assert.IsInRange(-9f, -3f, range.Min);
        Assert.AreEqual(10, range.Max);
    }

    [TestMethod]
    public void A_Sigmoid_needs_few_at_either_end()
    {
        ValueRange range = Narrowed((g, x) => g.Add("Sigmoid", x));
        Assert.IsInRange(-8f, -3f, range.Min);
        Assert.IsInRange(3f, 8f, range.Max);
    }

    [TestMethod]
    public void Movers_in_between_change_nothing()
    {
        ValueRange range = Narrowed((g, x) => g.Add("HardSwish", g.Add("Transpose", [x], ("perm", new[] { 0, 2, 3, 1 }))));
        Assert.AreEqual(-3, range.Min, 0.4f);
    }

    [TestMethod]
    public void Functions_behind_a_reshape_may_have_constants_of_more_axes()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 4), image = g.Add("Reshape", x, g.Longs(1, 1, 2, 2));
        g.Output(g.Add("PRelu", image, g.Constant(Tensor.Of<float>([1, 1, 1], [0.5f]))));
        g.Build().AssertArtifactsAgree(("PRelu", 1));
    }

    [TestMethod]
    public void Other_readers_and_functions_that_are_not_flat_keep_the_range()
    {
        Assert.AreEqual(new ValueRange(-20, 10), Narrowed((g, x) => g.Add("LeakyRelu", x)));
        Assert.AreEqual(new ValueRange(-20, 10), Narrowed((g, x) => g.Add("GlobalAveragePool", x)));
        Assert.AreEqual(new ValueRange(-20, 10), Narrowed((g, x) => g.Add("Softmax", x)));
        Assert.AreEqual(new ValueRange(-20, 10), Narrowed((g, x) => g.Add("Add", g.Add("HardSwish", x), g.Add("GlobalAveragePool", x))));
    }

    [TestMethod]
    public void Where_a_gate_reads_channels_times_factors_each_counts_where_its_values_lie()
    {
        // The channel of factor 8 has values below −3/8, the other one, of factor 1, none below −1.
        Tensor values = Tensor.Zeros(ElementType.Float32, [1, 2, 20, 20]);
        for (int i = 0; i < 400; i++) (values.Span<float>()[i], values.Span<float>()[400 + i]) = ((i - 200) / 200f, (i - 200) / 50f);
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2, 20, 20), source = g.Add("Identity", x);
        Tensor factors = Tensor.Of<float>([2, 1, 1, 1], [1, 8]);
        Value whole = g.Add("Conv", [source, g.Constant(factors), g.Floats(3, 3)], ("group", 2));
        g.Output(g.Add("Mul", source, g.Add("Clip", whole, g.Scalar(0), g.Scalar(6))));
        Graph graph = g.Build();
        ActivationStatistics seen = new();
        seen.Add(values);
        ValueRange range = FlatRanges.Narrow(graph, source, seen, new ValueRange(-4, 4));
        Assert.IsInRange(-1.5f, -0.9f, range.Min);
    }

    /// <summary>The range of a value from −20 to 10, evenly spread, that a function reads.</summary>
    private static ValueRange Narrowed(Func<TestGraph, Value, Value> function)
    {
        var g = new TestGraph();
        Value x = g.Add("Identity", g.Input("x", 1, 3, 20, 20));
        g.Output(function(g, x));
        Graph graph = g.Build();
        ActivationStatistics seen = new();
        seen.Add([.. Enumerable.Range(0, 1201).Select(i => -20 + (i * 0.025f))]);
        return FlatRanges.Narrow(graph, x, seen, new ValueRange(-20, 10));
    }
}
