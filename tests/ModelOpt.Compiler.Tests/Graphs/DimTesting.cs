using System.Text.RegularExpressions;

namespace ModelOpt.Compiler.Tests.Graphs;

/// <summary>Dimensions in tests.</summary>
internal static class DimTesting
{
    /// <summary>A dimension read again with sizes in place of names in its text.</summary>
    public static Dim With(this Dim dim, IReadOnlyDictionary<string, Dim> sizes) => dim.Symbol is not { } text ? dim
        : new Dim(-1, Regex.Replace(text, @"\w+", m => sizes.TryGetValue(m.Value, out Dim size) ? size.ToString() : m.Value));
}
