using System.Collections;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using ModelOpt.Build.Tests.Consumers;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Build.Tests;

/// <summary>Metadata on their way to the compiler, and what it says of them, without starting MSBuild.</summary>
[TestClass]
public class CompressModelTests
{
    [TestMethod]
    public void Every_option_of_the_compiler_is_read_from_the_metadatum_of_its_name()
    {
        using var app = new Consumer();
        TinyModel.Write(app.PathOf("tiny.onnx"));
        foreach (OptionDescription option in OptionCatalog.All)
        {
            string text = option.Values switch
            {
                { Choices: [.., var last] } => last,
                ShareValue or RateValue => "0.25",
                PatternValue => "2x8",
                _ => "7",
            };
            ModelItem item = ModelItem.Parse(Item((option.Name, text)), app.Folder, "");
            Assert.AreEqual(text, option.Values.Format(option.Of(item.Options)!), option.Name);
            Assert.IsNull(option.Of(ModelItem.Parse(Item(), app.Folder, "").Options), option.Name);
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
    [DataRow("ChannelPruning=0.99 ChannelMultiple=16", "MOPT4301", "nearest possible value is")]
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
    [DataRow("RankSelection=Budget", "RankSelection 'Budget' has no effect, as Decomposition is not set.")]
    public void Metadata_without_effect_are_a_warning(string metadata, string text)
    {
        (string[] errors, string[] warnings) = Compress(metadata);
        Assert.AreEqual(0, errors.Length, string.Join('\n', errors));
        StringAssert.StartsWith(warnings.Single(), $"MOPT6015 tiny.onnx: {text}");
    }

    /// <summary>Runs the tasks on an item of the wide model, with calibration data.</summary>
    private static (string[] Errors, string[] Warnings) Compress(string metadata)
    {
        using var app = new Consumer();
        TinyModel.WriteWide(app.PathOf("tiny.onnx"));
        TinyModel.WriteData(app.PathOf("data.npy"), samples: 4);
        app.Write("recipe.json", """{ "layers": [ { "match": "wild", "clusters": 5 } ] }""");
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
        var replay = new ReplayDiagnostics { BuildEngine = engine, ProjectDirectory = app.Folder, HelpFile = task.HelpFile, Models = [task.Model] };
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

        public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs) => false;

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
