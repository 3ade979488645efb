using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// POW of float32, int32 or float64, with broadcasting; computed in double precision, so that it rounds the same everywhere. Results
/// beyond int32 become the nearest int32.
/// </summary>
internal sealed class PowOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) =>
        node.Input(0).Type is TensorType.Float32 or TensorType.Int32 or TensorType.Float64
        ? Broadcast(node)
        : throw node.UnsupportedTypes();

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        var shape = new BroadcastShape(node.Input(0).Shape, node.Input(1).Shape, node.Output.Shape);
        return node.Output.Type switch
        {
            TensorType.Int32 => new BinaryKernel<int, PowOperation<int>>(shape, int.MinValue, int.MaxValue),
            TensorType.Float64 => new BinaryKernel<double, PowOperation<double>>(shape, double.NegativeInfinity, double.PositiveInfinity),
            _ => new BinaryKernel<float, PowOperation<float>>(shape, float.NegativeInfinity, float.PositiveInfinity),
        };
    }

    private readonly struct PowOperation<T> : IBinaryOperation<T>
        where T : unmanaged, INumber<T>
    {
        public static Vector<T> Apply(Vector<T> left, Vector<T> right)
        {
            Vector<T> result = left;
            for (int i = 0; i < Vector<T>.Count; i++)
                result = result.WithElement(i, Apply(left[i], right[i]));
            return result;
        }

        public static T Apply(T left, T right) =>
            T.CreateSaturating(Math.Pow(double.CreateSaturating(left), double.CreateSaturating(right)));
    }
}
