using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class DynamicQuantizeLinearTests
{
    [TestMethod]
    [DataRow(-1f, 2f)]
    [DataRow(1f, 2f)]
    [DataRow(-3f, -1f)]
    [DataRow(0f, 0f)]
    public void Computes_what_ONNX_Runtime_does(float low, float high)
    {
        var model = new RewriteModel();
        string[] y = model.Nodes("DynamicQuantizeLinear", [model.Input(ElementType.Float32, 3, 50)], 3);
        model.Output(y[0], ElementType.UInt8).Output(y[1]).Output(y[2], ElementType.UInt8);
        var random = new Random(2);
        float[] elements = [.. Enumerable.Range(0, 150).Select(_ => low + ((high - low) * random.NextSingle()))];
        Dictionary<string, Tensor> feeds = new() { ["x0"] = Tensor.Of<float>([3, 50], elements) };
        Tensor[] expected = OnnxRuntime.Run(model.Bytes(), feeds, asWritten: true);
        Check(model.Read().Interpret(feeds), "interpreter");
        Check(TfliteRunner.Run(Lowering.Write(model.Read()), feeds["x0"]), "runtime");

        void Check(Tensor[] actual, string who)
        {
            for (int i = 0; i < 3; i++)
                CollectionAssert.AreEqual(Elements.ToFloats(expected[i]), Elements.ToFloats(actual[i]), $"{who}, output {i}");
        }
    }
}
