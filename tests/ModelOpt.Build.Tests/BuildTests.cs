using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>One project through its life: built, built again, changed, cleaned.</summary>
[TestClass]
internal sealed class BuildTests
{
    private const string Item = """<ModelItem Include="tiny.onnx" CalibrationData="data.npy" />""";

    // What a strict user may demand of generated code.
    private const string Strict = """
        <LangVersion>13</LangVersion>
        <ImplicitUsings>disable</ImplicitUsings>
        <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
        <AnalysisLevel>latest-all</AnalysisLevel>
        <NoWarn>CA1515;CA1303;CA1849</NoWarn>
        <GenerateDocumentationFile>true</GenerateDocumentationFile>
        """;

    [TestMethod]
    public void A_project_is_compressed_once_and_then_only_when_something_changed()
    {
        using Consumer app = Consumer.App(Item);

        BuildLog first = app.Build().Clean();
        Assert.AreEqual(1, first.Compressions);
        Assert.AreEqual(1, first.Wrappers);
        Assert.IsTrue(first.Says("tiny.onnx → "), first.Output);
        CollectionAssert.AreEquivalent(
            new[] { "Tiny.tflite", "Tiny.embedded", "Tiny.onnx", "Tiny.report.json", "Tiny.report.html", "Tiny.inputs", "Tiny.external",
                "Tiny.diagnostics" },
            Directory.GetFiles(app.Artifacts).Select(Path.GetFileName).ToArray());
        Assert.AreEqual(Consumer.Printed, app.Run());

        BuildLog second = app.Build().Clean();
        Assert.IsTrue(second.WasUpToDate("_CompressModels"));
        Assert.IsTrue(second.WasUpToDate("_GenerateModelWrappers"));
        Assert.IsTrue(second.WasUpToDate("CoreCompile"));
        Assert.AreEqual(0, second.Compressions + second.Wrappers);

        app.Edit("app.csproj", "CalibrationData=", "CalibrationSamples=\"3\" CalibrationData=");
        Assert.AreEqual(1, app.Build().Clean().Compressions, "changed metadata");

        TinyModel.WriteData(app.PathOf("data.npy"), samples: 4, seed: 3);
        Assert.AreEqual(1, app.Build().Clean().Compressions, "changed calibration data");

        byte[] before = File.ReadAllBytes(Path.Combine(app.Artifacts, "Tiny.tflite"));
        TinyModel.Write(app.PathOf("tiny.onnx"), seed: 9);
        File.SetLastWriteTimeUtc(app.PathOf("tiny.onnx"), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        BuildLog older = app.Build().Clean();
        Assert.AreEqual(1, older.Compressions, "a model replaced by an older file");
        CollectionAssert.AreNotEqual(before, File.ReadAllBytes(Path.Combine(app.Artifacts, "Tiny.tflite")));

        TinyModel.Write(app.PathOf("tiny.onnx"), seed: 9, weights: "weights.bin");
        Assert.AreEqual(1, app.Build().Clean().Compressions);
        Assert.AreEqual(0, app.Build().Clean().Compressions);
        File.WriteAllBytes(app.PathOf("weights.bin"), new byte[new FileInfo(app.PathOf("weights.bin")).Length]);
        Assert.AreEqual(1, app.Build().Clean().Compressions, "changed external data");

        app.Execute("clean").Clean();
        Assert.IsFalse(Directory.Exists(app.Artifacts));
        Assert.AreEqual(0, Directory.GetFiles(app.PathOf("obj"), "*.g.cs", SearchOption.AllDirectories).Length);
    }

    [TestMethod]
    public void The_wrapper_compiles_under_strict_settings_and_is_there_before_the_first_compression()
    {
        using Consumer app = Consumer.App(Item, Strict);
        app.Edit("Program.cs", "public static class Program", "internal static class Program");

        // The snapshots of the generator's own tests, with awkward names, must compile too.
        foreach (string snapshot in Directory.GetFiles(
            Repository.PathOf("tests/ModelOpt.Compiler.Tests/Emit/CSharp/Snapshots"), "*.g.cs.txt"))
        {
            File.Copy(snapshot, app.PathOf(Path.GetFileNameWithoutExtension(snapshot)));
        }

        // What an editor runs to learn what the compiler would see.
        BuildLog design = app.Execute("msbuild", "-restore", "-t:Compile", "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true",
            "-p:ProvideCommandLineArgs=true", "-p:BuildingInsideVisualStudio=true", "-p:BuildProjectReferences=false").Clean();
        Assert.AreEqual(1, design.Wrappers);
        Assert.AreEqual(0, design.Compressions);
        Assert.IsFalse(design.Reached("CompressModelsOnce"));
        Assert.IsTrue(File.Exists(app.PathOf("obj/Debug/net10.0/modelopt/Tiny.g.cs")));

        Assert.AreEqual(1, app.Build().Clean().Compressions);
    }

    [TestMethod]
    public void Items_are_built_from_one_file_under_several_names_wherever_the_project_lies()
    {
        // A project in a folder with spaces and letters beyond ASCII, a file name that looks like one for a culture, two
        // items of one file, one of which lies beside the assembly; with MSBuild running tasks in threads.
        using Consumer app = Consumer.App("""
            <ModelItem Include="models/tiny.en.onnx" ClassName="Tiny" CalibrationData="my data/ж.npy" />
            <ModelItem Include="models/tiny.en.onnx" ClassName="Half" Namespace="Other" Quantization="Float16" EmbedArtifact="false"
                       Artifacts="tflite" />
            """, folder: "mein Projekt (ü) 100%");
        Directory.CreateDirectory(app.PathOf("models"));
        Directory.CreateDirectory(app.PathOf("my data"));
        File.Move(app.PathOf("tiny.onnx"), app.PathOf("models/tiny.en.onnx"));
        File.Move(app.PathOf("data.npy"), app.PathOf("my data/ж.npy"));
        app.Edit("Program.cs", "using Tiny model", "using Other.Half half = new Other.Half();\n            using Tiny model");

        Assert.AreEqual(2, app.Build("-mt").Clean().Compressions);
        Assert.AreEqual(Consumer.Printed, app.Run());
        Assert.AreEqual(0, Directory.GetFiles(app.PathOf("bin"), "*.resources.dll", SearchOption.AllDirectories).Length);
        Assert.IsTrue(File.Exists(app.PathOf("bin/Debug/net10.0/Half.tflite")));
        Assert.IsFalse(File.Exists(Path.Combine(app.Artifacts, "Half.onnx")));
        Assert.AreEqual(0, app.Build("-mt").Clean().Compressions);

        app.Edit("app.csproj", "Quantization=\"Float16\"", "Quantization=\"None\"");
        Assert.AreEqual(1, app.Build().Clean().Compressions, "only the item that changed");
    }

    [TestMethod]
    public void Several_target_frameworks_compress_once()
    {
        using Consumer app = Consumer.App(Item, """
            <TargetFramework></TargetFramework>
            <TargetFrameworks>net10.0;net10.0-windows</TargetFrameworks>
            <EnableWindowsTargeting>true</EnableWindowsTargeting>
            <DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>
            """);
        BuildLog log = app.Build("-m:2").Clean();
        Assert.AreEqual(1, log.Compressions);
        Assert.AreEqual(2, log.Wrappers);
        Assert.AreEqual(Consumer.Printed, app.Run());
        Assert.AreEqual(0, app.Build("-f", "net10.0-windows").Clean().Compressions);
        Assert.AreEqual(0, app.Build("-graph").Clean().Compressions);

        Assert.AreEqual(1, app.Build("--no-incremental", "-m:2", "-p:ModelOptUseCache=false").Clean().Compressions);
        app.Execute("clean").Clean();
        Assert.IsFalse(Directory.Exists(app.Artifacts));
    }

    [TestMethod]
    public void A_project_that_refers_to_one_with_models_runs_them_and_is_left_alone()
    {
        using var solution = new Consumer("solution");
        solution.WriteProject("library/library.csproj",
            """<ModelItem Include="tiny.onnx" Preset="Fast" CalibrationData="data.npy" ClassName="Tiny" EmbedArtifact="false" />""", "");
        TinyModel.Write(solution.PathOf("library/tiny.onnx"));
        TinyModel.WriteData(solution.PathOf("library/data.npy"), samples: 4);
        solution.Write("app/app.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="../library/library.csproj" />
              </ItemGroup>
            </Project>
            """);
        solution.Write("app/Program.cs", """
            using var model = new App.Tiny();
            using App.Tiny.Output output = model.Run(new float[App.Tiny.ImageLength]);
            System.Console.WriteLine("scores " + output.Scores.Length);
            """);

        BuildLog log = solution.Build("app").Clean();
        Assert.AreEqual(1, log.Compressions);
        Assert.AreEqual(1, log.Wrappers);
        Assert.IsTrue(File.Exists(solution.PathOf("app/bin/Debug/net10.0/Tiny.tflite")));
        Assert.AreEqual("scores 3", solution.Run("app/bin/Debug/net10.0/app.dll"));
    }

    [TestMethod]
    public void A_trimmed_self_contained_application_runs()
    {
        using Consumer app = Consumer.App(Item, """
            <PublishTrimmed>true</PublishTrimmed>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
            <InvariantGlobalization>true</InvariantGlobalization>
            """);
        // The runtime pack and the linker come from wherever this machine gets its packages.
        File.Delete(app.PathOf("nuget.config"));
        string rid = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;
        BuildLog log = app.Execute("publish", "-r", rid, "--self-contained", "-o", app.PathOf("published"),
            $"-p:RestoreAdditionalProjectSources={LocalFeed.Folder}");
        if (log.Errors.Any(e => e.StartsWith("NU1", StringComparison.Ordinal)))
            Assert.Inconclusive($"The runtime pack Microsoft.NETCore.App.Runtime.{rid} cannot be restored here.");
        log.Clean();
        Assert.AreEqual(Consumer.Printed, app.Run("published/app.dll"));
    }
}
