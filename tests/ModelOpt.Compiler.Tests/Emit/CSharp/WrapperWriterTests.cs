using ModelOpt.Compiler.Emit.CSharp;

namespace ModelOpt.Compiler.Tests.Emit.CSharp;

/// <summary>The generated source, compared with snapshots; that it compiles and runs, the tests of ModelOpt.Build show.</summary>
[TestClass]
internal sealed class WrapperWriterTests
{
    private static readonly Dim Batch = new(-1, "N");

    [TestMethod]
    public void A_classifier_of_images_with_labels() => Check("Classifier",
        new("resnet8.onnx", "My.App", "Resnet8")
        {
            TakesPixels = true,
            Softmax = true,
            Labels = ["cat", "dog \"hot\"", "naïve\\bird"],
            LabelsFile = "labels.txt",
        },
        new([new("input:0", ElementType.UInt8, new Shape(Batch, 32, 32, 3))],
            [new("probabilities", ElementType.Float32, new Shape(Batch, 3))]));

    [TestMethod]
    public void Several_inputs_and_outputs_whose_names_are_no_names_in_csharp() => Check("Awkward",
        new("v2 <beta> & co.onnx", "", "Awkward") { Quantization = QuantizationMode.Float16, IsEmbedded = false },
        new([
                new("class", ElementType.Float32, new Shape(1, 16)),
                new("x.1", ElementType.Int64, new Shape(1)),
                new("x/1", ElementType.Bool, new Shape(new ReadOnlySpan<int>([]))),
                new("model", ElementType.Float16, new Shape(1, 2)),
            ],
            [
                new("output", ElementType.Float32, new Shape(1, 4)),
                new("Awkward", ElementType.Int32, new Shape(1, 5)),
                new("7", ElementType.Float64, new Shape(1, 6)),
                new("größe", ElementType.Int8, new Shape(2, 3, 4)),
            ]));

    [TestMethod]
    public void A_recurrent_model_has_streams() => Check("Recurrent",
        new("gru.onnx", "My.App", "Gru"),
        new([
                new("h", ElementType.Float32, new Shape(2, 1, 8)),
                new("frame", ElementType.Float32, new Shape(1, 16)),
                new("in", ElementType.Float16, new Shape(Batch, 4)),
            ],
            [
                new("stream", ElementType.Float32, new Shape(1, 3)),
                new("out", ElementType.Float16, new Shape(Batch, 4)),
                new("hn", ElementType.Float32, new Shape(2, 1, 8)),
            ])
        {
            States = [new("h", "hn"), new("in", "out")],
        });

    [TestMethod]
    public void A_stream_takes_chunks_of_any_length() => Check("Chunks",
        new("chunks.onnx", "My.App", "Chunks"),
        new([
                new("chunk", ElementType.Float32, new Shape(Batch, new Dim(-1, "T"))),
                new("rate", ElementType.Int64, new Shape(1)),
                new("h", ElementType.Float32, new Shape(Batch, 8)),
            ],
            [
                new("y", ElementType.Float32, new Shape(Batch, new Dim(-1, "T"))),
                new("hn", ElementType.Float32, new Shape(Batch, 8)),
            ])
        {
            States = [new("h", "hn")],
        });

    [TestMethod]
    public void Members_of_tensors_are_told_apart_and_from_the_class()
    {
        var source = new WrapperSource("x_length.onnx", "App", "XLength");
        TensorSignature[] outputs = [.. ((string[])["x", "score", "scoreLength", "y_shape", "y"])
            .Select(name => new TensorSignature(name, ElementType.Float32, new Shape(1, 4)))];
        Wrapper wrapper = Wrapper.Parse(source, new ModelSignature([], outputs));
        Assert.AreEqual("XValues Score ScoreLength_2 YShape Y_2", string.Join(' ', wrapper.Outputs.Select(o => o.Member)));
    }

    [TestMethod]
    public void Names_that_are_given_win()
    {
        var source = new WrapperSource("m.onnx", "App", "M")
        {
            InputNames = ["image"], OutputNames = ["scores", "output"], TakesPixels = true,
        };
        Wrapper wrapper = Wrapper.Parse(source, Detector);
        Assert.AreEqual("Image Scores OutputValues", string.Join(' ', wrapper.Inputs.Concat(wrapper.Outputs).Select(t => t.Member)));
        Assert.AreEqual("image", wrapper.Inputs[0].Parameter);
    }

    [TestMethod]
    [DataRow("scores", "MOPT6023", "OutputNames: 1 names are given, and the model has 2 outputs: 'sigmoid_0.tmp_0' [1, 3], 'y' [1, 4].")]
    [DataRow("scores boxes more", "MOPT6023", "3 names are given")]
    [DataRow("scores Scores", "MOPT6023", "'scores' and 'Scores' are one name")]
    [DataRow("scores box-es", "MOPT6005", "OutputNames: 'box-es' is not a C# name.")]
    [DataRow("class scores", "MOPT6005", "'class'")]
    public void Names_must_fit(string names, string code, string part)
    {
        var source = new WrapperSource("m.onnx", "App", "M") { OutputNames = names.Split(' ') };
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => Wrapper.Parse(source, Detector));
        Assert.AreEqual(code, e.Diagnostic.Descriptor.Code);
        StringAssert.Contains(e.Diagnostic.Message, part);
    }

    private static ModelSignature Detector { get; } = new(
        [new("x", ElementType.UInt8, new Shape(1, 4))],
        [new("sigmoid_0.tmp_0", ElementType.Float32, new Shape(1, 3)), new("y", ElementType.Float32, new Shape(1, 4))]);

    [TestMethod]
    public void Labels_must_fit_an_output()
    {
        var source = new WrapperSource("m.onnx", "App", "M") { Labels = ["a", "b"], LabelsFile = "labels.txt" };
        var signature = new ModelSignature(
            [new("x", ElementType.Float32, new Shape(1, 4))], [new("y", ElementType.Float32, new Shape(1, 3))]);
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => WrapperWriter.Write(source, signature));
        Assert.AreEqual("MOPT6007", e.Diagnostic.Descriptor.Code);
        StringAssert.Contains(e.Diagnostic.Message, "'labels.txt' has 2 labels");
    }

    [TestMethod]
    public void Sizes_that_each_call_says() => Check("Sized",
        new("detector.onnx", "App", "Detector"),
        new([
                new("image", ElementType.Float32, new Shape(Batch, 3, new Dim(-1, "H"), new Dim(-1, "W"))),
                new("state", ElementType.Float32, new Shape(2, Batch, 8)),
                new("rate", ElementType.Int64, new Shape(new ReadOnlySpan<int>([]))),
            ],
            [
                new("boxes", ElementType.Float32, new Shape(Batch, new Dim(-1, "H*W"), 4)),
                new("count", ElementType.Int32, new Shape(Batch, 1)),
                new("scale", ElementType.Float32, new Shape(1, 1)),
            ]));

    [TestMethod]
    public void One_input_of_any_size() => Check("AnySize",
        new("upscale.onnx", "App", "Upscale"),
        new([new("image", ElementType.Float32, new Shape(Batch, 1, new Dim(-1, "H"), new Dim(-1, "W")))],
            [new("larger", ElementType.Float32, new Shape(Batch, 1, new Dim(-1, "2*H"), new Dim(-1, "2*W")))]));

    private static void Check(string name, WrapperSource source, ModelSignature signature) => Snapshot.Equal(
        $"tests/ModelOpt.Compiler.Tests/Emit/CSharp/Snapshots/{name}.g.cs.txt", WrapperWriter.Write(source, signature));
}
