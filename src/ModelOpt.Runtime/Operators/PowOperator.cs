using System.Numerics;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>POW of float32, with broadcasting; computed in double precision, so that it rounds the same everywhere.</summary>
internal sealed class PowOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor bases = node.Input(0), exponents = node.Input(1);
        if (bases.Type != TensorType.Float32 || exponents.Type != TensorType.Float32)
            throw node.UnsupportedTypes();
        return [new TensorSpec(TensorType.Float32, Axes.Broadcast(node, bases.Shape, exponents.Shape))];
    }

    public override Kernel CreateKernel(Node node, AssembledCode? code) => new BinaryKernel<float, PowOperation>(
        new BroadcastShape(node.Input(0).Shape, node.Input(1).Shape, node.Output.Shape), float.NegativeInfinity, float.PositiveInfinity);

    private readonly struct PowOperation : IBinaryOperation<float>
    {
        public static Vector<float> Apply(Vector<float> left, Vector<float> right)
        {
            Vector<float> result = left;
            for (int i = 0; i < Vector<float>.Count; i++)
                result = result.WithElement(i, Apply(left[i], right[i]));
            return result;
        }

        public static float Apply(float left, float right) => (float)Math.Pow(left, right);
    }
}
