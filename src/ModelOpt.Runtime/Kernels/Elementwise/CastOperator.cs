using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>CAST between numbers; bool counts as 0 and 1.</summary>
internal sealed class CastOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => [new TensorSpec(node.Output.Type, node.Input(0).Shape)];

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) =>
        NumberKernels.OfNumbers(node.Input(0).Type, new From(node)) ?? throw node.UnsupportedTypes();

    private readonly struct From(Node node) : INumberFactory
    {
        public Kernel Create<T>()
            where T : unmanaged, INumber<T> => node.Output.Type == TensorType.Bool ? new CastToBoolKernel<T>(node.Output.Elements)
            : NumberKernels.OfNumbers(node.Output.Type, new To<T>(node.Output.Elements)) ?? throw node.UnsupportedTypes();
    }

    private readonly struct To<TSource>(int elements) : INumberFactory
        where TSource : unmanaged, INumber<TSource>
    {
        public Kernel Create<T>()
            where T : unmanaged, INumber<T> => new CastKernel<TSource, T>(elements);
    }
}
