using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Graphs;

[TestClass]
internal sealed class QuantizationMathTests
{
    [TestMethod]
    [DataRow(ElementType.Int8, 0.1f, 0)]
    [DataRow(ElementType.Int8, 0.037f, -128)]
    [DataRow(ElementType.UInt8, 0.5f, 17)]
    [DataRow(ElementType.Int16, 0.001f, 0)]
    public void Rounding_is_to_integers_and_back_bit_for_bit_on_any_threads(ElementType type, float scale, int zero)
    {
        Quantization grid = Quantization.PerTensor(type, scale, zero);
        Tensor x = TestGraph.RandomTensor(3, 40_003);
        Span<float> values = x.Span<float>();
        foreach (ref float value in values) value *= 300 * scale;
        // Ties, signed zeros, what is beyond the grid and what is no number, where vectors and single elements handle them.
        float[] special = [0.5f * scale, 1.5f * scale, -2.5f * scale, 0, -0f, 1e30f, -1e30f, float.PositiveInfinity, float.NaN];
        special.CopyTo(values);
        special.AsSpan(6).CopyTo(values[^3..]);
        Tensor expected = grid.Dequantize(grid.Quantize(x));
        using WorkerPool pool = new(3);
        foreach (WorkerPool? threads in new[] { null, pool })
            Assert.IsTrue(grid.Round(x, threads).Bytes.Span.SequenceEqual(expected.Bytes.Span));
    }
}
