namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// An integer expression over open sizes in its one canonical form: a sum of products with integer factors. What sums and products cannot
/// say (rounded quotients, the smaller or larger of some) stands in products as an atom. Two expressions are equal if their texts are.
/// </summary>
/// <remarks>Open sizes are taken as 0 or more, and divisors as positive. Functions return null for what grows or overflows.</remarks>
internal sealed class DimExpression : IEquatable<DimExpression>
{
    private const int MaxTerms = 32;
    private const int MaxText = 200;

    private readonly Term[] _terms;

    private DimExpression(Term[] terms)
    {
        _terms = terms;
        Text = DimText.Write(this);
    }

    /// <summary>The text that is read again as the same expression.</summary>
    public string Text { get; }

    /// <summary>The products, the longest first, the number last.</summary>
    public IReadOnlyList<Term> Terms => _terms;

    /// <summary>The number that it is; null where it has names.</summary>
    public long? Constant => _terms is [] ? 0 : _terms is [{ Atoms: [], Factor: var factor }] ? factor : null;

    /// <summary>Whether it is certain that it is 0 or more.</summary>
    public bool IsNotNegative => Array.TrueForAll(_terms, t => t.Factor > 0 && Array.TrueForAll(t.Atoms, a => a.IsNotNegative));

    /// <summary>Whether it has rounded quotients, or the smaller or larger of some.</summary>
    public bool IsRounded => Array.Exists(_terms, t => Array.Exists(t.Atoms, a => a.Kind != AtomKind.Name));

    /// <summary>A number.</summary>
    public static DimExpression Number(long value) => new(value == 0 ? [] : [new Term(value, [])]);

    /// <summary>An open size.</summary>
    public static DimExpression Named(string name) => new([new Term(1, [Atom.Named(name)])]);

    /// <summary>a + b.</summary>
    public static DimExpression? Add(DimExpression a, DimExpression b) => Sum([.. a._terms, .. b._terms]);

    /// <summary>a · b.</summary>
    public static DimExpression? Multiply(DimExpression a, DimExpression b)
    {
        List<Term> products = [];
        foreach (Term x in a._terms)
        {
            foreach (Term y in b._terms)
            {
                if (!TryFactor((Int128)x.Factor * y.Factor, out long factor)) return null;
                products.Add(new Term(factor, [.. x.Atoms.Concat(y.Atoms).OrderBy(atom => atom.Text, StringComparer.Ordinal)]));
            }
        }

        return Sum(products);
    }

    /// <summary>a / b if that is an expression without quotients, else null: long division by the longest product.</summary>
    public static DimExpression? Quotient(DimExpression a, DimExpression b)
    {
        if (b._terms.Length == 0) return null;
        DimExpression? rest = a, quotient = Number(0);
        while (rest is { _terms.Length: > 0 } && quotient is not null)
        {
            if (rest._terms[0].Over(b._terms[0]) is not { } term) return null;
            DimExpression part = new([term]);
            quotient = Add(quotient, part);
            rest = Multiply(b, part) is { } product && Negate(product) is { } negative ? Add(rest, negative) : null;
        }

        return rest is null ? null : quotient;
    }

    /// <summary>a / b rounded down. What divides evenly leaves the quotient, and quotients of quotients become one.</summary>
    public static DimExpression? FloorDivide(DimExpression a, DimExpression b)
    {
        if (b.Constant == 0) return null;
        if (b.Constant < 0) return Negate(a) is { } x && Negate(b) is { } y ? FloorDivide(x, y) : null;
        if (Quotient(a, b) is { } exact) return exact;
        List<Term> even = [], rest = [];
        foreach (Term term in a._terms)
        {
            if (b.Constant is { } divisor)
            {
                long times = FloorDivide(term.Factor, divisor);
                even.Add(term with { Factor = times });
                rest.Add(term with { Factor = term.Factor - (times * divisor) });
            }
            else if (b._terms is [var one] && term.Over(one) is { } quotient) even.Add(quotient);
            else rest.Add(term);
        }

        return Sum(even) is { } whole && Sum(rest) is { } left && Rounded(left, b) is { } rounded ? Add(whole, rounded) : null;
    }

    /// <summary>a / b rounded up.</summary>
    public static DimExpression? CeilDivide(DimExpression a, DimExpression b) => b.Constant is > 0 and var divisor
        ? Add(a, Number(divisor - 1)) is { } more ? FloorDivide(more, b) : null
        : Negate(a) is { } negative && FloorDivide(negative, b) is { } floor ? Negate(floor) : null;

    /// <summary>The larger or the smaller of two.</summary>
    public static DimExpression? Extreme(bool larger, DimExpression a, DimExpression b)
    {
        AtomKind kind = larger ? AtomKind.Max : AtomKind.Min;
        List<DimExpression> kept = [];
        foreach (DimExpression next in Parts(a).Concat(Parts(b)))
        {
            if (kept.Exists(k => Covers(k, next))) continue;
            kept.RemoveAll(k => Covers(next, k));
            kept.Add(next);
        }

        if (kept.Count == 1) return kept[0];
        if (kept.Count > MaxTerms) return null;
        return Single(new Atom(kind, "", [.. kept.OrderBy(k => k.Text, StringComparer.Ordinal)]));

        IEnumerable<DimExpression> Parts(DimExpression of) =>
            of._terms is [{ Factor: 1, Atoms: [{ } atom] }] && atom.Kind == kind ? atom.Arguments : [of];

        bool Covers(DimExpression x, DimExpression y) =>
            Negate(larger ? y : x) is { } negative && Add(larger ? x : y, negative) is { IsNotNegative: true };
    }

