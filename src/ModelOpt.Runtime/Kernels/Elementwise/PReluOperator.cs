using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>PRELU: x for x ≥ 0, alpha·x below; alpha broadcasts.</summary>
internal sealed class PReluOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => Broadcast(node);

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => new(true, null);

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), alpha = node.Input(1), output = node.Output;
        var shape = new BroadcastShape(input.Shape, alpha.Shape, output.Shape);
        if (input.Type == TensorType.Float32)
            return new BinaryKernel<float, PReluOperation>(shape, float.NegativeInfinity, float.PositiveInfinity);
        if (!input.IsQuantized8)
            throw node.UnsupportedTypes();
        return ArithmeticOperator.CreateByFloat<PReluFloat>(node, shape, ActivationFunction.None);
    }

    private readonly struct PReluOperation : IBinaryOperation<float>
    {
        public static Vector<float> Apply(Vector<float> left, Vector<float> right) =>
            Vector.ConditionalSelect(Vector.LessThan(left, Vector<float>.Zero), left * right, left);

        public static float Apply(float left, float right) => left < 0 ? left * right : left;
    }
}
