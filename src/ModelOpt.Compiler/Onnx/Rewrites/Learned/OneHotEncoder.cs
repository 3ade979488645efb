using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>
/// For each number a vector that is 1 at the number's place in a list; zeros for a number that is not in it, also where attribute
/// <c>zeros</c> says that there is none.
/// </summary>
internal sealed class OneHotEncoder() : LearnedRewrite("OneHotEncoder", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        if (at.Node.Attributes.ContainsKey("cats_strings")) throw Text(at, "cats_strings");
        long[] categories = at.Node.Ints("cats_int64s") ?? throw at.Invalid("cats_int64s", "is missing");
        Value x = at.Add("Cast", [at.Input(0)], ("to", (long)ElementType.Int64));
        Value column = at.Add("Unsqueeze", [x, at.Constant(Tensor.Vector(-1L))]);
        Value isSame = at.Add("Equal", [column, at.Longs(categories)]);
        at.Finish("Cast", [isSame], ("to", (long)ElementType.Float32));
    }
}
