using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>How the share of zeros rises in the steps of training (Zhu and Gupta, "To prune, or not to prune", 2017).</summary>
/// <param name="Begin">The step of the first zeros, from 0.</param>
/// <param name="End">The step from which on zeros stay.</param>
/// <param name="Frequency">The number of steps from one choice to the next.</param>
internal sealed record SparsitySchedule(PruningSchedule Kind, int Begin, int End, int Frequency)
{
    private const int DefaultFrequency = 20;

    /// <summary>The schedule that options ask for.</summary>
    /// <exception cref="CompilationException">It does not end in time, or not after it begins.</exception>
    public static SparsitySchedule Of(ModelOptions options, int steps)
    {
        int begin = options.PruningBegin ?? 0, end = options.PruningEnd ?? Math.Max(begin + 1, steps * 2 / 3);
        if (begin >= end) throw SparsityDiagnostics.ScheduleOrder.Error(null, begin, end, begin + 1);
        if (end > steps) throw SparsityDiagnostics.ScheduleTooLong.Error(null, end, steps);
        return new(options.PruningSchedule ?? PruningSchedule.None, begin, end, options.PruningFrequency ?? DefaultFrequency);
    }

    /// <summary>Whether zeros are chosen before a step.</summary>
    /// <param name="step">The step, from 0.</param>
    public bool IsDue(int step) => step >= Begin && step <= End && ((step - Begin) % Frequency == 0 || step == End);

    /// <summary>How much of the final share of zeros there is: s_t = s_f − s_f·(1 − (t − t₀)/(t₁ − t₀))³ for the polynomial.</summary>
    public double ShareOf(int step)
    {
        double left = Kind == PruningSchedule.Constant ? 0 : 1 - ((double)(step - Begin) / (End - Begin));
        return 1 - (left * left * left);
    }
}
