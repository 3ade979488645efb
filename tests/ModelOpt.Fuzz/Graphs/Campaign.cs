using System.Diagnostics;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ModelOpt.Fuzz.Graphs.Checks;
using ModelOpt.Fuzz.Graphs.Shrinking;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>Makes a model of a case.</summary>
/// <returns>The model, and the ways to compress it.</returns>
internal delegate (ModelProto Model, IReadOnlyList<Variant> Variants) CaseMaker(Random random);

/// <summary>How long to look, and where.</summary>
internal sealed record CampaignOptions
{
    /// <summary>After what time to end.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>After how many cases to end.</summary>
    public int Cases { get; init; } = int.MaxValue;

    /// <summary>The seed; with it, a case's number makes the case.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>One case in so many runs in LiteRT, too; 0 for none.</summary>
    public int LiteRtEvery { get; init; } = 20;

    /// <summary>The only case to judge; null for all.</summary>
    public int? Only { get; init; }

    /// <summary>Where what fails is saved; null for nowhere, and then nothing is shrunk.</summary>
    public string? Finds { get; init; }

    /// <summary>How long to shrink what fails.</summary>
    public TimeSpan ShrinkTime { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Judges one case after another, and shrinks and saves what fails.</summary>
/// <param name="name">What the finds are named after.</param>
/// <param name="options">How long to look, and where.</param>
internal sealed class Campaign(CaseMaker make, string name, CampaignOptions options, TextWriter output) : IDisposable
{
    // As many shrunk examples of a fault say all there is to say.
    private const int MostOfAFault = 2;
    private const int MostTries = 50;

    private readonly Workbench _bench = new();
    private readonly Dictionary<string, int> _refused = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _faults = new(StringComparer.Ordinal);

    /// <summary>The number of models judged.</summary>
    public int Models { get; private set; }

    /// <summary>The number of compressions judged.</summary>
    public int Compressions { get; private set; }

    /// <summary>The faults found, in how many compressions, by kind and check.</summary>
    public IReadOnlyDictionary<string, int> Faults => _faults;

    /// <summary>Runs until time or cases are used up.</summary>
    public void Run()
    {
        Stopwatch clock = Stopwatch.StartNew();
        int first = options.Only ?? 0;
        long last = options.Only is { } only ? only : (long)options.Cases - 1;
        for (int i = first; i <= last && clock.Elapsed < options.Time; i++) Run(i);
        output.WriteLine($"{name}: {Models} models, {Compressions} compressions, seed {options.Seed}, {clock.Elapsed.TotalSeconds:F0} s");
        foreach ((string what, int count) in _faults.OrderByDescending(f => f.Value)) output.WriteLine($"{count,6} × {what}");
        foreach ((string what, int count) in _refused.OrderByDescending(f => f.Value)) output.WriteLine($"{count,6} × {what}");
        if (_faults.Count == 0) output.WriteLine("     0 faults");
    }

    public void Dispose() => _bench.Dispose();

    private void Run(int number)
    {
        (Subject subject, IReadOnlyList<Variant> variants) = Make(number);
        Models++;
        bool liteRt = options.LiteRtEvery > 0 && number % options.LiteRtEvery == 0;
        Judge judge = new(_bench);
        foreach (Variant variant in variants)
        {
            Compressions++;
            if (judge.Try(subject, variant, liteRt) is not { } finding) continue;
            if (!finding.IsFault)
            {
                Count(_refused, $"{finding.Kind}: {finding.Check}");
                continue;
            }

            string fault = $"{finding.Kind}: {finding.Check}";
            output.WriteLine($"case {number}, {variant}: {finding}");
            if (Count(_faults, fault) <= MostOfAFault && options.Finds is { } folder) Save(folder, number, subject, variant, finding);
        }
    }

    /// <summary>A case's model; one whose values leave the range of what anyone computes is made anew.</summary>
    private (Subject Subject, IReadOnlyList<Variant> Variants) Make(int number)
    {
        for (int attempt = 0; ; attempt++)
        {
            Random random = new(unchecked((options.Seed * 1_000_003) + (number * 131) + attempt));
            (ModelProto model, IReadOnlyList<Variant> variants) = make(random);
            try
            {
                Subject subject = new(model);
                if (subject.IsTame || attempt == MostTries) return (subject, variants);
            }
            catch (OnnxRuntimeException e)
            {
                string file = Path.Combine(Path.GetTempPath(), "modelopt-fuzz-invalid.onnx");
                File.WriteAllBytes(file, model.ToByteArray());
                throw new InvalidOperationException($"Case {number} of seed {options.Seed} is no valid model ({file}): {e.Message}", e);
            }
        }
    }

    private void Save(string folder, int number, Subject subject, Variant variant, Finding finding)
    {
        Shrinker shrinker = new(new Judge(_bench), finding, options.ShrinkTime);
        (ModelProto model, Variant simplest) = shrinker.Shrink(subject.Model, variant);
        model = model.Clone();
        simplest.Save(model);
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, $"{name}-{options.Seed}-{number}-{variant.Mode.ToString().ToLowerInvariant()}");
        File.WriteAllBytes($"{file}.onnx", model.ToByteArray());
        File.WriteAllText($"{file}.txt", $"modelopt-fuzz replay {Path.GetFileName(file)}.onnx   # {simplest}: {shrinker.Smallest}\n");
        output.WriteLine($"  {model.Graph.Node.Count} nodes, {simplest}: {file}.onnx");
        output.WriteLine($"  {string.Join(", ", model.Graph.Node.Select(n => n.OpType))}: {shrinker.Smallest.Detail.Split('\n')[0]}");
    }

    private static int Count(Dictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;
}
