using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>GATHER along one axis; each element of batch dimensions, which both inputs begin with, has indices of its own.</summary>
internal sealed class GatherOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        GatherOptions options = GatherOptions.Read(node.Options);
        Tensor input = node.Input(0), indices = node.Input(1);
        int axis = Axes.Normalize(node, options.Axis, input.Rank), batch = BatchOf(node, options);
        node.Require(
            batch >= 0 && batch <= axis && batch <= indices.Rank
                && input.Shape.AsSpan(0, batch).SequenceEqual(indices.Shape.AsSpan(0, batch)),
            "input and indices do not begin with the same batch dimensions");
        return [new TensorSpec(input.Type, [.. input.Shape[..axis], .. indices.Shape[batch..], .. input.Shape[(axis + 1)..]])];
    }

    // The output has the indices' dimensions in place of the axis.
    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched)
    {
        GatherOptions options = GatherOptions.Read(node.Options);
        if (options.BatchDimensions != 0) return batched.Contains(node.Input(0)) && batched.Contains(node.Input(1));
        bool isFirst = Axes.Normalize(node, options.Axis, node.Input(0).Rank) == 0;
        return batched.Contains(node.Input(0)) ? !isFirst && !batched.Contains(node.Input(1)) : isFirst;
    }

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), indices = node.Input(1), output = node.Output;
        GatherOptions options = GatherOptions.Read(node.Options);
        int axis = Axes.Normalize(node, options.Axis, input.Rank), batch = BatchOf(node, options);
        int outer = Product(input.Shape.AsSpan(0, axis)), shared = Math.Max(1, Product(input.Shape.AsSpan(batch, axis - batch)));
        int count = Product(indices.Shape.AsSpan(batch)), slice = output.Bytes / Math.Max(1, outer * count);
        return indices.Type switch
        {
            TensorType.Int32 => new GatherKernel<int>(output.Name, outer, shared, input.Shape[axis], count, slice),
            TensorType.Int64 => new GatherKernel<long>(output.Name, outer, shared, input.Shape[axis], count, slice),
            _ => throw node.UnsupportedTypes(),
        };
    }

    private static int BatchOf(Node node, GatherOptions options) =>
        options.BatchDimensions < 0 ? options.BatchDimensions + node.Input(1).Rank : options.BatchDimensions;

    private static int Product(ReadOnlySpan<int> sizes)
    {
        int product = 1;
        foreach (int size in sizes) product *= size;
        return product;
    }
}
