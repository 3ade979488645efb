using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>ONNX Runtime's inverse of the last two dimensions, by minors (Cramer): of small matrices only.</summary>
internal sealed class Inverse() : NodeRewrite("Inverse", new Arity(1, 1))
{
    private const int Most = 4;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        int rank = at.RankOf(x);
        if (rank < 2) throw at.Refusal($"{rank} dimensions");
        int n = AttentionParts.Length(at, x, rank - 2, "matrices");
        if (n is < 1 or > Most || AttentionParts.SizeOf(x, -1) != n) throw at.Refusal($"matrices of shape {x.Shape}");
        Value[][] rows =
            [.. Enumerable.Range(0, n).Select(r => Determinant.Elements(at, AttentionParts.Pick(at, x, rank - 2, r), rank - 2, n))];
        Value whole = Determinant.Of(at, rows), last = at.Longs(-1);
        Value[] lines = new Value[n];
        for (int row = 0; row < n; row++)
        {
            Value[] cofactors = [.. Enumerable.Range(0, n).Select(column => Cofactor(at, rows, column, row, whole))];
            Value line = at.Add("Concat", [.. cofactors.Select(c => at.Add("Unsqueeze", [c, last]))], ("axis", -1L));
            lines[row] = at.Add("Unsqueeze", [line, at.Longs(-2)]);
        }

        Value adjugate = at.Add("Concat", lines, ("axis", -2L));
        at.Finish("Div", [adjugate, at.Add("Unsqueeze", [whole, at.Longs(-1, -2)])]);
    }

    /// <summary>What stays without a row and a column, with the sign of that place.</summary>
    private static Value Cofactor(Rewriting at, Value[][] rows, int row, int column, Value whole)
    {
        Value[][] rest = [.. rows.Where((_, r) => r != row).Select(values => values.Where((_, c) => c != column).ToArray())];
        // A matrix of nothing has the determinant 1.
        if (rest.Length == 0) return at.Add("Div", [whole, whole]);
        Value minor = Determinant.Of(at, rest);
        return (row + column) % 2 == 0 ? minor : at.Add("Neg", [minor]);
    }
}
