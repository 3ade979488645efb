using System.Text;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <summary>Lines of C#, indented by their blocks. Lines end in LF on every system.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line() => _text.Append('\n');

    public void Line(string line) => _text.Append(' ', _depth * 4).Append(line).Append('\n');

    public void Line(IFormatProvider culture, FormattableString line) => Line(line.ToString(culture));

    /// <summary>Opens a brace that ends where the result is disposed of.</summary>
    public IDisposable Block()
    {
        Line("{");
        _depth++;
        return new End(this);
    }

    public override string ToString() => _text.ToString();

    private sealed class End(CodeText code) : IDisposable
    {
        public void Dispose()
        {
            code._depth--;
            // No blank line before a closing brace.
            while (code._text is [.., '\n', '\n']) code._text.Length--;
            code.Line("}");
        }
    }
}
