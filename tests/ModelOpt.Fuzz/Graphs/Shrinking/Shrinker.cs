using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using ModelOpt.Fuzz.Graphs.Checks;

namespace ModelOpt.Fuzz.Graphs.Shrinking;

/// <summary>Makes a model smaller, and what is done to it simpler, as long as the same fault stays.</summary>
internal sealed class Shrinker(Judge judge, Finding finding, TimeSpan budget)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>What is left of the fault's description, of the smallest model.</summary>
    public Finding Smallest { get; private set; } = finding;

    /// <summary>Shrinks.</summary>
    public (ModelProto Model, Variant Variant) Shrink(ModelProto model, Variant variant)
    {
        for (bool changed = true; changed && _clock.Elapsed < budget;)
        {
            changed = false;
            foreach (Variant simpler in variant.Simpler())
            {
                if (!Stays(model, simpler)) continue;
                (variant, changed) = (simpler, true);
                break;
            }

            foreach (Func<Subject, IEnumerable<ModelProto>> edits in ModelEdits.All)
            {
                // An edit makes room for others: each kind is tried until none of it goes.
                for (bool again = true; again && _clock.Elapsed < budget;)
                {
                    again = false;
                    if (Evaluated(model) is not { } subject) return (model, variant);
                    foreach (ModelProto smaller in edits(subject))
                    {
                        if (_clock.Elapsed > budget) break;
                        if (!Stays(smaller, variant)) continue;
                        (model, again, changed) = (smaller, true, true);
                        break;
                    }
                }
            }
        }

        return (model, variant);
    }

    private bool Stays(ModelProto model, Variant variant)
    {
        if (!ExactRules.Hold(model, variant) || Evaluated(model) is not { IsTame: true } subject) return false;
        Finding? found = judge.Try(subject, variant, liteRt: Smallest.Check.Contains("LiteRT", StringComparison.Ordinal));
        if (!Smallest.IsSame(found)) return false;
        Smallest = found!;
        return true;
    }

    private static Subject? Evaluated(ModelProto model)
    {
        try
        {
            return new Subject(model);
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }
}
