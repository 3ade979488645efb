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

/// <summary>What the runtime knows of an operator. It has no state.</summary>
internal abstract class TfliteOperator
{
    /// <summary>
    /// Types and shapes of all outputs, from the operator, its options and its inputs: their shapes, and the values of those that
    /// say a shape. Of an output only its type is looked at, and only where the operator leaves that to the file (CAST).
    /// </summary>
    /// <exception cref="InvalidModelException">The inputs do not fit the operator or each other.</exception>
    public abstract TensorSpec[] Infer(Node node);
}

/// <summary>An operator that a kernel computes.</summary>
internal abstract class KernelOperator : TfliteOperator
{
    /// <summary>The kernel of a node, whose outputs are as <see cref="TfliteOperator.Infer"/> says.</summary>
    /// <param name="node">The operator with its operands.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    public abstract Kernel CreateKernel(Node node, AssembledCode? code);
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
