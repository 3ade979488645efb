using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Something that a pass left unchanged, or the result of a change.</summary>
/// <param name="Layer">The layer's label; null where it concerns the whole model.</param>
/// <param name="Text">The reason, or the outcome.</param>
internal sealed record PassNote(string? Layer, string Text)
{
    internal PassNote(Node layer, string text)
        : this(layer.Label, text)
    {
    }

    internal PassNote(string text)
        : this((string?)null, text)
    {
    }

    /// <summary>The line of the report: <c>layer: reason</c>.</summary>
    public override string ToString() => Layer is null ? Text : $"{Layer}: {Text}";
}
