using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>1 where x is greater than attribute <c>threshold</c>, else 0.</summary>
internal sealed class Binarizer() : LearnedRewrite("Binarizer", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0), above = at.Add("Greater", [x, at.ConstantLike(Tensor.Scalar(at.Node.Float("threshold", 0)), x)]);
        ElementType type = x.Type == ElementType.Undefined ? ElementType.Float32 : x.Type;
        at.Finish("Cast", [above], ("to", (long)type));
    }
}
