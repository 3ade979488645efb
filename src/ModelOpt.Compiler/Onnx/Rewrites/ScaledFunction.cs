using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>A function of early ONNX with factors before and in it: alpha · f(beta · x).</summary>
/// <param name="function">The operator that is f.</param>
internal sealed class ScaledFunction(string type, string function) : NodeRewrite(type, new Arity(1, 1))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        Value inner = at.Add("Mul", [x, Factor("beta")]);
        at.Finish("Mul", [at.AddLayer(function, [inner]), Factor("alpha")]);

        Value Factor(string name) => at.ConstantLike(
            Tensor.Scalar(at.Node.Attributes.ContainsKey(name) ? at.Node.Float(name, 1) : throw at.Invalid(name, "is missing")), x);
    }
}
