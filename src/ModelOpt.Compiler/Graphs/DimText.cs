using System.Globalization;
using System.Text;
using static ModelOpt.Compiler.Graphs.DimExpression;

namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// Expressions over open sizes as text, as ONNX files have them in <c>dim_param</c>: <c>2*N + 1</c>, <c>floor((H - 1)/2)</c>,
/// <c>min(5, N)</c>. What exporters write with sympy is read, too. Any other text is a name, between quotes where more stands beside it.
/// </summary>
internal ref struct DimText
{
    private const int MaxDepth = 24;

    private readonly string _text;
    private int _at;
    private int _depth;

    private DimText(string text) => _text = text;

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The text, not empty.</param>
    public static DimExpression Read(string text) => Parse(text) ?? Named(text);

    /// <summary>The text of an expression.</summary>
    public static string Write(DimExpression expression)
    {
        bool isName = expression.Terms is [{ Factor: 1, Atoms: [{ Kind: AtomKind.Name }] }];
        if (isName && expression.Terms[0].Atoms[0].Name is var name && !IsWord(name) && Parse(name) is null) return name;
        StringBuilder result = new();
        foreach (Term term in expression.Terms)
        {
            bool isNegative = term.Factor < 0;
            if (result.Length > 0) result.Append(isNegative ? " - " : " + ");
            else if (isNegative) result.Append('-');
            string factor = term.Factor.ToString(CultureInfo.InvariantCulture).TrimStart('-');
            result.Append(term.Atoms.Length == 0 ? factor : factor == "1" ? term.Key : $"{factor}*{term.Key}");
        }

        return result.Length > 0 ? result.ToString() : "0";
    }

    /// <summary>The text of an atom.</summary>
    public static string Write(AtomKind kind, string name, DimExpression[] arguments) => kind switch
    {
        AtomKind.Name when IsWord(name) => name,
        AtomKind.Name => $"\"{Escaped('"', Escaped('\\', name))}\"",
        AtomKind.Floor => $"floor({Factor(arguments[0])}/{Factor(arguments[1])})",
        _ => $"{(kind == AtomKind.Min ? "min" : "max")}({string.Join(", ", arguments.Select(a => a.Text))})",
    };

    private static string Escaped(char sign, string name) => name.Replace($"{sign}", $"\\{sign}", StringComparison.Ordinal);

    private static string Factor(DimExpression expression) =>
        expression.Terms is [{ Factor: 1, Atoms: [_] } only] ? only.Key
        : expression.Constant >= 0 ? expression.Text : $"({expression.Text})";

    private static bool IsWord(string name)
    {
        DimText reader = new(name);
        return reader.Word() == name && name is not ("floor" or "ceil" or "ceiling" or "min" or "max" or "Min" or "Max");
    }

    private static DimExpression? Parse(string text)
    {
        if (text.Length > 1000) return null;
        DimText reader = new(text);
        DimExpression? result = Whole(reader.Sum(isExact: false));
        reader.Next();
        return reader._at == text.Length ? result : null;
    }

    private static DimExpression? Whole((DimExpression Above, DimExpression Below)? ratio) =>
        ratio is { } r && r.Below.Constant == 1 ? r.Above : null;

    /// <summary>The next sign that is no space; NUL at the end.</summary>
    private char Next()
    {
        while (_at < _text.Length && _text[_at] == ' ') _at++;
        return _at < _text.Length ? _text[_at] : '\0';
    }

    private bool Take(char sign)
    {
        if (Next() != sign) return false;
        _at++;
        return true;
    }

    /// <summary>A sum as a fraction; within floor(…) quotients are exact until they are rounded.</summary>
    private (DimExpression Above, DimExpression Below)? Sum(bool isExact)
    {
        if (++_depth > MaxDepth) return null;
        var sum = Product(isExact);
        while (sum is { } left && Next() is '+' or '-')
        {
            DimExpression sign = Number(_text[_at++] == '-' ? -1 : 1);
            if (Product(isExact) is not { } right) return null;
            bool same = left.Below.Equals(right.Below);
            DimExpression? a = same ? left.Above : Multiply(left.Above, right.Below);
            DimExpression? b = same ? right.Above : Multiply(right.Above, left.Below);
            DimExpression? below = same ? left.Below : Multiply(left.Below, right.Below);
            b = b is null ? null : Multiply(b, sign);
            sum = a is not null && b is not null && below is not null && Add(a, b) is { } above ? (above, below) : null;
        }

        _depth--;
        return sum;
    }

    private (DimExpression Above, DimExpression Below)? Product(bool isExact)
    {
        var product = Single(isExact);
        while (product is { } left && Next() is '*' or '/')
        {
            bool divides = _text[_at++] == '/', rounds = divides && (Take('/') || !isExact);
            // Paths are names.
            if (rounds && _at < _text.Length && char.IsLetter(_text[_at])) return null;
            if (Single(isExact) is not { } right) return null;
            (DimExpression up, DimExpression down) = divides ? (right.Below, right.Above) : (right.Above, right.Below);
            if (down.Constant <= 0) return null;
            product = Multiply(left.Above, up) is { } above && Multiply(left.Below, down) is { } below ? (above, below) : null;
            if (rounds && product is { } exact) product = FloorDivide(exact.Above, exact.Below) is { } whole ? (whole, Number(1)) : null;
        }

        return product;
    }

    private (DimExpression Above, DimExpression Below)? Single(bool isExact)
    {
        if (Take('-'))
        {
            if (++_depth > MaxDepth || Single(isExact) is not { } of) return null;
            _depth--;
            return Multiply(of.Above, Number(-1)) is { } negative ? (negative, of.Below) : null;
        }

        if (Take('(')) return Sum(isExact) is { } inner && Take(')') ? inner : null;
        DimExpression? whole = Next() == '"' ? Quoted() : char.IsAsciiDigit(Next()) ? Digits() : WordOrCall();
        return whole is null ? null : (whole, Number(1));
    }

    private DimExpression? Digits()
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at])) _at++;
        bool ends = _at == _text.Length || !(char.IsLetter(_text[_at]) || _text[_at] is '_' or '.');
        return ends && long.TryParse(_text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? Number(number) : null;
    }

    private DimExpression? Quoted()
    {
        StringBuilder name = new();
        for (_at++; _at < _text.Length; _at++)
        {
            if (_text[_at] == '"')
            {
                _at++;
                return Named(name.ToString());
            }

            if (_text[_at] == '\\' && ++_at == _text.Length) return null;
            name.Append(_text[_at]);
        }

        return null;
    }

    private DimExpression? WordOrCall()
    {
        string word = Word();
        if (word.Length == 0) return null;
        bool isExact = word is "floor" or "ceil" or "ceiling";
        if (!isExact && word is not ("min" or "max" or "Min" or "Max")) return Named(word);
        if (!Take('(') || Sum(isExact) is not { } first) return null;
        if (isExact && !Take(')')) return null;
        if (isExact) return word == "floor" ? FloorDivide(first.Above, first.Below) : CeilDivide(first.Above, first.Below);
        DimExpression? result = Whole(first);
        while (result is not null && Take(','))
            result = Whole(Sum(isExact: false)) is { } next ? Extreme(word is "max" or "Max", result, next) : null;
        return Take(')') ? result : null;
    }

    /// <summary>
    /// A name: letters, digits and some signs. A hyphen before a letter is a part of it; behind a minus is a space or digit.
    /// </summary>
    private string Word()
    {
        Next();
        int start = _at;
        while (_at < _text.Length && (IsLetter(_text[_at]) || (_at > start && IsInner(_at)))) _at++;
        return _text[start.._at];
    }

    private readonly bool IsInner(int place) => char.IsAsciiDigit(_text[place]) || _text[place] is '.' or ':' or '$' or '@'
        || (_text[place] == '-' && place + 1 < _text.Length && IsLetter(_text[place + 1]));

    private static bool IsLetter(char sign) => char.IsLetter(sign) || sign == '_';
}
