using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>Numbers that are missing (none, or of a value that says so) replaced by others, one for each feature.</summary>
internal sealed class Imputer() : LearnedRewrite("Imputer", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        if (at.Node.Ints("imputed_value_int64s") is { Length: > 0 } integers)
        {
            Value missing = at.Constant(Tensor.Vector(at.Node.Int("replaced_value_int64", 0)));
            at.Finish("Where", [at.Add("Equal", [x, missing]), at.Longs(integers), x]);
            return;
        }

        float replaced = at.Node.Float("replaced_value_float", 0);
        Value isMissing = float.IsNaN(replaced) ? at.Add("IsNaN", [x])
            : at.Add("Equal", [x, at.ConstantLike(Tensor.Vector(replaced), x)]);
        at.Finish("Where", [isMissing, at.ConstantLike(Tensor.Vector<float>(Floats(at, "imputed_value_floats")), x), x]);
    }
}
