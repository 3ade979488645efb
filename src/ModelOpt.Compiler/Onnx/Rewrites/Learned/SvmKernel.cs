using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>How like rows are to support vectors, as a support vector machine of ai.onnx.ml measures it.</summary>
internal static class SvmKernel
{
    /// <summary>The likeness [N, vectors] of rows to the rows of a matrix.</summary>
    /// <param name="x">The rows, float32 [N, features].</param>
    /// <param name="vectors">[vectors, features].</param>
    /// <exception cref="Diagnostics.CompilationException">The node names no kernel that there is.</exception>
    public static Value Of(Rewriting at, Value x, Tensor vectors)
    {
        float[] given = at.Node.Floats("kernel_params") ?? [];
        if (given.Length is not (0 or 3)) throw at.Invalid("kernel_params", $"has {given.Length} numbers instead of 3");
        (float gamma, float offset, float degree) = given.Length == 3 ? (given[0], given[1], given[2]) : (0, 0, 0);
        return at.Node.String("kernel_type", "LINEAR") switch
        {
            "LINEAR" => Dot(),
            "POLY" => at.Add("Pow", [Affine(), at.Constant(Tensor.Scalar(degree))]),
            "SIGMOID" => at.Add("Tanh", [Affine()]),
            "RBF" => at.Add("Exp", [at.Add("Mul", [Distances(), at.Constant(Tensor.Scalar(-gamma))])]),
            var other => throw at.Invalid("kernel_type", $"is '{other}'"),
        };

        Value Dot() => LinearRegressor.Layer(at, x, vectors, []);

        Value Affine() => at.Add(
            "Add", [at.Add("Mul", [Dot(), at.Constant(Tensor.Scalar(gamma))]), at.Constant(Tensor.Scalar(offset))]);

        // Element by element: |x|² − 2 x·v + |v|² would lose the digits of what lies near.
        Value Distances()
        {
            Value rows = at.Add("Unsqueeze", [x, at.Constant(Tensor.Vector(1L))]);
            Value difference = at.Add("Sub", [rows, at.Constant(vectors)]);
            return at.Add("ReduceSumSquare", [difference, at.Constant(Tensor.Vector(2L))], ("keepdims", 0L));
        }
    }
}
