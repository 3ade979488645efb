using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>An operator that moves elements of images [N, C, H, W] between channels and square blocks of pixels.</summary>
internal abstract class BlockOperator : Operator, IDifferentiable
{
    public sealed override Arity Arity => new(1, 1);

    public sealed override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public sealed override int DataInputs => 1;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    /// <summary>The height and width of a block.</summary>
    public static int Size(Node node)
    {
        const int Largest = 1 << 15;
        long size = node.Int("blocksize", 0);
        return size is > 0 and < Largest ? (int)size : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "blocksize", $"is {size}");
    }

    /// <summary>The images' shape.</summary>
    protected static Shape Images(Node node) => node.ShapeOf(0) is { Rank: 4 } shape ? shape
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"an input {node.ShapeOf(0)} is not [N, C, H, W]");

    /// <summary>A size in units of another; fails where these are not whole.</summary>
    protected static Dim Divide(Node node, Dim size, long unit) => !size.IsKnown || size.Size % unit == 0
        ? Dim.FloorDivide(size, unit)
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"a size of {size} is not a multiple of {unit}");

    /// <summary>For each channel of the deep side, the column of a block's pixels that it holds, or the row.</summary>
    /// <param name="step">How many of them lie from one column or row to the next.</param>
    protected static int[] Places(long deep, int block, long step) =>
        [.. Enumerable.Range(0, (int)deep).Select(c => (int)(c / step % block))];

    /// <summary>For each index of an axis of the wide side, its place in its block.</summary>
    protected static int[] Places(long wide, int block) => Places(wide, block, 1);

    /// <summary>How elements move: the input under six sizes, transposed.</summary>
    protected abstract (int[] Sizes, int[] Order) Move(Node node, ReadOnlySpan<int> dims);

    public sealed override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        (int[] sizes, int[] order) = Move(context.Node, x.Dims);
        Tensor moved = DataMovement.Transpose(context.Node, x.Reshape(sizes), order);
        context.Output = moved.Reshape(Merged(moved.Dims));
    }

    /// <summary>The result's sizes, from those of the transposed six.</summary>
    protected abstract int[] Merged(ReadOnlySpan<int> dims);

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0);
        (int[] sizes, int[] order) = Move(context.Node, x.Dims);
        int[] moved = [.. order.Select(axis => sizes[axis])];
        context.Gradients[0] = DataMovement.Transpose(
            context.Node, context.OutputGradient.Reshape(moved), AxisOrder.Inverse(order)).Reshape(x.Dims.ToArray());
    }
}
