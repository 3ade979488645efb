using System.Globalization;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <content>What models of one input and one output have in common, and images of any size.</content>
internal static partial class WrapperWriter
{
    private static bool IsModel(Wrapper wrapper) =>
        wrapper is { Inputs.Count: 1, Outputs.Count: 1, TakesShapes: false, States.Count: 0 } && !wrapper.Outputs[0].HasOpenSizes;

    private static string Interface(Wrapper wrapper) => IsModel(wrapper)
        ? $"{RuntimeName}.IModel<{wrapper.Inputs[0].Type}, {wrapper.Outputs[0].Type}>"
        : "global::System.IDisposable";

    private static void WriteInterface(CodeText code, Wrapper wrapper)
    {
        code.Line("/// <inheritdoc/>");
        code.Line($"int {Interface(wrapper)}.InputLength => {wrapper.Inputs[0].Member}Length;");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"int {Interface(wrapper)}.OutputLength => {wrapper.Outputs[0].Member}Length;");
        code.Line();
    }

    // One image a call, of a size that is known.
    private static bool TakesImages(Wrapper wrapper) => wrapper is { Source.TakesPixels: true, Inputs.Count: 1, TakesShapes: false }
        && wrapper.Inputs[0].Tensor is { Type: ElementType.UInt8, Shape: { Rank: 4 } shape }
        && (!shape[0].IsKnown || shape[0].Size == 1) && shape[3].IsKnown && shape[3].Size is 1 or 3 or 4;

    private static void WriteImageRun(CodeText code, Wrapper wrapper)
    {
        WrapperTensor input = wrapper.Inputs[0];
        Shape shape = input.Tensor.Shape;
        string length = $"{input.Member}Length";
        code.Line("/// <summary>Runs the model on an image of any size, as decoders give it.</summary>");
        code.Line("/// <param name=\"rgba\">Red, green, blue and alpha of each pixel, 0…255, row after row; alpha is dropped.</param>");
        code.Line("/// <param name=\"width\">The width of the image in pixels.</param>");
        code.Line("/// <param name=\"height\">The height of the image in pixels.</param>");
        code.Line("/// <param name=\"fit\">How it is brought to the size that the model takes.</param>");
        code.Line("/// <returns>The outputs, valid until disposed of; forgetting to do so costs only garbage.</returns>");
        code.Line("/// <exception cref=\"global::System.ArgumentException\">The sizes are not those of the bytes.</exception>");
        code.Line($"public Output Run({ReadOnlySpan}<byte> rgba, int width, int height, {RuntimeName}.ImageFit fit = default)");
        using (code.Block())
        {
            code.Line($"byte[] buffer = global::System.Buffers.ArrayPool<byte>.Shared.Rent({length});");
            code.Line("try");
            using (code.Block())
            {
                code.Line($"{Span}<byte> image = new {Span}<byte>(buffer, 0, {length});");
                code.Line(CultureInfo.InvariantCulture,
                    $"{RuntimeName}.RgbaImage.Resize(rgba, width, height, fit, image, {shape[2].Size}, {shape[1].Size}, {shape[3].Size});");
                code.Line("return this.Run(image);");
            }

            code.Line("finally");
            using (code.Block()) code.Line("global::System.Buffers.ArrayPool<byte>.Shared.Return(buffer);");
        }

        code.Line();
    }
}
