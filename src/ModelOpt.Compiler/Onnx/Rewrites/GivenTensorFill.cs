using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The operator of early ONNX that is a constant: attribute <c>values</c> in attribute <c>shape</c>.</summary>
internal sealed class GivenTensorFill() : NodeRewrite("GivenTensorFill", new Arity(0, 0))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at)
    {
        float[] values = at.Node.Floats("values") ?? throw at.Invalid("values", "is missing");
        long[] shape = at.Node.Ints("shape") ?? throw at.Invalid("shape", "is missing");
        if (Array.Exists(shape, d => d < 0) || shape.Aggregate((Int128)1, (n, d) => n * d) != values.Length)
            throw at.Invalid("shape", $"is [{string.Join(", ", shape)}] for {values.Length} values");
        at.Finish("Identity", [at.Constant(Tensor.Of<float>(Array.ConvertAll(shape, d => (int)d), values))]);
    }
}
