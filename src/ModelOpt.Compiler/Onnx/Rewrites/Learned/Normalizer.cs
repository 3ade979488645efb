using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>Rows divided by their largest element, their sum of magnitudes or their length; a row of zeros stays.</summary>
internal sealed class Normalizer() : LearnedRewrite("Normalizer", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        string norm = at.Node.String("norm", "MAX");
        string reduction = norm switch
        {
            "MAX" => "ReduceMax", "L1" => "ReduceL1", "L2" => "ReduceL2", _ => throw at.Invalid("norm", $"is '{norm}'"),
        };
        Value x = Reals(at), size = at.Add(reduction, [x, at.Constant(Tensor.Vector(-1L))]);
        Value isZero = at.Add("Equal", [size, Vector(at, 0)]);
        at.Finish("Div", [x, at.Add("Where", [isZero, Vector(at, 1), size])]);
    }
}
