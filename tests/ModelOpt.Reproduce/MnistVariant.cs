using System.Globalization;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Reproduce;

/// <summary>
/// A row of the comparison: what is done to the float model, and what the published pipeline (convolution of 12 3 × 3, ReLU, max-pooling,
/// dense
/// layer of 10; polynomial pruning to 80 %, quantization-aware training, TFLite) gives for it, where it does.
/// </summary>
/// <param name="PublishedBytes">The published size in bytes.</param>
internal sealed record MnistVariant(string Name, CompileOptions Options, string PublishedAccuracy = "", string PublishedBytes = "")
{
    /// <summary>How many values the weights of a layer have at most where they are clustered.</summary>
    private const int Clusters = 16;

    /// <summary>The rows.</summary>
    /// <param name="epochs">How often each variant is trained with every image.</param>
    public static IReadOnlyList<MnistVariant> All(int epochs)
    {
        CompileOptions none = new();
        // The base model knows its training images nearly by heart: moved, they have more to teach.
        CompileOptions trained = new()
        {
            FineTune = FineTuneMode.Labels, Distillation = Distillation.Outputs, Augmentation = Augmentation.Crop, AugmentationShift = 0.04,
            Epochs = epochs,
        };
        CompileOptions collaborative = trained with { PruningSchedule = PruningSchedule.Polynomial, LearningRate = 0.003 };
        CompileOptions floats = trained with { Quantization = QuantizationMode.None };
        return
        [
            new("base", none with { Quantization = QuantizationMode.None }, "96.99–97.35 %", "78,117"),
            new("pruned", floats with { Sparsity = 0.8 }),
            new("QAT", trained),
            new("pruned-QAT", trained with { Sparsity = 0.8 }, "96.84–97.23 %", "8,044–8,342"),
            new("clustered", floats with { Clusters = Clusters }),
            new("PCQAT", collaborative with { Sparsity = 0.9, Clusters = Clusters }),
        ];
    }

    /// <summary>The options as the command line has them.</summary>
    public string Arguments => string.Join(' ', OptionCatalog.OfRecipes.Where(o => o.Of(Options) is not null).Select(o =>
    {
        string text = o.Values.Format(o.Of(Options)!);
        int choice = o.Values.Choices.ToList().IndexOf(text);
        return $"{o.CommandLine} {(choice < 0 ? text : o.CommandLineChoices[choice])}";
    }));

    /// <summary>The network as an ONNX file, its weights zero: they are drawn when it is trained.</summary>
    public static byte[] Network()
    {
        Graph graph = new() { Name = "mnist" };
        Value image = new("image", ElementType.Float32, new Shape(new Dim(-1, "N"), 1, 28, 28));
        graph.Inputs.Add(image);
        Value x = Add("Conv", image, Zeros("conv_weight", 12, 1, 3, 3), Zeros("conv_bias", 12));
        x = Add("MaxPool", Add("Relu", x));
        x.Producer!.Attributes["kernel_shape"] = x.Producer.Attributes["strides"] = new long[] { 2, 2 };
        x = Add("Gemm", Add("Flatten", x), Zeros("dense_weight", 10, 12 * 13 * 13), Zeros("dense_bias", 10));
        x.Producer!.Attributes["transB"] = 1L;
        graph.Outputs.Add(x);
        ShapeInference.Run(graph);
        return OnnxWriter.Write(graph);

        Value Add(string type, params Value[] inputs) =>
            graph.Add(new Node(type, type.ToLowerInvariant(), inputs, [new Value($"{type.ToLowerInvariant()}_out")])).Output;

        static Value Zeros(string name, params int[] dims) => new(name, Tensor.Zeros(ElementType.Float32, dims));
    }

    /// <summary>A number with its unit, the same in every culture.</summary>
    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
