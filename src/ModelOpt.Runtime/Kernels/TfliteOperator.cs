using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Element type and shape of a tensor.</summary>
internal readonly record struct TensorSpec(TensorType Type, int[] Shape)
{
    public static TensorSpec Of(Tensor tensor) => new(tensor.Type, tensor.Shape);

    public bool Matches(Tensor tensor) => Type == tensor.Type && Shape.AsSpan().SequenceEqual(tensor.Shape);

    public override string ToString() => $"{Type}[{string.Join(", ", Shape)}]";
}

/// <summary>The runtime's knowledge of an operator. It has no state.</summary>
internal abstract class TfliteOperator
{
    /// <summary>
    /// Types and shapes of all outputs, from the operator, its options and its inputs: their shapes, and the values of those that
    /// say a shape. Of an output only its type is looked at, and only where the operator leaves that to the file (CAST).
    /// </summary>
    /// <exception cref="InvalidModelException">The inputs do not fit the operator or each other.</exception>
    public abstract TensorSpec[] Infer(Node node);

    /// <summary>
    /// Whether a sample of each output follows from the same sample of the inputs alone; samples lie along the first dimension.
    /// Then a batch is run sample by sample.
    /// </summary>
    /// <param name="node">A node that <see cref="Infer"/> accepts, whose outputs have one sample.</param>
    /// <param name="batched">The tensors that have samples, at least one of the inputs among them; others are the same for all
    /// samples.</param>
    public abstract bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched);

    /// <summary>How the operator's weight lies in a file.</summary>
    public virtual WeightLayout Weight => WeightLayout.None;

    /// <summary>The output of two operands of one type that broadcast.</summary>
    protected static TensorSpec[] Broadcast(Node node)
    {
        Tensor left = node.Input(0), right = node.Input(1);
        if (left.Type != right.Type)
            throw node.UnsupportedTypes();
        return [new TensorSpec(left.Type, Axes.Broadcast(node, left.Shape, right.Shape))];
    }

    /// <summary>Whether input 0 is the only one that has samples.</summary>
    protected static bool OnlyFirst(Node node, IReadOnlySet<Tensor> batched) =>
        Array.FindLastIndex(node.Inputs, t => t is not null && batched.Contains(t)) <= 0;

    /// <summary>
    /// Whether broadcasting pairs samples with samples: an operand of lower rank would meet them with another of its dimensions.
    /// </summary>
    protected static bool PairsSamples(Node node, IReadOnlySet<Tensor> batched) =>
        Array.TrueForAll(node.Inputs, t => t is null || !batched.Contains(t) || t.Rank == node.Output.Rank);
}

/// <summary>The work of a node's neighbours that its kernel takes over.</summary>
/// <param name="Range">Whether it clamps 8-bit results to <see cref="Node.FoldedRange"/>, so that no RELU has to follow.</param>
/// <param name="Padding">
/// The element with which it surrounds its input by <see cref="Node.FoldedPadding"/>, so that no PAD has to come before; null where it
/// does not.
/// </param>
internal readonly record struct Foldable(bool Range, byte[]? Padding)
{
    public static Foldable Nothing => default;
}

/// <summary>An operator that a kernel computes.</summary>
internal abstract class KernelOperator : TfliteOperator
{
    /// <summary>The kernel of a node, whose outputs are as <see cref="TfliteOperator.Infer"/> says.</summary>
    /// <param name="node">The operator with its operands.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    public abstract Kernel CreateKernel(Node node, AssembledCode? code);

    /// <summary>The work that the kernel of a node can take over.</summary>
    public abstract Foldable Takes(Node node);
}

/// <summary>An operator whose output has the bytes of input 0 in the same order.</summary>
internal abstract class ViewOperator : TfliteOperator
{
    /// <summary>The output in another shape of as many elements.</summary>
    protected static TensorSpec[] View(Node node, int[] shape)
    {
        Tensor input = node.Input(0);
        long elements = 1;
        foreach (int size in shape)
            elements = checked(elements * size);
        node.Require(elements == input.Elements, $"the input's {input.Elements} elements do not make shape [{string.Join(", ", shape)}]");
        return [new TensorSpec(input.Type, shape)];
    }
}
