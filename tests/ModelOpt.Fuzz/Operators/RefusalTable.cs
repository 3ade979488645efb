using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ModelOpt.Fuzz.Operators;

/// <summary>What of an operator is refused, as the table says.</summary>
/// <param name="Refused">Of those, the ones that the project refuses.</param>
/// <param name="Unlisted">Of those, the ones whose form is not listed as unsupported.</param>
/// <param name="First">How many of the first cases are refused, which the tests run again.</param>
internal sealed record RefusalRow(string Operator, int Valid, int Refused, int Unlisted, int First);

/// <summary>
/// The file <c>refused.txt</c> says what share of valid cases the project refuses, operator by operator, and why. It is written by
/// <c>modelopt-fuzz operators --table</c>; tests let what it says only fall.
/// </summary>
internal static partial class RefusalTable
{
    /// <summary>How many cases of each operator the tests run.</summary>
    public const int First = 60;

    /// <summary>Forms that are not supported, by a part of the diagnostic, and why.</summary>
    private static readonly (string Reason, string Why)[] Forms =
    [
        ("is not a constant", "A shape would depend on numbers that are known only when the model runs; a TFLite file has its shapes in "
            + "it."),
        ("are not constants", "Likewise."),
        ("pads that are computed", "Likewise."),
        ("known only when the model runs", "Likewise."),
        ("which depends on values", "Likewise."),
        ("only the batch dimension may be left open", "Likewise."),
        ("it expands", "Likewise."),
        ("neither axes nor starts are known", "Likewise."),
        ("weights that are computed", "The runtime packs a convolution's weights when a model is loaded."),
        ("training", "Compiled models are not trained."),
        ("its mask", "The mask of a Dropout as floats, which training alone reads."),
        ("dimensions, and there are at most", "LiteRT's RESHAPE, which takes the most, takes eight."),
        ("at indices that are computed", "TFLite scatters sums, no products and no extremes."),
        ("as many points in a bin as it is long", "How many is known only when the model runs."),
        ("antialias", "TFLite has no such filter."),
    ];

    /// <summary>Writes the file.</summary>
    public static string Write(OperatorRunOptions options, IReadOnlyList<OperatorTally> tallies)
    {
        var text = new StringBuilder();
        text.AppendLine("Valid cases (those that ONNX Runtime takes) that the project refuses when it reads the model, and why. Written "
            + "by");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"modelopt-fuzz operators --seed {options.Seed} --cases {options.Cases} --table FILE; tests let it only fall.");
        text.AppendLine("Reasons in brackets are forms that are not supported:");
        foreach ((string reason, string why) in Forms) text.AppendLine(CultureInfo.InvariantCulture, $"  \"{reason}\": {why}");
        text.AppendLine();
        foreach (OperatorTally tally in tallies)
        {
            int unlisted = tally.Reasons.Where(r => !IsListed(r.Reason)).Sum(r => r.Count);
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{tally.Name}: {tally.Refused} of {tally.Valid} ({Share(tally.Refused, tally.Valid)}), unlisted {unlisted} "
                    + $"({Share(unlisted, tally.Valid)}),"
                + $" of the first {First} cases {tally.RefusedOfFirst}");
            foreach ((string reason, int count) in tally.Reasons)
                text.AppendLine(CultureInfo.InvariantCulture, $"  {count} × {(IsListed(reason) ? $"[{reason}]" : reason)}");
        }

        return text.ToString();
    }

    /// <summary>Reads the file.</summary>
    public static IReadOnlyList<RefusalRow> Read(string text) =>
        [.. Row().Matches(text).Select(m => new RefusalRow(m.Groups[1].Value, Number(m, 3), Number(m, 2), Number(m, 4), Number(m, 5)))];

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static bool IsListed(string reason) => Forms.Any(f => reason.Contains(f.Reason, StringComparison.Ordinal));

    private static string Share(int part, int whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / Math.Max(1, whole):F1} %");

    [GeneratedRegex(@"^([\w.]+): (\d+) of (\d+) \([^)]*\), unlisted (\d+) \([^)]*\), of the first \d+ cases (\d+)", RegexOptions.Multiline)]
    private static partial Regex Row();
}
