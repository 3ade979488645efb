using System.Buffers;
using System.Globalization;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Arithmetic on sizes, some of them symbols. A result that cannot be computed becomes an expression that serves as a symbol: equal
/// expressions are equal sizes. Products keep one normal form, so that they can be divided.
/// </summary>
internal static class DimArithmetic
{
    // Marks the symbol of a negative number, which Dim itself cannot hold: shape computations contain -1.
    private const char NegativeMark = '=';

    /// <summary>A number that may be negative, as an element of a shape computation.</summary>
    /// <param name="value">The number.</param>
    public static Dim Literal(long value) =>
        value >= 0 ? new Dim(value) : new Dim(-1, NegativeMark + value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The number that an element of a shape computation is; null where it is a symbol or unknown.</summary>
    /// <param name="dim">The element.</param>
    public static long? Number(this Dim dim) =>
        dim.IsKnown ? dim.Size
        : dim.Symbol is [NegativeMark, ..] symbol ? long.Parse(symbol.AsSpan(1), CultureInfo.InvariantCulture) : null;

    /// <summary>a + b.</summary>
    public static Dim Add(Dim a, Dim b) =>
        a.Number() is { } x && b.Number() is { } y ? Checked((Int128)x + y)
        : a == (Dim)0 ? b
        : b == (Dim)0 ? a
        : Expression(a, "+", b);

    /// <summary>a − b.</summary>
    public static Dim Subtract(Dim a, Dim b) =>
        a.Number() is { } x && b.Number() is { } y ? Checked((Int128)x - y)
        : b == (Dim)0 ? a
        : a == b && a.Symbol is not null ? 0
        : Expression(a, "-", b);

    /// <summary>a · b.</summary>
    public static Dim Multiply(Dim a, Dim b) =>
        a.Number() is { } x && b.Number() is { } y ? Checked((Int128)x * y)
        : a == (Dim)0 || b == (Dim)0 ? 0
        : Monomial.Of(a) is { } m && Monomial.Of(b) is { } n ? m.Times(n) : Dim.Unknown;

    /// <summary>a / b, rounded towards zero as ONNX divides integers.</summary>
    public static Dim Divide(Dim a, Dim b)
    {
        if (a.Number() is { } x && b.Number() is { } y) return y == 0 ? Dim.Unknown : Checked((Int128)x / y);
        if (b == (Dim)1) return a;
        Dim exact = Quotient([a], [b]);
        return exact == Dim.Unknown ? Expression(a, "/", b) : exact;
    }

    /// <summary>The product of all.</summary>
    /// <param name="dims">The factors.</param>
    public static Dim Product(IEnumerable<Dim> dims) => dims.Aggregate((Dim)1, Multiply);

    /// <summary>The product of some sizes divided by the product of others; unknown where it does not come out even.</summary>
    /// <param name="dividend">The factors above the line.</param>
    /// <param name="divisor">The factors below.</param>
    public static Dim Quotient(IEnumerable<Dim> dividend, IEnumerable<Dim> divisor)
    {
        Dim above = Product(dividend), below = Product(divisor);
        if (Monomial.Of(above) is not { } m || Monomial.Of(below) is not { } n || n.Factor == 0) return Dim.Unknown;
        var symbols = m.Symbols.ToList();
        if (!n.Symbols.All(symbols.Remove) || m.Factor % n.Factor != 0) return Dim.Unknown;
        return new Monomial(m.Factor / n.Factor, symbols).ToDim();
    }

    private static readonly SearchValues<char> OtherSigns = SearchValues.Create("()+-/ ");

    private static Dim Checked(Int128 value) =>
        value >= long.MinValue && value <= long.MaxValue ? Literal((long)value) : Dim.Unknown;

    private static Dim Expression(Dim a, string sign, Dim b) =>
        Text(a) is { } x && Text(b) is { } y && x.Length + y.Length < 200 ? new Dim(-1, $"({x}{sign}{y})") : Dim.Unknown;

    private static string? Text(Dim dim) =>
        dim.Number()?.ToString(CultureInfo.InvariantCulture) ?? dim.Symbol;

    /// <summary>A number times symbols.</summary>
    private sealed record Monomial(long Factor, IReadOnlyList<string> Symbols)
    {
        public static Monomial? Of(Dim dim)
        {
            if (dim.Number() is { } number) return new Monomial(number, []);
            if (dim.Symbol is not { Length: > 0 } symbol) return null;
            // A symbol of a file may itself say 2*N; one with other signs stays whole.
            if (symbol.AsSpan().ContainsAny(OtherSigns)) return new Monomial(1, [symbol]);
            long factor = 1;
            var symbols = new List<string>();
            foreach (string part in symbol.Split('*'))
            {
                if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long n)) symbols.Add(part);
                else if (n > 0 && factor <= long.MaxValue / n) factor *= n;
                else return null;
            }

            return new Monomial(factor, symbols);
        }

        public Dim Times(Monomial other)
        {
            Int128 factor = (Int128)Factor * other.Factor;
            return factor > 0 && factor <= long.MaxValue
                ? new Monomial((long)factor, [.. Symbols, .. other.Symbols]).ToDim() : Dim.Unknown;
        }

        public Dim ToDim()
        {
            if (Symbols.Count == 0) return Literal(Factor);
            IEnumerable<string> parts = Symbols.Order(StringComparer.Ordinal);
            if (Factor != 1) parts = parts.Prepend(Factor.ToString(CultureInfo.InvariantCulture));
            string text = string.Join('*', parts);
            return text.Length < 200 ? new Dim(-1, text) : Dim.Unknown;
        }
    }
}
