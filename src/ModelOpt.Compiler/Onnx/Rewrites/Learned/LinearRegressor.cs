using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>x · coefficientsᵀ + intercepts, a dense layer.</summary>
internal sealed class LinearRegressor() : LearnedRewrite("LinearRegressor", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        int targets = (int)Math.Clamp(at.Node.Int("targets", 1), 0, int.MaxValue);
        Value y = Layer(at, Rows(at), Matrix(at, "coefficients", targets), Floats(at, "intercepts"));
        ClassScores.Make(at, 0, y, ClassScores.Function(at));
        at.Remove();
    }

    /// <summary>The dense layer of a matrix [targets, features].</summary>
    /// <param name="intercepts">One for each target, one for all, or none.</param>
    public static Value Layer(Rewriting at, Value x, Tensor matrix, float[] intercepts)
    {
        int targets = matrix.Dims[0];
        if (intercepts.Length > 0 && intercepts.Length != targets)
            throw at.Invalid("intercepts", $"has {intercepts.Length} numbers for {targets} targets");
        Value? bias = intercepts.Length > 0 ? Vector(at, intercepts) : null;
        return at.AddLayer("Gemm", [x, at.Constant(matrix), bias], ("transB", 1L));
    }
}
