using System.CommandLine;
using System.Diagnostics;

namespace ModelOpt.Fuzz.Files;

/// <summary>The command <c>files</c>.</summary>
internal static class FilesCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<long?> cases = new("--cases") { Description = "Ends after so many cases." };
        Option<double?> seconds = new("--seconds") { Description = "Ends after this time." };
        Option<int> seed = new("--seed") { Description = "The seed.", DefaultValueFactory = _ => 1 };
        Option<long> first = new("--first") { Description = "The number of the first case." };
        Option<FileKind?> kind = new("--kind") { Description = "One kind of file instead of all." };
        Option<int> workers = new("--workers") { Description = "Processes at once.", DefaultValueFactory = _ =>
            Environment.ProcessorCount };
        Option<DirectoryInfo?> finds =
            new("--finds") { Description = "The folder that files are written to which did what they must not." };
        Option<bool> worker = new("--worker") { Description = "Runs the cases in this process.", Hidden = true };
        var command = new Command("files", "Reads damaged models, data files and recipes, and runs what loads between guard pages.")
        {
            cases, seconds, seed, first, kind, workers, finds, worker,
        };
        command.SetAction(parsed =>
        {
            long start = parsed.GetValue(first),
                count = parsed.GetValue(cases) ?? (parsed.GetValue(seconds) is null ? 10_000 : long.MaxValue / 2);
            FileKind? only = parsed.GetValue(kind);
            if (parsed.GetValue(worker)) return FileWorker.Run(parsed.GetValue(seed), start, start + count, only);
            TimeSpan time = parsed.GetValue(seconds) is { } limit ? TimeSpan.FromSeconds(limit) : TimeSpan.MaxValue;
            return Run(new FileCampaign(parsed.GetValue(seed), only, parsed.GetValue(workers)), start, count, time,
                parsed.GetValue(finds)?.FullName);
        });
        return command;
    }

    private static int Run(FileCampaign campaign, long first, long cases, TimeSpan time, string? folder)
    {
        var factory = new CaseFactory(campaign.Seed, campaign.Only);
        var clock = Stopwatch.StartNew();
        var kinds = new Dictionary<string, int>(StringComparer.Ordinal);
        int finds = 0;
        long ran = campaign.Run(first, cases, time, find =>
        {
            finds++;
            FileCase test = factory.Make(find.Index);
            string what = $"{test.Kind}: {find.What}";
            int seen = kinds[what] = kinds.GetValueOrDefault(what) + 1;
            if (seen > 3) return;
            Console.WriteLine($"! case {find.Index}, {test.Bytes.Length} bytes, {what}");
            if (folder is null) return;
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(Path.Combine(folder, $"{campaign.Seed}-{find.Index}.{FileCase.Extension(test.Kind)}"), test.Bytes);
        });
        Console.WriteLine(
            $"{ran} cases of seed {campaign.Seed} in {clock.Elapsed.TotalSeconds:F0} s, {finds} finds of {kinds.Count} kinds");
        foreach ((string kind, int count) in campaign.Accepted.OrderBy(p => p.Key, StringComparer.Ordinal))
            Console.WriteLine($"  {kind}: {count} accepted");
        return finds == 0 ? 0 : 1;
    }
}
