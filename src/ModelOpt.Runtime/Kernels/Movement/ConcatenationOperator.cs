using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>CONCATENATION along one axis; 8-bit inputs of another quantization are requantized.</summary>
internal sealed class ConcatenationOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor first = node.Input(0);
        int axis = Axes.Normalize(node, ConcatenationOptions.Read(node.Options).Axis, first.Rank), size = 0;
        for (int i = 0; i < node.Inputs.Length; i++)
        {
            Tensor input = node.Input(i);
            if (input.Type != first.Type)
                throw node.UnsupportedTypes();
            node.Require(input.Rank == first.Rank, $"input {i} has another number of dimensions");
            for (int d = 0; d < first.Rank; d++)
                node.Require(d == axis || input.Shape[d] == first.Shape[d], $"input {i} has another shape");
            size = checked(size + input.Shape[axis]);
        }

        return [new TensorSpec(first.Type, Axes.Resize(first.Shape, axis, size))];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        Axes.Normalize(node, ConcatenationOptions.Read(node.Options).Axis, node.Output.Rank) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        ConcatenationOptions options = ConcatenationOptions.Read(node.Options);
        node.Require(options.Activation == ActivationFunction.None, "a fused activation is not supported");
        Tensor output = node.Output;
        int axis = Axes.Normalize(node, options.Axis, output.Rank);
        int[] strides = StridedCopy.DenseStrides(output.Shape);
        var parts = new CopyPart[node.Inputs.Length];
        byte[]?[] tables = new byte[]?[parts.Length];
        int position = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            Tensor input = node.Input(i);
            tables[i] = Table(input, output);
            parts[i] = new CopyPart(
                new StridedCopy(output.Type.Size(), input.Shape, 0, StridedCopy.DenseStrides(input.Shape), position * strides[axis],
                    strides), i, 0);
            position += input.Shape[axis];
        }
        return tables.All(t => t is null) ? new CopyKernel(parts, []) : new RequantizingCopyKernel(parts, tables);
    }

    // Null where the quantization is the same.
    private static byte[]? Table(Tensor input, Tensor output) =>
        !input.IsQuantized8 || !output.IsQuantized8 || input.HasGridOf(output)
            ? null
            : QuantizationTables.Create(input, output, x => x);
}
