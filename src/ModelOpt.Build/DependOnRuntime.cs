using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Build.Framework;

namespace ModelOpt.Build;

/// <summary>
/// Writes what NuGet restored so that <c>dotnet pack</c> makes ModelOpt.Runtime the dependency where the project refers to
/// ModelOpt.Build, also as a private asset: the generated class needs the runtime, and nothing of builds.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class DependOnRuntime : ModelTask
{
    private const string Tasks = "ModelOpt.Build", Runtime = "ModelOpt.Runtime";

    /// <summary>The <c>project.assets.json</c> of the project, an absolute path.</summary>
    [Required]
    public string From { get; set; } = "";

    /// <summary>The file to write, an absolute path.</summary>
    [Required]
    public string To { get; set; } = "";

    private protected override void Run()
    {
        JsonNode assets = JsonNode.Parse(File.ReadAllBytes(From))!;
        foreach ((_, JsonNode? framework) in (JsonObject)assets["project"]!["frameworks"]!)
        {
            if (framework?["dependencies"] is JsonObject dependencies) Replace(dependencies);
        }

        ArtifactFile.Write(To, JsonSerializer.SerializeToUtf8Bytes(assets));
    }

    private static void Replace(JsonObject dependencies)
    {
        string? tasks = NameIn(dependencies, Tasks);
        if (tasks is null) return;
        JsonObject dependency = (JsonObject)dependencies[tasks]!;
        dependencies.Remove(tasks);
        if (NameIn(dependencies, Runtime) is not null) return;
        // What PrivateAssets and IncludeAssets of the one say is not meant for the other.
        foreach (string assets in (string[])["suppressParent", "include", "exclude"]) dependency.Remove(assets);
        dependencies.Add(Runtime, dependency);
    }

    private static string? NameIn(JsonObject dependencies, string id) =>
        dependencies.Select(d => d.Key).FirstOrDefault(key => key.Equals(id, StringComparison.OrdinalIgnoreCase));
}
