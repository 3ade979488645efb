namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>Folders that stand together and share their first name.</summary>
/// <param name="Members">What follows that name in the folders; empty for a folder that stands alone.</param>
internal sealed record Family(string Name, IReadOnlyList<string> Members);

/// <summary>Which family of folders knows which, from the ground up.</summary>
/// <param name="Families">The families; each knows earlier ones only.</param>
/// <param name="Arrows">Pairs of indices: From knows To. What follows from other arrows is left out.</param>
internal sealed record FamilyGraph(IReadOnlyList<Family> Families, IReadOnlyList<(int From, int To)> Arrows)
{
    /// <summary>Reads an assembly.</summary>
    public static FamilyGraph Read(string assembly)
    {
        var floors = new Floors(assembly);
        var runs = new List<List<string>>();
        foreach (string folder in floors.Folders)
        {
            if (runs.Count > 0 && FirstName(runs[^1][0]) == FirstName(folder)) runs[^1].Add(folder);
            else runs.Add([folder]);
        }

        int[] familyOf = [.. runs.SelectMany((run, i) => run.Select(_ => i))];
        return new([.. runs.Select(Create)], Reduce(
            floors.References().Select(r => (familyOf[r.FromFloor], familyOf[r.ToFloor])).Where(r => r.Item1 != r.Item2), runs.Count));
    }

    /// <summary>Leaves out the arrows that follow from others.</summary>
    /// <param name="arrows">Pairs of which the second is the smaller.</param>
    public static IReadOnlyList<(int From, int To)> Reduce(IEnumerable<(int From, int To)> arrows, int count)
    {
        (int From, int To)[] all = [.. arrows.Distinct().Order()];
        var reached = new HashSet<int>[count];
        for (int i = 0; i < count; i++) reached[i] = [.. all.Where(a => a.From == i).SelectMany(a => reached[a.To].Append(a.To))];
        return [.. all.Where(a => !all.Any(other => other.From == a.From && reached[other.To].Contains(a.To)))];
    }

    private static string FirstName(string folder) => folder == "." ? folder : folder.Split('.')[0];

    private static Family Create(List<string> run)
    {
        if (run.Count == 1) return new(run[0] == "." ? "the API" : run[0], []);
        string name = FirstName(run[0]);
        return new(name, [.. run.Where(f => f != name).Select(f => f[(name.Length + 1)..])]);
    }
}
