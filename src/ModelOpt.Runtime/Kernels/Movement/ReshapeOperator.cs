using System.Buffers.Binary;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>RESHAPE to the shape of input 1 or, without one, of the options. One size of −1 follows from the others.</summary>
internal sealed class ReshapeOperator : ViewOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        int[] shape = node.OptionalInput(1) is { } given ? given.ConstantInts() : OptionsShape(node);
        int open = Array.IndexOf(shape, -1);
        long known = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            node.Require(i == open || shape[i] >= 0, $"[{string.Join(", ", shape)}] is no shape");
            known = i == open ? known : checked(known * shape[i]);
        }

        if (open >= 0)
        {
            // Of nothing, any size would do.
            long size = known == 0 ? 0 : node.Input(0).Elements / known;
            shape = [.. shape[..open], (int)size, .. shape[(open + 1)..]];
        }

        return View(node, shape);
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    private static int[] OptionsShape(Node node)
    {
        ReadOnlySpan<byte> bytes = node.Options.Memory(0, sizeof(int)).Span;
        node.Require(bytes.Length <= Tensor.MaxRank * sizeof(int), $"at most {Tensor.MaxRank} dimensions are supported");
        int[] shape = new int[bytes.Length / sizeof(int)];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * sizeof(int))..]);
        return shape;
    }
}
