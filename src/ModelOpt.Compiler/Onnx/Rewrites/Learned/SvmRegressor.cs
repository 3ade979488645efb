using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>The sum of likenesses to support vectors, or a linear function; of one class, its sign.</summary>
internal sealed class SvmRegressor() : LearnedRewrite("SVMRegressor", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        float[] coefficients = Floats(at, "coefficients"), rho = Floats(at, "rho");
        if (rho.Length == 0) throw at.Invalid("rho", "is missing");
        int supports = (int)Math.Clamp(at.Node.Int("n_supports", 0), 0, int.MaxValue);
        Value x = Rows(at), y;
        if (supports > 0)
        {
            Value likeness = SvmKernel.Of(at, x, Matrix(at, "support_vectors", supports));
            if (coefficients.Length != supports)
                throw at.Invalid("coefficients", $"has {coefficients.Length} numbers for {supports} vectors");
            Value weights = at.Constant(Tensor.Of<float>([1, supports], coefficients));
            y = at.Add("Gemm", [likeness, weights, Vector(at, rho[0])], ("transB", 1L));
        }
        else
        {
            y = LinearRegressor.Layer(at, x, Matrix(at, "coefficients", 1), [rho[0]]);
        }

        if (at.Node.Int("one_class", 0) != 0)
            y = at.Add("Where", [ClassScores.Above(at, y, 0), Vector(at, 1), Vector(at, -1)]);
        ClassScores.Make(at, 0, y, ClassScores.Function(at));
        at.Remove();
    }
}