    /// <summary>The names of open sizes in it.</summary>
    public IEnumerable<string> Names => _terms.SelectMany(t => t.Atoms)
        .SelectMany(a => a.Kind == AtomKind.Name ? [a.Name] : a.Arguments.SelectMany(e => e.Names));

    public bool Equals(DimExpression? other) => other?.Text == Text;

    public override bool Equals(object? obj) => Equals(obj as DimExpression);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    private static DimExpression? Negate(DimExpression a) => Multiply(a, Number(-1));

    /// <summary>
    /// ⌊a / b⌋ where no part divides evenly: common factors go, and an inner quotient by a number becomes part of this one.
    /// </summary>
    private static DimExpression? Rounded(DimExpression a, DimExpression b)
    {
        if (b.Constant is not { } divisor)
            return a._terms.Length == 0 ? a : Single(new Atom(AtomKind.Floor, "", [a, b]));
        long constant = a._terms is [.., { Atoms: [] } last] ? last.Factor : 0;
        Term[] open = [.. a._terms.Where(t => t.Atoms.Length > 0)];
        if (open.Length == 0) return Number(FloorDivide(constant, divisor));
        long common = open.Aggregate(divisor, (c, t) => Gcd(c, t.Factor));
        if (common > 1)
        {
            Term[] less = [.. open.Select(t => t with { Factor = t.Factor / common }), new Term(FloorDivide(constant, common), [])];
            return Sum(less) is { } reduced ? FloorDivide(reduced, Number(divisor / common)) : null;
        }

        if (open is [{ Factor: 1, Atoms: [{ Kind: AtomKind.Floor, Arguments: [var inner, { Constant: { } step }] }] }])
        {
            return TryFactor((Int128)constant * step, out long moved) && TryFactor((Int128)step * divisor, out long both)
                && Add(inner, Number(moved)) is { } dividend ? FloorDivide(dividend, Number(both)) : null;
        }

        return Single(new Atom(AtomKind.Floor, "", [a, b]));
    }

    private static DimExpression? Single(Atom atom) => Sum([new Term(1, [atom])]);

    private static DimExpression? Sum(IEnumerable<Term> all)
    {
        List<Term> sum = [];
        foreach (IGrouping<string, Term> same in all.GroupBy(t => t.Key, StringComparer.Ordinal))
        {
            Int128 total = 0;
            foreach (Term term in same) total += term.Factor;
            if (!TryFactor(total, out long factor)) return null;
            if (factor != 0) sum.Add(same.First() with { Factor = factor });
        }

        if (sum.Count > MaxTerms || sum.Sum(t => (long)t.Key.Length) > MaxText) return null;
        sum.Sort(Term.Compare);
        DimExpression result = new([.. sum]);
        return result.Text.Length <= MaxText ? result : null;
    }

    private static bool TryFactor(Int128 value, out long factor)
    {
        factor = value >= long.MinValue && value <= long.MaxValue ? (long)value : 0;
        return factor == value;
    }

    private static long FloorDivide(long a, long b) => (a / b) - (a % b < 0 ? 1 : 0);

    private static long Gcd(long a, long b) => b == 0 ? Math.Abs(a) : Gcd(b, a % b);

    /// <summary>A factor times atoms, sorted by their texts.</summary>
    /// <param name="Atoms">The atoms; one that is squared stands there twice.</param>
    internal sealed record Term(long Factor, Atom[] Atoms)
    {
        /// <summary>The atoms as text; empty for a number.</summary>
        public string Key { get; } = string.Join('*', Atoms.Select(a => a.Text));

        /// <summary>Longer products first, then by their atoms: an order that multiplication keeps.</summary>
        public static int Compare(Term a, Term b)
        {
            int order = b.Atoms.Length.CompareTo(a.Atoms.Length);
            for (int i = 0; order == 0 && i < a.Atoms.Length; i++) order = string.CompareOrdinal(a.Atoms[i].Text, b.Atoms[i].Text);
            return order;
        }

        /// <summary>This product divided by another; null where that does not come out even.</summary>
        public Term? Over(Term other)
        {
            List<Atom> left = [.. Atoms];
            foreach (Atom atom in other.Atoms)
            {
                int at = left.FindIndex(a => a.Text == atom.Text);
                if (at < 0) return null;
                left.RemoveAt(at);
            }

            return Factor % other.Factor != 0 || (Factor == long.MinValue && other.Factor == -1) ? null
                : new Term(Factor / other.Factor, [.. left]);
        }
    }

    /// <summary>What an atom is.</summary>
    internal enum AtomKind
    {
        /// <summary>An open size.</summary>
        Name,

        /// <summary>A quotient, rounded down.</summary>
        Floor,

        /// <summary>The smallest of some.</summary>
        Min,

        /// <summary>The largest of some.</summary>
        Max,
    }

    /// <summary>A part of a product.</summary>
    /// <param name="Name">The name of an open size.</param>
    /// <param name="Arguments">Dividend and divisor, or what the extreme is of.</param>
    internal sealed record Atom(AtomKind Kind, string Name, DimExpression[] Arguments)
    {
        /// <summary>The atom as text.</summary>
        public string Text { get; } = DimText.Write(Kind, Name, Arguments);

        /// <summary>Whether it is certain that it is 0 or more.</summary>
        public bool IsNotNegative => Kind switch
        {
            AtomKind.Name => true,
            AtomKind.Floor => Arguments[0].IsNotNegative,
            AtomKind.Max => Array.Exists(Arguments, a => a.IsNotNegative),
            _ => Array.TrueForAll(Arguments, a => a.IsNotNegative),
        };

        /// <summary>An open size.</summary>
        public static Atom Named(string name) => new(AtomKind.Name, name, []);
    }
}
