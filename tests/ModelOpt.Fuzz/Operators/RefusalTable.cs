using System.Globalization;
using System.Text;

namespace ModelOpt.Fuzz.Operators;

/// <summary>The file that says what share of valid cases the project refuses, operator by operator.</summary>
internal static class RefusalTable
{
    /// <summary>Writes it.</summary>
    /// <param name="options">What was run.</param>
    /// <param name="tallies">What became of it.</param>
    public static string Write(OperatorRunOptions options, IReadOnlyList<OperatorTally> tallies)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {options.Seed}, {options.Cases} cases each");
        foreach (OperatorTally tally in tallies)
        {
            double share = 100.0 * tally.Refused / Math.Max(1, tally.Valid);
            text.AppendLine(CultureInfo.InvariantCulture, $"{tally.Name}: {tally.Refused} of {tally.Valid} ({share:F1} %)");
            foreach ((string reason, int count) in tally.Reasons) text.AppendLine(CultureInfo.InvariantCulture, $"  {count} {reason}");
        }

        return text.ToString();
    }
}
