using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

/// <summary>
/// A model of one operator of ai.onnx.ml on rows of features, of which there may be any number, as exporters write them: float32 features
/// and a first output of labels where there are two.
/// </summary>
internal sealed class LearnedModel
{
    private readonly RewriteModel _model;
    private readonly ElementType _type;
    private readonly int _features;

    public LearnedModel(
        string type, int features, int outputs, (string Name, object Value)[] attributes, ElementType input = ElementType.Float32,
        ElementType output = ElementType.Float32, int learned = 3, bool open = true)
    {
        (_type, _features) = (input, features);
        _model = new RewriteModel(learned: learned);
        _model.Proto.Input("x", (int)input, open ? "N" : "6", $"{features}");
        string[] names = _model.Nodes(type, ["x"], outputs, attributes);
        if (outputs == 2) _model.Output(names[0], ElementType.Int64);
        _model.Output(names[^1], output);
    }

    public ModelProto Proto => _model.Proto.Proto;

    public byte[] Bytes => _model.Bytes();

    /// <summary>Rows of numbers of few values, so that some lie on borders, and perhaps some that are none.</summary>
    public Tensor Rows(int count, double missing = 0)
    {
        var random = new Random(5);
        Tensor rows = Tensor.Zeros(ElementType.Float32, [count, _features]);
        foreach (ref float x in rows.Span<float>())
            x = random.NextDouble() < missing ? float.NaN : random.Next(-8, 9) / 4f;
        return Casting.To(rows, _type);
    }

    /// <summary>Fails the test unless interpreter, runtime, LiteRT and the written .onnx give what ONNX Runtime gives.</summary>
    public void AssertAgrees(double missing = 0, float tolerance = 1e-5f, bool liteRt = true)
    {
        Tensor x = Rows(6, missing);
        var feeds = new Dictionary<string, Tensor> { ["x"] = x };
        Tensor[] expected = OnnxRuntime.Run(Bytes, feeds);
        using var folder = new TempFolder();
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("m.onnx", Bytes), new CompileOptions { Quantization = QuantizationMode.None }, new DiagnosticList());
        Graph graph = OnnxReader.Read(Bytes);
        ShapeInference.Run(graph);
        AssertSame(expected, new Interpreter(graph).Run(x), "interpreter", tolerance);
        AssertSame(expected, TfliteRunner.RunBatch(compiled.Tflite, 6, x), "runtime", tolerance);
        AssertSame(expected, OnnxRuntime.Run(compiled.Onnx, feeds), ".onnx", tolerance);
        // LiteRT runs one row at a time of a model whose batch is open.
        if (liteRt)
        {
            Tensor row = new(x.Type, [1, _features], x.Bytes[..(x.Bytes.Length / 6)].ToArray());
            Tensor[] one = OnnxRuntime.Run(Bytes, new Dictionary<string, Tensor> { ["x"] = row });
            AssertSame(one, TfliteRunner.RunLiteRt(compiled.Tflite, row), "LiteRT", tolerance);
        }
    }

    private static void AssertSame(Tensor[] expected, Tensor[] actual, string who, float tolerance)
    {
        for (int output = 0; output < expected.Length; output++)
        {
            Assert.AreEqual((expected[output].Type, expected[output].Shape), (actual[output].Type, actual[output].Shape), who);
            float[] e = Elements.ToFloats(expected[output]), a = Elements.ToFloats(actual[output]);
            for (int i = 0; i < e.Length; i++)
            {
                bool isSame = e[i].Equals(a[i]) || MathF.Abs(e[i] - a[i]) <= tolerance * MathF.Max(1, MathF.Abs(e[i]));
                Assert.IsTrue(isSame, $"{who}, output {output}, element {i}: {a[i]:R} instead of {e[i]:R}");
            }
        }
    }
}
