using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>SHAPE: the sizes of the input, which are known when the model is loaded.</summary>
internal sealed class ShapeOperator : TfliteOperator
{
    // Files leave the type in the options out.
    public override TensorSpec[] Infer(Node node) => node.Output.Type is TensorType.Int32 or TensorType.Int64
        ? [new TensorSpec(node.Output.Type, [node.Input(0).Rank])]
        : throw node.UnsupportedTypes();

    // The value is known when the model is loaded: it has no samples, and nobody asks.
    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    /// <summary>The bytes of the output.</summary>
    public static byte[] Value(Node node)
    {
        int[] shape = node.Input(0).Shape;
        byte[] data = new byte[node.Output.Bytes];
        for (int i = 0; i < shape.Length; i++)
        {
            if (node.Output.Type == TensorType.Int32)
                BitConverter.TryWriteBytes(data.AsSpan(4 * i), shape[i]);
            else
                BitConverter.TryWriteBytes(data.AsSpan(8 * i), (long)shape[i]);
        }

        return data;
    }
}
