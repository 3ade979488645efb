using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>ATAN2 of float32, in double precision, so that it rounds the same everywhere.</summary>
internal sealed class Atan2Operator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) =>
        node.Input(0).Type == TensorType.Float32 ? Broadcast(node) : throw node.UnsupportedTypes();

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => new BinaryKernel<float, Atan2Operation>(
        new BroadcastShape(node.Input(0).Shape, node.Input(1).Shape, node.Output.Shape), float.NegativeInfinity, float.PositiveInfinity);

    private readonly struct Atan2Operation : IBinaryOperation<float>
    {
        public static Vector<float> Apply(Vector<float> left, Vector<float> right)
        {
            Vector<float> result = left;
            for (int i = 0; i < Vector<float>.Count; i++)
                result = result.WithElement(i, Apply(left[i], right[i]));
            return result;
        }

        public static float Apply(float left, float right) => (float)Math.Atan2(left, right);
    }
}
