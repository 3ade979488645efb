using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// The operator of early ONNX that fills a shape with attribute <c>value</c>: the shape of input 0, its elements, or an attribute.
/// </summary>
internal sealed class ConstantFill() : NodeRewrite("ConstantFill", new Arity(0, 1))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at)
    {
        ElementType type = (ElementType)at.Node.Int("dtype", (long)ElementType.Float32);
        if (type is not (ElementType.Float32 or ElementType.Int32 or ElementType.Int64 or ElementType.Bool))
            throw at.Invalid("dtype", $"is {(long)type}");
        Tensor value = Casting.To(Tensor.Vector(at.Node.Float("value", 0)), type);
        at.Finish("ConstantOfShape", [ShapeOf(at)], ("value", value));
    }

    private static Value ShapeOf(Rewriting at)
    {
        bool isListed = at.Node.Int("input_as_shape", 0) != 0;
        if (at.InputOrNull(0) is not { } input)
            return at.Longs(at.Node.Ints("shape") ?? throw at.Invalid("shape", "is missing"));
        if (at.Node.Ints("shape") is { Length: > 0 }) throw at.Invalid("shape", "is given beside an input");
        Value shape = isListed ? at.Add("Cast", [input], ("to", (long)ElementType.Int64)) : at.Add("Shape", [input]);
        return at.Node.Ints("extra_shape") is not { Length: > 0 } extra ? shape
            : at.Add("Concat", [shape, at.Longs(extra)], ("axis", 0L));
    }
}
