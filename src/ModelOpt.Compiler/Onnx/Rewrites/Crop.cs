using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// The operator of early ONNX that cuts images [N, C, H, W]: attribute <c>border</c> says how much of the left, top, right and bottom goes;
/// or with <c>scale</c>, height and width of what stays from the left and top on.
/// </summary>
internal sealed class Crop() : NodeRewrite("Crop", new Arity(1, 1))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at)
    {
        if (at.Node.Ints("border") is not [>= 0 and var left, >= 0 and var top, >= 0 and var right, >= 0 and var bottom])
            throw at.Invalid("border", "is not four sizes: left, top, right, bottom");
        long[] ends = at.Node.Ints("scale") switch
        {
            [> 0 and var height, > 0 and var width] => [checked(top + height), checked(left + width)],
            null or [] => [bottom == 0 ? long.MaxValue : -bottom, right == 0 ? long.MaxValue : -right],
            _ => throw at.Invalid("scale", "is not a height and a width"),
        };
        // A Slice would only end where the image does.
        if (at.Input(0).Shape is [_, _, var high, var wide] && (TooSmall(high, top, ends[0]) || TooSmall(wide, left, ends[1])))
            throw at.Invalid("border", $"does not fit an image {at.Input(0).Shape}");
        at.Finish(
            "Slice",
            [at.Input(0), at.Constant(Tensor.Vector(top, left)), at.Constant(Tensor.Vector(ends)), at.Constant(Tensor.Vector(2L, 3L))]);
    }

    private static bool TooSmall(Dim size, long begin, long end) =>
        size.IsKnown && (end == long.MaxValue ? begin >= size.Size : end < 0 ? begin - end >= size.Size : end > size.Size);
}
