using System.Collections;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using ModelOpt.Build.Tests.Consumers;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Build.Tests;

/// <summary>Metadata on their way to the compiler, and what it says of them, without starting MSBuild.</summary>
[TestClass]
internal sealed class CompressModelTests
{
    [TestMethod]
    public void Every_option_is_read_from_the_metadatum_of_its_name()
    {
        using Consumer app = Options();
        foreach (OptionDescription option in OptionCatalog.OfItems)
        {
            object? value = option.Of(ModelItem.Parse(Item((option.Name, Text(option))), app.Folder, "").Options);
            Assert.AreEqual(option.Values.Paths(value!) is [{ } path] ? app.PathOf(Text(option)) : Text(option),
                option.Values.Format(value!), option.Name);
            Assert.IsNull(option.Of(ModelItem.Parse(Item(), app.Folder, "").Options), option.Name);
        }
    }

    [TestMethod]
    public void Every_option_that_changes_and_every_file_that_it_names_make_the_artifacts_old()
    {
        using Consumer app = Options();
        string[] compared = ["Tiny.inputs", "Tiny.g.inputs"];
        foreach (OptionDescription option in OptionCatalog.OfItems)
        {
            string[] before = Resolved(app), same = Resolved(app), set = Resolved(app, (option.Name, Text(option))),
                again = Resolved(app, (option.Name, Text(option)));
            CollectionAssert.AreEqual(before, same, option.Name);
            CollectionAssert.AreEqual(set, again, option.Name);
            foreach ((string one, string other) in before.Zip(set)) Assert.AreNotEqual(one, other, option.Name);
            if (option.Values is not (PathValue or PathsValue)) continue;
            File.AppendAllText(app.PathOf(Text(option)), " ");
            Assert.AreNotEqual(set[0], Resolved(app, (option.Name, Text(option)))[0], $"the file of {option.Name}");
        }

        Assert.AreNotEqual(Resolved(app)[0], Resolved(app, ("Artifacts", "report"))[0]);
        string[] named = Resolved(app, ("Namespace", "Other"));
        Assert.AreEqual(Resolved(app)[0], named[0], "a class in another namespace has the same model");
        Assert.AreNotEqual(Resolved(app)[1], named[1]);

        // What the model and the class are made from, as MSBuild compares it.
        string[] Resolved(Consumer app, params (string, string)[] metadata)
        {
            var task = new ResolveModels
            {
                BuildEngine = new Engine(), ProjectDirectory = app.Folder, HelpFile = app.PathOf("diagnostics.md"),
                Items = [Item(metadata)],
                ArtifactFolder = app.Artifacts, WrapperFolder = app.Artifacts, ForCompression = true,
            };
            Assert.IsTrue(task.Execute());
            string[] inputs = task.Models.Single().GetMetadata("CompressionInputs").Split(';');
            CollectionAssert.Contains(inputs, Path.Combine(app.Artifacts, compared[0]));
            return [.. compared.Select(file => File.ReadAllText(Path.Combine(app.Artifacts, file)))];
        }
    }

    [TestMethod]
    public void Options_for_experts_end_in_an_error_that_says_where_they_are()
    {
        OptionDescription[] experts = [.. OptionCatalog.All.Where(o => o.IsExpert)];
        Assert.HasCount(14, experts);
        foreach (OptionDescription option in experts)
        {
            (string[] errors, _) = Compress($"{option.Name}=4");
            StringAssert.StartsWith(
                errors.Single(),
                $"MOPT6019 tiny.onnx: {option.Name} is an option for experts, which only recipes have: "
                    + $"write {{ \"expert\": {{ \"{option.Key}\": … }} }} into the recipe.");
        }
    }

    [TestMethod]
    [DataRow("Sparsity=1", "MOPT6013", "nearest possible value is 0.99")]
    [DataRow("Sparsity=0.5 SparsityPattern=4:2", "MOPT6013", "nearest possible value is 2:4")]
    [DataRow("Clusters=1", "MOPT6013", "nearest possible value is 2")]
    [DataRow("ChannelPruning=30", "MOPT6013", "Did you mean 0.3?")]
    [DataRow("ClusterScope=Chanel", "MOPT6001", "Did you mean 'Channel'?")]
    [DataRow("Clusters=257", "MOPT6014", "nearest possible value is 256")]
    [DataRow("Clusters=2 SparsityPattern=2:4", "MOPT6014", "nearest possible value is 3")]
    [DataRow("SparsityPattern=1x4", "MOPT4103", "does not say how many")]
    [DataRow("Sparsity=0.9 SparsityPattern=2:4", "MOPT4102", "nearest is 1:4, with 0.75")]
    [DataRow("Sparsity=0.99999 SparsityDistribution=Uniform", "MOPT4101", "at most 0.9998")]
    [DataRow("ChannelPruning=0.99 Recipe=multiple.json", "MOPT4301", "nearest possible value is")]
    [DataRow("Recipe=recipe.json", "MOPT4003", "no layer matches 'wild'. The nearest name is 'wide'.")]
    public void Impossible_metadata_end_in_one_error_that_says_what_is_possible(string metadata, string code, string part)
    {
        (string[] errors, string[] warnings) = Compress(metadata);
        Assert.AreEqual(1, errors.Length, string.Join('\n', errors));
        StringAssert.StartsWith(errors[0], $"{code} ");
        StringAssert.Contains(errors[0], part);
        Assert.AreEqual(0, warnings.Length, string.Join('\n', warnings));
    }

