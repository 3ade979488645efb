using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>The bias of a layer with weights, which TFLite wants as a vector even where ONNX has none.</summary>
internal static class LayerBias
{
    /// <summary>The bias as [outputs]: float, or int32 at scale input · weight where the node runs in integers.</summary>
    /// <param name="index">
    /// The position of the bias, or -1; it is absent, or a constant of 1 or <paramref name="outputs"/> elements.
    /// </param>
    public static TfliteTensor Of(
        Lowering context, Node node, int index, TfliteTensor x, TfliteTensor w, int outputs)
    {
        if (index >= 0 && node.InputOrNull(index) is { } bias)
        {
            if (bias.Constant is null)
                throw Diagnostics.GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "a bias that is computed");
            return context.ConstantInput(node, index, "bias", tensor => Vector(tensor, outputs), _ => 0);
        }

        Tensor zeros = Tensor.Zeros(ElementType.Float32, [outputs]);
        return context.Constant($"{node.Label}/bias", zeros, context.RunsQuantized(node) ? Grid(x, w) : null);
    }

    private static Tensor Vector(Tensor tensor, int outputs)
    {
        if (tensor.Count == outputs) return tensor.Reshape([outputs]);
        Tensor repeated = Tensor.Zeros(tensor.Type, [outputs]);
        int size = tensor.Type.Size();
        for (int i = 0; i < outputs; i++) tensor.Bytes.Span.CopyTo(repeated.Bytes.Span[(i * size)..]);
        return repeated;
    }

    private static Quantization Grid(TfliteTensor x, TfliteTensor w)
    {
        float scale = x.Quantization!.Scale;
        float[] scales = [.. w.Quantization!.Scales.Select(s => scale * s)];
        return new Quantization(ElementType.Int32, scales, new int[scales.Length], w.Quantization.IsPerTensor ? -1 : 0);
    }
}
