using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Activations;
using ModelOpt.Compiler.Options;
using ModelOpt.Fuzz.Graphs;
using ModelOpt.Fuzz.Graphs.Checks;
using ModelOpt.Fuzz.Graphs.Generation;

namespace ModelOpt.Fuzz.Tests.Graphs;

/// <summary>The checks see what is wrong: results that are changed a little too much are found.</summary>
[TestClass]
internal sealed class CheckTests
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

    [TestMethod]
    public void Int8_may_differ_from_float_by_what_rounding_does()
    {
        Subject original = new(OneConvolution(11));
        ModelProto emitted = ToInt8(original);
        Near();
        NodeProto weights = emitted.Graph.Node.First(n =>
            n.OpType == "DequantizeLinear" && Initializer(n.Input[0]) is { DataType: (int)ElementType.Int8 });
        TensorProto scale = Initializer(weights.Input[1])!;
        float[] wrong = [.. Difference.Numbers(OnnxTensors.Read(scale, new ExternalData(null), scale.Name)).Select(s => 1.1f * (float)s)];
        emitted.Graph.Initializer[emitted.Graph.Initializer.IndexOf(scale)] = OnnxTensors.Write(scale.Name, Tensor.Vector<float>(wrong));
        Assert.ThrowsExactly<FindingException>(Near);

        TensorProto? Initializer(string name) => emitted.Graph.Initializer.FirstOrDefault(i => i.Name == name);

        void Near()
        {
            Subject subject = new(emitted, original.Inputs);
            (Dictionary<string, Tensor>[] clean, Dictionary<string, double> noise) = Noise.OfActivations(subject);
            IntegerCheck.Near([original], subject, clean, noise);
        }
    }

    [TestMethod]
    public void What_the_grid_of_a_Softmax_cannot_reach_is_no_fault()
    {
        ModelWriter model = new(17, isOpen: true);
        Edge share = model.Add("Softmax", [model.Input(ElementType.Float32, [1, 1], -1, 1)], [1, 1]);
        model.Output(model.Add("Add", [share, model.Constant(Tensor.Scalar(1f))], [1, 1]));
        Subject original = new(model.Model);
        Subject bounded = PrescribedGrids.Bound(original, ToInt8(original));
        Assert.AreEqual(2f, original.Values[0][original.Outputs[0]].Span<float>()[0], 1e-6f);
        Assert.AreEqual((255f / 256) + 1, bounded.Values[0][original.Outputs[0]].Span<float>()[0], 1e-6f);
    }

    [TestMethod]
    public void Constants_that_a_model_computes_are_rounded_too()
    {
        ModelWriter model = new(21, isOpen: true);
        Edge counted = model.Add("Range", [model.Scalar(0), model.Scalar(42), model.Scalar(1)], [42]);
        Edge squares = model.Add("Mul", [counted, counted], [42]);
        model.Output(model.Add("Add", [model.Input(ElementType.Float32, [1, 1], 0, 0), squares], [1, 42]));
        Subject subject = new(model.Model);
        // Up to half of 41² / 127, evenly.
        double step = 41 * 41 / 127.0, power = Noise.OfConstants(subject, half: false)[subject.Outputs[0]];
        Assert.AreEqual(step * step / 12, power, step * step / 24);
    }

    [TestMethod]
    public void What_is_always_zero_takes_no_steps_of_its_grid()
    {
        IntegerCheck.Grids(Tanh(0), Tanh(0.01));
        Assert.ThrowsExactly<FindingException>(() => IntegerCheck.Grids(Tanh(0.01), Tanh(0.01)));

        static Subject Tanh(double high)
        {
            ModelWriter model = new(17, isOpen: true);
            Edge tanh = model.Add("Tanh", [model.Input(ElementType.Float32, [1, 8], 0, high)], [1, 8]);
            Edge[] grid = [model.Scalar(1f / 128), model.Constant(Tensor.Scalar((sbyte)0))];
            model.Output(model.Add("DequantizeLinear", [model.Add("QuantizeLinear", [tanh, .. grid], [1, 8]), .. grid], [1, 8]));
            return new Subject(model.Model);
        }
    }

    [TestMethod]
    public void A_part_of_an_operator_that_is_zero_without_rounding_takes_no_steps_of_its_grid()
    {
        ModelWriter model = new(17, isOpen: true);
        Edge x = model.Input(ElementType.Float32, [1, 8], 0, 1);
        model.Output(Rounded(model.Add("Sub", [Rounded(x, 1f / 255), Rounded(x, 1f / 200)], [1, 8]), 1f / 128));
        Subject emitted = new(model.Model);
        ModelWriter other = new(17, isOpen: true);
        other.Output(other.Add("Neg", [other.Input(ElementType.Float32, [1, 8], 0, 1)], [1, 8]));
        IntegerCheck.Grids(new Subject(other.Model), emitted);
        Assert.ThrowsExactly<FindingException>(() => IntegerCheck.Grids(emitted, emitted));

        Edge Rounded(Edge edge, float scale)
        {
            Edge[] grid = [model.Scalar(scale), model.Constant(Tensor.Scalar((byte)0))];
            return model.Add("DequantizeLinear", [model.Add("QuantizeLinear", [edge, .. grid], [1, 8]), .. grid], [1, 8]);
        }
    }

    private static ModelProto ToInt8(Subject original)
    {
        using Workbench bench = new();
        return ModelProto.Parser.ParseFrom(bench.Compress(original.Model, Variant.Of(QuantizationMode.Int8), original.Inputs).Onnx);
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
            // A model may give integers.
            Tensor tensor = Tensor.Of<float>(values[o].Dims, Casting.To(values[o], ElementType.Float32).Span<float>());
            foreach (ref float x in tensor.Span<float>()) x = change(x);
            return Casting.To(tensor, values[o].Type);
        }))];
}
