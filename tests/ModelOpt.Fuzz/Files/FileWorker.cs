using ModelOpt.Runtime.Guarding;

namespace ModelOpt.Fuzz.Files;

/// <summary>Runs cases in a process that may end at any of them.</summary>
internal static class FileWorker
{
    // Memory between guard pages is unmapped by finalizers, and a process may have some 65,000 mappings.
    private const int CasesBetweenCollections = 32;

    /// <summary>Runs cases; writes the number of each before it runs, and what was found.</summary>
    /// <param name="first">The first case.</param>
    /// <param name="end">The case after the last.</param>
    /// <param name="only">The one kind to make; null for all.</param>
    public static int Run(int seed, long first, long end, FileKind? only)
    {
        AppContext.SetSwitch(GuardPages.Switch, true);
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        using var runner = new CaseRunner();
        var factory = new CaseFactory(seed, only);
        factory.Prepare();
        for (long i = first; i < end; i++)
        {
            output.WriteLine(i);
            if (runner.Run(factory.Make(i)) is { } find) output.WriteLine($"! {find}");
            if (i % CasesBetweenCollections == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }

        foreach ((FileKind kind, int count) in runner.Accepted) output.WriteLine($"= {kind} {count}");
        output.WriteLine("done");
        return 0;
    }
}