    [TestMethod]
    [DataRow("ClusterScope=Channel", "ClusterScope 'Channel' has no effect, as Clusters is not set.")]
    [DataRow("SparsityDistribution=Uniform", "SparsityDistribution 'Uniform' has no effect, as Sparsity is not set.")]
    public void Metadata_without_effect_are_a_warning(string metadata, string text)
    {
        (string[] errors, string[] warnings) = Compress(metadata);
        Assert.AreEqual(0, errors.Length, string.Join('\n', errors));
        StringAssert.StartsWith(warnings.Single(), $"MOPT6015 tiny.onnx: {text}");
    }

    private static Consumer Options()
    {
        var app = new Consumer();
        TinyModel.Write(app.PathOf("tiny.onnx"));
        foreach (OptionDescription option in OptionCatalog.OfItems.Where(o => o.Values is PathValue or PathsValue))
            app.Write(Text(option), "{}");
        return app;
    }

    /// <summary>A value that is not the default.</summary>
    private static string Text(OptionDescription option) => option.Values switch
    {
        { Choices: [.., var last] } => last,
        ShareValue or RateValue => "0.25",
        PatternValue => "2x8",
        ValuesValue => "x:7",
        StatesValue => "x:y",
        PathValue or PathsValue => $"{option.Key}.json",
        _ => "7",
    };

    /// <summary>Runs the tasks on an item of the wide model, with calibration data.</summary>
    private static (string[] Errors, string[] Warnings) Compress(string metadata)
    {
        using var app = new Consumer();
        TinyModel.WriteWide(app.PathOf("tiny.onnx"));
        TinyModel.WriteData(app.PathOf("data.npy"), samples: 4);
        app.Write("recipe.json", """{ "layers": [ { "match": "wild", "clusters": 5 } ] }""");
        app.Write("multiple.json", """{ "expert": { "channelMultiple": 16 } }""");
        var engine = new Engine();
        using var task = new CompressModel
        {
            BuildEngine = engine,
            ProjectDirectory = app.Folder,
            HelpFile = app.PathOf("diagnostics.md"),
            ArtifactFolder = app.Artifacts,
            Model = Item([("CalibrationData", "data.npy"), .. metadata.Split(' ').Select(m => (m.Split('=')[0], m.Split('=')[1]))]),
        };
        bool succeeds = task.Execute();
        Assert.AreEqual(engine.Errors.Count == 0, succeeds);
        Assert.AreEqual(succeeds, File.Exists(Path.Combine(app.Artifacts, "Tiny.tflite")));

        // Warnings of a success are told by a task of their own, as they are by builds in which the model is up to date.
        task.Model.SetMetadata("DiagnosticsFile", Path.Combine(app.Artifacts, "Tiny.diagnostics"));
        var replay = new ReplayDiagnostics { BuildEngine = engine, ProjectDirectory = app.Folder, HelpFile = task.HelpFile,
            Models = [task.Model] };
        Assert.IsTrue(replay.Execute());
        return ([.. engine.Errors], [.. engine.Warnings]);
    }

    private static TaskItem Item(params (string Name, string Value)[] metadata)
    {
        var item = new TaskItem("tiny.onnx");
        foreach ((string name, string value) in metadata) item.SetMetadata(name, value);
        return item;
    }

    /// <summary>Keeps what tasks log, as code, file and text.</summary>
    private sealed class Engine : IBuildEngine
    {
        public List<string> Errors { get; } = [];

        public List<string> Warnings { get; } = [];

        public bool ContinueOnError => false;

        public int LineNumberOfTaskNode => 0;

        public int ColumnNumberOfTaskNode => 0;

        public string ProjectFileOfTaskNode => "";

        public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties,
            IDictionary targetOutputs) => false;

        public void LogCustomEvent(CustomBuildEventArgs e)
        {
        }

        public void LogErrorEvent(BuildErrorEventArgs e) => Errors.Add($"{e.Code} {e.File}: {e.Message}");

        public void LogMessageEvent(BuildMessageEventArgs e)
        {
        }

        public void LogWarningEvent(BuildWarningEventArgs e) => Warnings.Add($"{e.Code} {e.File}: {e.Message}");
    }
}
