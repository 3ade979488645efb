using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Fuzz.Graphs;
using ModelOpt.Fuzz.Graphs.Checks;
using ModelOpt.Fuzz.Graphs.Generation;

namespace ModelOpt.Fuzz.Tests.Graphs;

/// <summary>The checks see what is wrong: results that are changed a little too much are found.</summary>
[TestClass]
public class CheckTests
{
    [TestMethod]
    public void Floats_may_differ_by_rounding_alone()
    {
        Subject subject = new(OneConvolution(11));
        FloatCheck.Close(subject, Changed(subject, x => x * (1 + 2e-5f)), "test");
        Assert.ThrowsExactly<FindingException>(() => FloatCheck.Close(subject, Changed(subject, x => x * (1 + 1e-3f)), "test"));
        Assert.ThrowsExactly<FindingException>(() => FloatCheck.Close(subject, Changed(subject, _ => float.NaN), "test"));
    }

    [TestMethod]
    public void Rounded_weights_explain_so_much()
    {
        Subject subject = new(OneConvolution(11));
        FloatCheck.Rounded(subject, Changed(subject, x => x * 1.001f), half: false);
        Assert.ThrowsExactly<FindingException>(() => FloatCheck.Rounded(subject, Changed(subject, x => x * 1.1f), half: false));
        Assert.ThrowsExactly<FindingException>(() => FloatCheck.Rounded(subject, Changed(subject, x => x * 1.01f), half: true));
    }

    [TestMethod]
    public void Integers_may_differ_by_what_rounding_does()
    {
        Subject subject = new(QdqGenerator.Make(new Random(5)));
        (_, Dictionary<string, double> noise) = Noise.OfActivations(subject);
        IntegerCheck.Same(subject, subject.Values, noise, "test");
        Assert.ThrowsExactly<FindingException>(() => IntegerCheck.Same(subject, Changed(subject, x => x * 1.5f), noise, "test"));
    }

    private static ModelProto OneConvolution(int seed)
    {
        Random random = new(seed);
        ModelWriter model = new(17, isOpen: true);
        Edge x = model.Input(ElementType.Float32, [1, 3, 6, 6], -1, 1);
        float[] weights = [.. Enumerable.Range(0, 4 * 3 * 9).Select(_ => (float)random.NextDouble() - 0.5f)];
        model.Output(model.Add("Conv", [x, model.Constant(Tensor.Of<float>([4, 3, 3, 3], weights))], [1, 4, 4, 4]));
        return model.Model;
    }

    private static Dictionary<string, Tensor>[] Changed(Subject subject, Func<float, float> change) =>
        [.. subject.Values.Select(values => subject.Outputs.ToDictionary(o => o, o =>
        {
            Tensor tensor = Tensor.Of<float>(values[o].Dims, values[o].Span<float>());
            foreach (ref float x in tensor.Span<float>()) x = change(x);
            return tensor;
        }))];
}
