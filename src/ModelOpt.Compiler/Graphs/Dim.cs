using System.Globalization;

namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// One dimension: a size, an expression over sizes that are open, such as <c>N</c> or <c>2*N + 1</c>, or unknown. Equal expressions are
/// equal sizes. Elements of computations with shapes are of the same form, and may be negative.
/// </summary>
internal readonly record struct Dim
{
    private const string ComputedPrefix = "size of ";

    /// <summary>Creates a dimension.</summary>
    /// <param name="size">The size, or -1 where it is not known.</param>
    /// <param name="symbol">What is known instead: the name of an open size, or an expression over such names; null for nothing.</param>
    public Dim(long size, string? symbol = null)
    {
        Size = size;
        if (size < 0 && symbol is { Length: > 0 }) this = Of(DimText.Read(symbol));
    }

    private Dim(long size, DimExpression? expression) => (Size, Expression) = (size, expression);

    /// <summary>An unknown dimension.</summary>
    public static Dim Unknown => new(-1);

    /// <summary>The size, or -1 where it is not known.</summary>
    public long Size { get; }

    /// <summary>What the expression says, as text; null where the size is known, or nothing is.</summary>
    public string? Symbol => Expression?.Text;

    /// <summary>Whether the size is known.</summary>
    public bool IsKnown => Size >= 0;

    /// <summary>The symbol or expression that stands for the size; a negative number is one, too.</summary>
    internal DimExpression? Expression { get; }

    /// <summary>An open size.</summary>
    internal static Dim Named(string name) => Of(DimExpression.Named(name));

    /// <summary>A size that depends on values, known only when the model runs.</summary>
    /// <param name="of">A text that tells it from other sizes.</param>
    internal static Dim Computed(string of) => Named(ComputedPrefix + of);

    /// <summary>Whether the size depends on values, whatever the sizes of the inputs are.</summary>
    internal bool IsComputed => Expression?.Names.Any(n => n.StartsWith(ComputedPrefix, StringComparison.Ordinal)) == true;

    /// <summary>A dimension of a known size.</summary>
    public static implicit operator Dim(long size) => new(size);

    /// <summary>A number that may be negative, as an element of a shape computation.</summary>
    internal static Dim Literal(long value) => value >= 0 ? new Dim(value) : new Dim(-1, DimExpression.Number(value));

    /// <summary>The number that an element of a shape computation is; null where it is open or unknown.</summary>
    internal long? Number() => IsKnown ? Size : Expression?.Constant;

    /// <summary>a + b.</summary>
    public static Dim operator +(Dim a, Dim b) => Apply(a, b, DimExpression.Add);

    /// <summary>a − b.</summary>
    public static Dim operator -(Dim a, Dim b) => a + (b * Literal(-1));

    /// <summary>a · b.</summary>
    public static Dim operator *(Dim a, Dim b) => a.Number() == 0 || b.Number() == 0 ? 0 : Apply(a, b, DimExpression.Multiply);

    /// <summary>a / b, rounded towards zero as ONNX divides integers.</summary>
    internal static Dim Divide(Dim a, Dim b)
    {
        if (a.Number() is { } x && b.Number() is { } y)
            return y == 0 || (x == long.MinValue && y == -1) ? Unknown : Literal(x / y);
        if (b.Number() < 0) return Divide(0 - a, 0 - b);
        return IsNotNegative(a) ? FloorDivide(a, b) : FloorDivide(Max(a, 0), b) - FloorDivide(Max(0 - a, 0), b);
    }

    /// <summary>a / b, rounded down; b is positive wherever the model runs.</summary>
    internal static Dim FloorDivide(Dim a, Dim b) => Apply(a, b, DimExpression.FloorDivide);

    /// <summary>a / b, rounded up; b is positive wherever the model runs.</summary>
    internal static Dim CeilDivide(Dim a, Dim b) => Apply(a, b, DimExpression.CeilDivide);

    /// <summary>The smaller of two.</summary>
    internal static Dim Min(Dim a, Dim b) => Apply(a, b, (x, y) => DimExpression.Extreme(false, x, y));

    /// <summary>The larger of two.</summary>
    internal static Dim Max(Dim a, Dim b) => Apply(a, b, (x, y) => DimExpression.Extreme(true, x, y));

    /// <summary>The product of all.</summary>
    internal static Dim Product(IEnumerable<Dim> dims) => dims.Aggregate((Dim)1, (a, b) => a * b);

    /// <summary>a / b where that comes out even whatever the open sizes are, else unknown.</summary>
    internal static Dim Quotient(Dim a, Dim b) => b.Number() == 0 ? Unknown : Apply(a, b, DimExpression.Quotient);

    /// <summary>Whether it is certain that an element is no negative number.</summary>
    internal static bool IsNotNegative(Dim dim) => dim.IsKnown || dim.Expression?.IsNotNegative == true;

    /// <summary>The names of open sizes that it is made of.</summary>
    internal IEnumerable<string> Names => Expression?.Names ?? [];

    /// <summary>The dimension where open sizes are others; names that are not found stay.</summary>
    internal Dim At(Func<string, Dim?> sizes)
    {
        if (Expression is not { } expression) return this;
        Dim sum = 0;
        foreach (DimExpression.Term term in expression.Terms)
        {
            Dim product = Literal(term.Factor);
            foreach (DimExpression.Atom atom in term.Atoms) product *= At(atom, sizes);
            sum += product;
        }

        return sum;
    }

    private static Dim At(DimExpression.Atom atom, Func<string, Dim?> sizes)
    {
        if (atom.Kind == DimExpression.AtomKind.Name) return sizes(atom.Name) ?? Named(atom.Name);
        Dim[] arguments = Array.ConvertAll(atom.Arguments, a => Of(a).At(sizes));
        return atom.Kind switch
        {
            DimExpression.AtomKind.Floor => FloorDivide(arguments[0], arguments[1]),
            DimExpression.AtomKind.Min => arguments.Aggregate(Min),
            _ => arguments.Aggregate(Max),
        };
    }

    private DimExpression? AsExpression() => IsKnown ? DimExpression.Number(Size) : Expression;

    private static Dim Of(DimExpression? expression) =>
        expression is null ? Unknown : expression.Constant is { } number ? Literal(number) : new Dim(-1, expression);

    private static Dim Apply(Dim a, Dim b, Func<DimExpression, DimExpression, DimExpression?> function) =>
        a.AsExpression() is { } x && b.AsExpression() is { } y ? Of(function(x, y)) : Unknown;

    public override string ToString() => IsKnown ? Size.ToString(CultureInfo.InvariantCulture) : Symbol ?? "?";
}
