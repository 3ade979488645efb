using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>Projects that cannot have the class: each is told why with one code, and no compiler speaks.</summary>
[TestClass]
internal sealed class ProjectKindTests
{
    private static readonly (string Project, string Code, string Says)[] Kinds =
    [
        ("net8/net8.csproj", "MOPT6025", "targets net8.0"),
        ("net9/net9.csproj", "MOPT6025", "targets net9.0"),
        ("standard/standard.csproj", "MOPT6025", "targets netstandard2.0"),
        ("basic/basic.vbproj", "MOPT6024", "a project in VB"),
        ("fsharp/fsharp.fsproj", "MOPT6024", "a project in F#"),
        ("old/old.csproj", "MOPT6026", "LangVersion is 8"),
    ];

    [TestMethod]
    public void Each_is_told_why_and_nothing_else()
    {
        using var solution = new Consumer("kinds");
        foreach ((string project, string code, string says) in Kinds)
        {
            string framework = code == "MOPT6025" ? says.Split(' ')[1] : "net10.0";
            solution.WriteProject(project, """<ModelItem Include="../tiny.onnx" />""",
                $"<TargetFramework>{framework}</TargetFramework>{(code == "MOPT6026" ? "<LangVersion>8</LangVersion>" : "")}");
        }

        solution.Edit("fsharp/fsharp.fsproj", "<ModelItem ", "<Compile Include=\"code.fs\" /><ModelItem ");
        solution.Write("fsharp/code.fs", "module Code\n");
        TinyModel.Write(solution.PathOf("tiny.onnx"));
        solution.Write("all.proj", $"""
            <Project DefaultTargets="Build">
              <ItemGroup>
                <Kind Include="{string.Join(';', Kinds.Select(k => k.Project))}" />
              </ItemGroup>
              <Target Name="Restore"><MSBuild Projects="@(Kind)" Targets="Restore" /></Target>
              <Target Name="Build"><MSBuild Projects="@(Kind)" Targets="Build" ContinueOnError="ErrorAndContinue" /></Target>
            </Project>
            """);
        // Reference assemblies of other frameworks come from wherever this machine gets its packages.
        File.Delete(solution.PathOf("nuget.config"));
        BuildLog log = solution.Execute("msbuild", "all.proj", "-restore", $"-p:RestoreAdditionalProjectSources={LocalFeed.Folder}");
        if (log.Errors.Any(e => e.StartsWith("NU1", StringComparison.Ordinal)))
            Assert.Inconclusive("The reference assemblies of .NET 8, .NET 9 or .NET Standard cannot be restored here.");
        Assert.AreEqual(Kinds.Length, log.Errors.Count, log.Output);
        foreach ((string project, string code, string says) in Kinds)
        {
            Assert.IsTrue(log.Errors.Any(e => e.StartsWith(code, StringComparison.Ordinal) && e.Contains(says, StringComparison.Ordinal)),
                $"{project}: {log.Output}");
        }
    }
}
