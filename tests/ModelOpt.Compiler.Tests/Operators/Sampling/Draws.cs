using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Operators.Sampling;

/// <summary>What a node of random numbers draws in the interpreter, in our runtime, in LiteRT and in ONNX Runtime.</summary>
internal static class Draws
{
    private const string Peer = "ONNX Runtime";

    /// <summary>Fails the test unless each draws numbers of this mean and deviation, as far as their count tells.</summary>
    /// <param name="deviation">The deviation of one number.</param>
    /// <param name="peer">The mean of ONNX Runtime's, where it is another.</param>
    public static void AssertDistributed(
        this Node node, double mean, double deviation, int fed = 1, int opset = Graph.WrittenOpset, double? peer = null)
    {
        foreach ((string who, Tensor drawn) in node.All(fed, opset))
        {
            double[] numbers = Casting.To(drawn, ElementType.Float64).Span<double>().ToArray();
            double own = numbers.Average(), spread = Math.Sqrt(numbers.Average(x => (x - own) * (x - own)));
            // Five deviations of the mean of so many; the spread of numbers that are distributed normally differs less.
            double most = 5 * deviation / Math.Sqrt(numbers.Length);
            Assert.IsLessThanOrEqualTo(most, Math.Abs(own - (who == Peer ? peer ?? mean : mean)), $"{who}: the mean is {own}");
            Assert.IsLessThanOrEqualTo(most, Math.Abs(spread - deviation), $"{who}: the deviation is {spread}");
        }
    }

    /// <summary>The first output of each; the first run of a file is, bit for bit, what the interpreter draws.</summary>
    public static IEnumerable<(string Who, Tensor Drawn)> All(this Node node, int fed, int opset = Graph.WrittenOpset)
    {
        Tensor[] inputs = [.. node.Inputs.Take(fed).Select(v => v!.Constant!)];
        Graph graph = OnnxReader.Read(node.Model(opset, fed));
        ShapeInference.Run(graph);
        Tensor expected = node.RunPeer(opset, fed)[0], own = new Interpreter(graph).Run(inputs)[0];
        byte[] tflite = Lowering.Write(graph);
        Tensor first = TfliteRunner.Run(tflite, inputs)[0], liteRt = TfliteRunner.RunLiteRt(tflite, inputs)[0];
        Assert.AreEqual(expected.Shape, own.Shape);
        Assert.AreEqual((own.Type, own.Shape), (first.Type, first.Shape));
        Assert.AreEqual((own.Type, own.Shape), (liteRt.Type, liteRt.Shape));
        CollectionAssert.AreEqual(own.Bytes.ToArray(), first.Bytes.ToArray());
        return [(Peer, expected), ("the interpreter", own), ("the runtime", first), ("LiteRT", liteRt)];
    }
}
