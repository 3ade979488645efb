using System.Security.Cryptography;
using System.Text;
using ModelOpt.Compiler.Compile;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>
/// The bytes that the networks of the repository become, pinned: a change that is to leave them alone shows that it does,
/// and one that is not shows what it changes.
/// </summary>
[TestClass]
internal sealed class EmittedBytesTests
{
    private const string File = "tests/ModelOpt.Compiler.Tests/Compile/EmittedBytes.txt";

    private static readonly (string Name, CompileOptions Options)[] Builds =
    [
        ("none", new() { Quantization = QuantizationMode.None }),
        ("float16", new() { Quantization = QuantizationMode.Float16 }),
        ("weight-only-int8", new() { Quantization = QuantizationMode.WeightOnlyInt8 }),
        ("int8", new()),
        ("int8 of bytes", new() { InputType = Compiler.Graphs.ElementType.UInt8 }),
        ("int8 by mse", new() { CalibrationMethod = CalibrationMethod.Mse }),
        ("int8 by adaptive rounding", new() { Rounding = WeightRounding.Adaptive, RoundingSteps = 200 }),
        ("sparse", new() { Sparsity = 0.6 }),
        ("2:4, clustered", new() { SparsityPattern = SparsityPattern.TryParse("2:4"), Clusters = 16 }),
        ("channels pruned", new() { ChannelPruning = 1.0 / 3 }),
        ("decomposed", new() { Decomposition = 0.3 }),
        ("fine-tuned", new() { Sparsity = 0.6, FineTune = FineTuneMode.Distill, Epochs = 1 }),
    ];

    [TestMethod]
    public void Networks_of_the_repository_become_the_pinned_bytes()
    {
        LongTest.Require();
        var text = new StringBuilder();
        foreach (string model in new[] { "fashion_cnn.onnx", "fashion_mobilenet.onnx" })
        {
            foreach ((string name, CompileOptions options) in Builds)
            {
                CompiledModel built = ModelCompiler.Compile(GraphTesting.Fixture(model), options with
                {
                    CalibrationData = options.Quantization is null ? [GraphTesting.Fixture("calibration.npy")] : [],
                    CalibrationSamples = 16,
                    InputMean = [0],
                    InputStd = [255],
                }, new DiagnosticList());
                text.Append($"{model}, {name}: .tflite {Hash(built.Tflite)}, packed {Hash(built.Embedded)}, .onnx {Hash(built.Onnx)}\n");
            }
        }

        Snapshot.Equal(File, text.ToString());
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
}
