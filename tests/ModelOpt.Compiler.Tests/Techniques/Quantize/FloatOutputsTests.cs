using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class FloatOutputsTests
{
    [TestMethod]
    public void Fewer_samples_are_spread_over_all()
    {
        Graph graph = QuantizeTesting.Sample();
        using Calibrator calibrator = new(graph, QuantizeTesting.SampleContext);
        FloatOutputs exact = new(graph, calibrator, QuantizeTesting.SampleContext);
        Assert.AreEqual(8, exact.Count);
        IReadOnlyList<(Tensor[] Inputs, Tensor[] Outputs)> half = exact.Spread(4);
        for (int i = 0; i < 4; i++)
        {
            Tensor[] inputs = calibrator.Sample(2 * i, 8);
            Assert.IsTrue(half[i].Inputs[0].Bytes.Span.SequenceEqual(inputs[0].Bytes.Span));
            Assert.IsTrue(half[i].Outputs[0].Bytes.Span.SequenceEqual(new Interpreter(graph).Run(inputs)[0].Bytes.Span));
        }
    }
}
