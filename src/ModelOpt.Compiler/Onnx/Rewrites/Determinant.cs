using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The determinant of the last two dimensions, by minors (Laplace): of small matrices only, as it takes n · 2ⁿ products.</summary>
internal sealed class Determinant() : NodeRewrite("Det", new Arity(1, 1))
{
    private const int Most = 6;

    public override string Domain => "";

    public override int Since => 11;

    protected override void Rewrite(Rewriting at)
    {
        // Sums of products of float16 would lose most of it.
        bool isNarrow = at.Input(0).Type is ElementType.Float16 or ElementType.BFloat16;
        Value x = isNarrow ? at.Add("Cast", [at.Input(0)], ("to", (long)ElementType.Float32)) : at.Input(0);
        if (isNarrow) (x.Type, x.Shape) = (ElementType.Float32, at.Input(0).Shape);
        int rank = at.RankOf(x);
        if (rank < 2) throw at.Refusal($"{rank} dimensions");
        int n = AttentionParts.Length(at, x, rank - 2, "matrices");
        if (n is < 1 or > Most || AttentionParts.SizeOf(x, -1) != n) throw at.Refusal($"matrices of shape {x.Shape}");
        Value[][] rows = [.. Enumerable.Range(0, n).Select(r => Elements(at, AttentionParts.Pick(at, x, rank - 2, r), rank - 2, n))];
        Value y = Of(at, rows);
        if (isNarrow) at.Finish("CastLike", [y, at.Input(0)]);
        else at.Finish("Identity", [y]);
    }

    /// <summary>The determinant of a square of values.</summary>
    public static Value Of(Rewriting at, Value[][] rows)
    {
        // The determinants of the first columns, of each choice of rows.
        Value[] minors = new Value[1 << rows.Length];
        for (int chosen = 1; chosen < minors.Length; chosen++)
        {
            int column = int.PopCount(chosen) - 1;
            for (int row = 0; row < rows.Length; row++)
            {
                if ((chosen >> row & 1) == 0) continue;
                int rest = chosen & ~(1 << row), below = int.PopCount(chosen >> (row + 1));
                Value term = column == 0 ? rows[row][0] : at.Add("Mul", [rows[row][column], minors[rest]]);
                minors[chosen] = minors[chosen] is { } sum ? at.Add(below % 2 == 0 ? "Add" : "Sub", [sum, term])
                    : below % 2 == 0 ? term
                    : at.Add("Neg", [term]);
            }
        }

        return minors[^1];
    }

    /// <summary>The elements of a row.</summary>
    public static Value[] Elements(Rewriting at, Value row, int axis, int n) =>
        [.. Enumerable.Range(0, n).Select(c => AttentionParts.Pick(at, row, axis, c))];
}
