using System.Text.RegularExpressions;

namespace ModelOpt.Fuzz.Operators;

/// <summary>What became of the cases of one operator.</summary>
internal sealed partial class OperatorTally(string name)
{
    private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);

    /// <summary>The operator.</summary>
    public string Name => name;

    /// <summary>Cases that were compared, refused, or ended in an exception: those that are valid.</summary>
    public int Valid { get; private set; }

    /// <summary>Cases that ONNX Runtime refuses.</summary>
    public int Rejected { get; private set; }

    /// <summary>Cases of types that ONNX Runtime has no kernel for, in float32 neither.</summary>
    public int NoKernel { get; private set; }

    /// <summary>Cases of types that the project has no name for; they count as valid and refused nowhere.</summary>
    public int Unread { get; private set; }

    /// <summary>Valid cases that the project refuses.</summary>
    public int Refused { get; private set; }

    /// <summary>Of those, the ones among the cases that the tests run.</summary>
    public int RefusedOfFirst { get; private set; }

    /// <summary>Of those, the ones refused after reading.</summary>
    public int Late { get; private set; }

    /// <summary>What is wrong, with the number of its case.</summary>
    public List<(int Index, OperatorCase Case, string What)> Failures { get; } = [];

    /// <summary>Why cases are refused and how often, most frequent first.</summary>
    public IEnumerable<(string Reason, int Count)> Reasons =>
        _reasons.OrderByDescending(r => r.Value).ThenBy(r => r.Key, StringComparer.Ordinal).Select(r => (r.Key, r.Value));

    /// <summary>Failures of one kind each, with their number and the first of them.</summary>
    public IEnumerable<(int Count, int Index, OperatorCase Case, string What)> Kinds =>
        Failures.GroupBy(f => Numbers().Replace(f.What, "#"))
        .Select(g => (g.Count(), g.First().Index, g.First().Case, g.First().What)).OrderByDescending(k => k.Item1);

    /// <summary>Takes a case of a type that the project has no name for.</summary>
    public void AddUnread() => Unread++;

    /// <summary>Runs a case and takes what becomes of it.</summary>
    public void Run(int index, OperatorCase test)
    {
        byte[] model = test.ToModel();
        ReferenceResult reference = OnnxRuntimeReference.Run(model, test.Feeds);
        if (reference.Status == ReferenceStatus.NoKernel)
        {
            OperatorCase twin = test.WithFloats(Compiler.Graphs.ElementType.Float32);
            reference = OnnxRuntimeReference.Run(twin.ToModel(), twin.Feeds);
        }

        SubjectResult subject = Subject.Run(model, test.Feeds);
        if (subject.Status == SubjectStatus.Crashed) Failures.Add((index, test, subject.Reason));
        switch (reference.Status)
        {
            case ReferenceStatus.NoKernel: NoKernel++; return;
            case ReferenceStatus.Rejected: Rejected++; return;
        }

        Valid++;
        if (subject.Status is SubjectStatus.Refused or SubjectStatus.RefusedLate)
        {
            Refused++;
            if (index < RefusalTable.First) RefusedOfFirst++;
            if (subject.Status == SubjectStatus.RefusedLate) Late++;
            string reason = Numbers().Replace(subject.Reason, "#");
            _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
        }

        if (test.IsDisputed) return;
        Compare("interpreter", subject.Interpreted);
        Compare("runtime", subject.Run);

        void Compare(string what, Compiler.Graphs.Tensor[]? actual)
        {
            if (actual is not null && Comparison.Difference(reference.Outputs, actual, test) is { } difference)
                Failures.Add((index, test, $"{what}: {difference}"));
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]|'[^']*'|-?(?<![A-Za-z\d])\d+([.\d]*(E[+-]\d+)?)")]
    private static partial Regex Numbers();
}
