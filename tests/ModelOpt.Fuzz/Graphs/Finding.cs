namespace ModelOpt.Fuzz.Graphs;

/// <summary>What can go wrong with a case.</summary>
internal enum FindingKind
{
    /// <summary>Another result than the reference's, or a claim that does not hold.</summary>
    Wrong,

    /// <summary>An exception that is no diagnostic, or a diagnostic that stands for one.</summary>
    Crash,

    /// <summary>What was written cannot be loaded.</summary>
    NotLoadable,

    /// <summary>A model is refused after it was read: calibration or training came first.</summary>
    RefusedLate,

    /// <summary>A model is refused when it is read, which is no fault.</summary>
    Refused,
}

/// <summary>What went wrong.</summary>
/// <param name="Check">Which check saw it, in words that are the same for the same fault: shrinking keeps it.</param>
internal sealed record Finding(FindingKind Kind, string Check, string Detail)
{
    /// <summary>Whether it is a fault of the project.</summary>
    public bool IsFault => Kind != FindingKind.Refused;

    /// <summary>Whether another finding is of the same fault.</summary>
    public bool IsSame(Finding? other) => other is not null && other.Kind == Kind && other.Check == Check;

    public override string ToString() => $"{Kind}: {Check}: {Detail}";
}

/// <summary>Ends the judging of a case with what was found.</summary>
internal sealed class FindingException(Finding finding) : Exception(finding.ToString())
{
    public Finding Finding => finding;
}
