using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>CONCATENATION and PACK.</summary>
internal static class ConcatenationOperator
{
    public static Kernel CreateConcatenation(Node node)
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
            if (input.Type != output.Type)
                throw node.UnsupportedTypes();
            node.Require(input.Rank == output.Rank, $"input {i} has another number of dimensions");
            for (int d = 0; d < output.Rank; d++)
                node.Require(d == axis || input.Shape[d] == output.Shape[d], $"input {i} has another shape");
            tables[i] = Table(input, output);
            if ((long)position + input.Shape[axis] > output.Shape[axis])
                throw node.Error("the inputs are longer than the output");
            parts[i] = new CopyPart(
                new StridedCopy(output.Type.Size(), input.Shape, 0, StridedCopy.DenseStrides(input.Shape), position * strides[axis], strides), i, 0);
            position += input.Shape[axis];
        }
        node.Require(position == output.Shape[axis], "the inputs are shorter than the output");
        return tables.All(t => t is null) ? new CopyKernel(parts, []) : new RequantizingCopyKernel(parts, tables);
    }

    public static Kernel CreatePack(Node node)
    {
        PackOptions options = PackOptions.Read(node.Options, node.OptionsType);
        Tensor output = node.Output;
        int axis = Axes.Normalize(node, options.Axis, output.Rank);
        node.Require(output.Shape[axis] == node.Inputs.Length, "the output's shape does not fit the number of inputs");
        int[] strides = StridedCopy.DenseStrides(output.Shape);
        int[] shape = Axes.Remove(output.Shape, axis), inputStrides = Axes.Remove(strides, axis);
        var parts = new CopyPart[node.Inputs.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            Tensor input = node.Input(i);
            if (input.Type != output.Type)
                throw node.UnsupportedTypes();
            node.Require(input.Shape.AsSpan().SequenceEqual(shape), $"input {i} has another shape");
            parts[i] = new CopyPart(
                new StridedCopy(output.Type.Size(), shape, 0, StridedCopy.DenseStrides(shape), i * strides[axis], inputStrides), i, 0);
        }
        return new CopyKernel(parts, []);
    }

    // Null where the quantization is the same.
    private static byte[]? Table(Tensor input, Tensor output) =>
        !input.IsQuantized8 || !output.IsQuantized8
            || (input.Scale == output.Scale && input.ZeroPoint == output.ZeroPoint)
            ? null
            : QuantizationTables.Create(input, output, x => x);
}
