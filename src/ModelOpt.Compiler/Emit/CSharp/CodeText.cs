using System.Text;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <summary>Lines of C#, indented by their blocks. Lines end in LF on every system.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder text = new();
    private int depth;

    public void Line() => text.Append('\n');

    public void Line(string line) => text.Append(' ', depth * 4).Append(line).Append('\n');

    public void Line(IFormatProvider culture, FormattableString line) => Line(line.ToString(culture));

    /// <summary>Opens a brace that ends where the result is disposed of.</summary>
    public IDisposable Block()
    {
        Line("{");
        depth++;
        return new End(this);
    }

    /// <inheritdoc/>
    public override string ToString() => text.ToString();

    private sealed class End(CodeText code) : IDisposable
    {
        public void Dispose()
        {
            code.depth--;
            // No blank line before a closing brace.
            while (code.text is [.., '\n', '\n']) code.text.Length--;
            code.Line("}");
        }
    }
}
