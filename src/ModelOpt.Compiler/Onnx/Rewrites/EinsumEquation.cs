using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// The equation of an Einsum, such as <c>bij,bjk->bik</c>, with a label of its own for each axis that an ellipsis stands for.
/// </summary>
/// <param name="Terms">The labels of each input's axes.</param>
/// <param name="Output">Those of the output's.</param>
internal sealed record EinsumEquation(string[] Terms, string Output)
{
    private const string Ellipsis = "...";

    // Behind the letters; the last axes of all ellipses are the same.
    private const char LastOfEllipsis = '\u0200';

    /// <summary>Reads attribute <c>equation</c>.</summary>
    /// <exception cref="CompilationException">It is none, or does not fit the inputs.</exception>
    public static EinsumEquation Read(Rewriting at)
    {
        string text = at.Node.String("equation", "").Replace(" ", "", StringComparison.Ordinal);
        string[] sides = text.Split("->");
        string[] terms = sides[0].Split(',');
        if (sides.Length > 2 || terms.Length != at.Node.Inputs.Count) throw Invalid(at, text);
        int longest = 0;
        for (int i = 0; i < terms.Length; i++)
        {
            int hidden = 0;
            if (terms[i].Contains(Ellipsis, StringComparison.Ordinal))
                hidden = at.RankOf(at.Input(i)) - (terms[i].Length - Ellipsis.Length);
            if (hidden < 0) throw Invalid(at, text);
            longest = Math.Max(longest, hidden);
            terms[i] = Expand(at, text, terms[i], hidden);
            if (at.Input(i).Shape is { } shape && shape.Rank != terms[i].Length)
                throw at.Invalid("equation", $"is '{text}', and input {i} is {shape}");
        }

        string all = string.Concat(terms);
        string once = string.Concat(all.Where(c => char.IsAsciiLetter(c) && all.Count(l => l == c) == 1).Order());
        string output = Expand(at, text, sides.Length == 2 ? sides[1] : longest > 0 ? Ellipsis + once : once, longest);
        if (output.Distinct().Count() != output.Length || output.Any(c => !all.Contains(c))) throw Invalid(at, text);
        return new(terms, output);
    }

    private static string Expand(Rewriting at, string text, string term, int hidden)
    {
        string labels = string.Concat(Enumerable.Range(0, hidden).Select(i => (char)(LastOfEllipsis - hidden + i)));
        int place = term.IndexOf(Ellipsis, StringComparison.Ordinal);
        string letters = place < 0 ? term : term.Remove(place, Ellipsis.Length);
        if (!letters.All(char.IsAsciiLetter)) throw Invalid(at, text);
        return place < 0 ? letters : letters.Insert(place, labels);
    }

    private static CompilationException Invalid(Rewriting at, string text) =>
        at.Invalid("equation", $"is '{text}', which does not fit {at.Node.Inputs.Count} inputs");
}
