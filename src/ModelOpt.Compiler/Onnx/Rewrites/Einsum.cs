using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// Sums of products over axes, as an equation names them. Operands are taken together from the left to the right: those that share an axis
/// to sum over in a MatMul, others in a Mul.
/// </summary>
internal sealed class Einsum() : NodeRewrite("Einsum", new Arity(1, Arity.Any))
{
    private const long MostOfDiagonal = 1 << 20;

    public override string Domain => "";

    public override int Since => 12;

    protected override void Rewrite(Rewriting at)
    {
        EinsumEquation equation = EinsumEquation.Read(at);
        EinsumTerm[] terms = [.. equation.Terms.Select((labels, i) => Diagonal(at, new EinsumTerm(
            at.Input(i), labels, at.Input(i).Shape is { } shape ? [.. shape] : [.. Enumerable.Repeat(Dim.Unknown, labels.Length)])))];
        EinsumTerm result = Reduced(at, terms[0], equation.Output + Labels(terms[1..]));
        for (int i = 1; i < terms.Length; i++)
        {
            string read = equation.Output + Labels(terms[(i + 1)..]);
            EinsumTerm next = Reduced(at, terms[i], read + result.Labels);
            // Axes of size 1 broadcast.
            result = result.Squeezed(at, Broadcast(result, next));
            next = next.Squeezed(at, Broadcast(next, result));
            (EinsumTerm left, EinsumTerm right) = (Reduced(at, result, read + next.Labels), Reduced(at, next, read + result.Labels));
            result = Product(at, left, right, read, i == terms.Length - 1);
        }

        long[] order = [.. equation.Output.Select(label => (long)result.Labels.IndexOf(label))];
        if (order.Contains(-1)) throw at.Refusal($"an equation '{at.Node.String("equation", "")}' that repeats what size 1 stands for");
        if (order.SequenceEqual(order.Order())) at.Finish("Identity", [result.Value]);
        else at.Finish("Transpose", [result.Value], ("perm", order));
    }

    private static string Labels(IEnumerable<EinsumTerm> terms) => string.Concat(terms.Select(t => t.Labels));

    /// <summary>Axes of size 1 whose label has more in another term.</summary>
    private static int[] Broadcast(EinsumTerm term, EinsumTerm other) => [.. Enumerable.Range(0, term.Labels.Length).Where(axis =>
        term.Sizes[axis] == 1 && other.Labels.Contains(term.Labels[axis]) && other.SizeOf(term.Labels[axis]) != 1)];

    /// <summary>Sums over axes that nothing else reads.</summary>
    private static EinsumTerm Reduced(Rewriting at, EinsumTerm term, string read) =>
        term.Summed(at, [.. Enumerable.Range(0, term.Labels.Length).Where(axis => !read.Contains(term.Labels[axis]))]);

    /// <summary>The product of two terms, summed over what only they have.</summary>
    private static EinsumTerm Product(Rewriting at, EinsumTerm a, EinsumTerm b, string read, bool isLast)
    {
        string shared = string.Concat(a.Labels.Where(b.Labels.Contains)), summed = string.Concat(shared.Where(c => !read.Contains(c)));
        string batch = string.Concat(shared.Where(read.Contains));
        string left = string.Concat(a.Labels.Where(c => !shared.Contains(c)));
        string right = string.Concat(b.Labels.Where(c => !shared.Contains(c)));
        string labels = batch + left + right;
        Dim[] sizes = [.. labels.Select(label => a.Labels.Contains(label) ? a.SizeOf(label) : b.SizeOf(label))];
        if (summed.Length == 0) return new(at.Add("Mul", [a.Spread(at, labels), b.Spread(at, labels)]), labels, sizes);
        // Without a batch, all axes in front of the last are rows.
        string[] rows = batch.Length == 0 && left.Length > 1 ? [.. left.Select(c => $"{c}")] : [left];
        string[] groups = [.. batch.Select(c => $"{c}")];
        Value x = Grouped(at, a, [.. groups, .. rows, summed]), y = Grouped(at, b, [.. groups, summed, right]);
        Value product = isLast ? at.AddLayer("MatMul", [x, y]) : at.Add("MatMul", [x, y]);
        if ((rows.Length > 1 || left.Length == 1) && right.Length == 1) return new(product, labels, sizes);
        return new(at.Add("Reshape", [product, Shape(at, [.. labels.Select(c => $"{c}")], a, b)]), labels, sizes);
    }

    /// <summary>The term's value with its axes in groups, each of which becomes one axis.</summary>
    private static Value Grouped(Rewriting at, EinsumTerm term, string[] groups)
    {
        EinsumTerm ordered = term.Ordered(at, string.Concat(groups));
        return Array.TrueForAll(groups, g => g.Length == 1) ? ordered.Value
            : at.Add("Reshape", [ordered.Value, Shape(at, groups, ordered, ordered)]);
    }

    /// <summary>
    /// The sizes of groups of labels: constants where at most one is not known, else those that the terms have when they run.
    /// </summary>
    private static Value Shape(Rewriting at, string[] groups, EinsumTerm a, EinsumTerm b)
    {
        long[] known = [.. groups.Select(g => g.Aggregate(1L, (product, label) => SizeOf(label) is { IsKnown: true } size && product >= 0
            ? checked(product * size.Size) : -1))];
        if (known.Count(k => k < 0) <= 1 && !(known.Contains(0) && known.Contains(-1)))
            return known.Contains(0) ? throw at.Refusal("operands without elements") : at.Longs(known);
        Value[] parts = [.. groups.Select((g, i) => known[i] >= 0 ? at.Constant(Tensor.Vector(known[i]))
            : g.Select(Size).Aggregate((x, y) => at.Add("Mul", [x, y])))];
        return at.Add("Concat", parts, ("axis", 0L));

        Dim SizeOf(char label) => a.Labels.Contains(label) ? a.SizeOf(label) : b.SizeOf(label);

        Value Size(char label)
        {
            EinsumTerm term = a.Labels.Contains(label) ? a : b;
            Value place = at.Constant(Tensor.Vector((long)term.Labels.IndexOf(label)));
            return at.Add("Gather", [at.Add("Shape", [term.Value]), place], ("axis", 0L));
        }
    }

    /// <summary>A term whose labels are repeated holds the diagonal of these axes: what is not on it counts as zero in a sum.</summary>
    private static EinsumTerm Diagonal(Rewriting at, EinsumTerm term)
    {
        for (int second = 1; second < term.Labels.Length; second++)
        {
            int first = term.Labels.IndexOf(term.Labels[second]);
            if (first == second) continue;
            Dim size = term.Sizes[first];
            if (!size.IsKnown || term.Sizes[second] != size || size.Size * size.Size > MostOfDiagonal)
                throw at.Refusal($"a diagonal of sizes {size} and {term.Sizes[second]}");
            int[] dims = [.. Enumerable.Range(0, term.Labels.Length).Select(axis => axis == first || axis == second ? (int)size.Size : 1)];
            bool[] holds = [.. Enumerable.Range(0, (int)(size.Size * size.Size)).Select(i => i / size.Size == i % size.Size)];
            Value zero = at.ConstantLike(Tensor.Scalar(0f), at.Input(0));
            Value kept = at.Add("Where", [at.Constant(Tensor.Of<bool>(dims, holds)), term.Value, zero]);
            term = (term with { Value = kept }).Summed(at, [second]);
            second--;
        }

        return term;
    }
}
