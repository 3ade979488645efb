using System.CommandLine;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Options;
using ModelOpt.Fuzz.Graphs.Checks;
using ModelOpt.Fuzz.Graphs.Generation;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>The commands for random graphs: <c>graphs</c>, <c>qdq</c> and <c>replay</c>.</summary>
internal static class GraphCommands
{
    /// <summary>Makes the commands.</summary>
    public static IEnumerable<Command> Create() =>
    [
        Campaign("graphs", "Compresses random float graphs in every way and compares the artifacts with ONNX Runtime and LiteRT.",
            RandomGraph),
        Campaign("qdq", "The same for random graphs that are quantized already.", QuantizedGraph),
        Replay(),
    ];

    /// <summary>A float graph, stored in all forms, and once with other techniques.</summary>
    public static (ModelProto Model, IReadOnlyList<Variant> Variants) RandomGraph(Random random)
    {
        (ModelProto model, IReadOnlyList<LayerRule> rules) = GraphGenerator.Make(random, shrinks: random.Next(5) == 0);
        return (model, [.. Enum.GetValues<QuantizationMode>().Select(Variant.Of), Variant.Random(random, rules)]);
    }

    /// <summary>A graph with QuantizeLinear and DequantizeLinear, which is written as it is.</summary>
    public static (ModelProto Model, IReadOnlyList<Variant> Variants) QuantizedGraph(Random random) =>
        (QdqGenerator.Make(random), [Variant.Of(QuantizationMode.None)]);

    private static Command Campaign(string name, string description, CaseMaker make)
    {
        Option<double> minutes = new("--minutes") { Description = "Minutes to run. Default: 1.", DefaultValueFactory = _ => 1 };
        Option<int> cases = new("--cases") { Description = "After how many graphs to end.", DefaultValueFactory = _ => int.MaxValue };
        Option<int> seed = new("--seed") { Description = "Seed of all random choices. Default: 1.", DefaultValueFactory = _ => 1 };
        Option<int> liteRt = new("--litert-every") { Description = "One graph in so many also runs in LiteRT; 0 for none. Default: 20.",
            DefaultValueFactory = _ => 20 };
        Option<int?> only = new("--only") { Description = "The number of the only graph to judge." };
        Option<string> finds = new("--finds") { Description = "Folder for graphs that fail, shrunk. Default: fuzz-finds.",
            DefaultValueFactory = _ => "fuzz-finds" };
        Option<double> shrink = new("--shrink-minutes") { Description =
            "Minutes to shrink each graph that fails; 0 saves none. Default: 1.", DefaultValueFactory = _ => 1 };
        Command command = new(name, description) { minutes, cases, seed, liteRt, only, finds, shrink };
        command.SetAction(result =>
        {
            using Campaign campaign = new(make, name, new CampaignOptions
            {
                Time = TimeSpan.FromMinutes(result.GetValue(minutes)),
                Cases = result.GetValue(cases),
                Seed = result.GetValue(seed),
                LiteRtEvery = result.GetValue(liteRt),
                Only = result.GetValue(only),
                Finds = result.GetValue(shrink) > 0 ? Path.GetFullPath(result.GetValue(finds)!) : null,
                ShrinkTime = TimeSpan.FromMinutes(result.GetValue(shrink)),
            }, Console.Out);
            campaign.Run();
            return campaign.Faults.Count == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command Replay()
    {
        Argument<string[]> files = new("files") { Description = "Models that graphs or qdq saved." };
        Option<bool> show = new("--show") { Description = "Lists the nodes of the model and of its artifacts." };
        Command command = new("replay", "Judges saved models again.") { files, show };
        command.SetAction(result =>
        {
            int faults = 0;
            foreach (string file in result.GetValue(files)!)
            {
                if (result.GetValue(show)) Show(File.ReadAllBytes(file));
                Finding? finding = Replay(File.ReadAllBytes(file), liteRt: true);
                Console.WriteLine($"{file}: {finding?.ToString() ?? "all agree"}");
                if (finding is { IsFault: true }) faults++;
            }

            return faults == 0 ? 0 : 1;
        });
        return command;
    }

    private static void Show(byte[] onnx)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(onnx);
        foreach (string line in Listing.Of(model)) Console.WriteLine(line);
        try
        {
            using Workbench bench = new();
            CompiledModel compiled = bench.Compress(model, Variant.Load(model), Samples.Draw(model));
            Console.WriteLine("-- .onnx");
            foreach (string line in Listing.Of(ModelProto.Parser.ParseFrom(compiled.Onnx))) Console.WriteLine(line);
            Console.WriteLine("-- .tflite");
            foreach (string line in Listing.Of(compiled.Tflite)) Console.WriteLine(line);
        }
        catch (FindingException)
        {
            // What is wrong is said by the judge.
        }
    }

    /// <summary>Judges a saved model.</summary>
    /// <param name="onnx">The file's bytes; its metadata says how it is compressed.</param>
    /// <param name="liteRt">Whether LiteRT runs it, too.</param>
    public static Finding? Replay(byte[] onnx, bool liteRt)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(onnx);
        using Workbench bench = new();
        return new Judge(bench).Try(new Subject(model), Variant.Load(model), liteRt);
    }
}
