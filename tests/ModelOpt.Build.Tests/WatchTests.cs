using System.Text.Json;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>What <c>dotnet watch</c> asks a project for.</summary>
[TestClass]
internal sealed class WatchTests
{
    [TestMethod]
    public void Models_data_and_labels_are_watched_and_of_folders_their_files()
    {
        using Consumer app = Consumer.App("""
            <ModelItem Include="tiny.onnx" CalibrationData="data.npy;more.npz#x" Labels="labels.txt" EvaluationData="frames"
                       Recipe="recipe.json" />
            """);
        foreach (string file in new[] { "more.npz", "labels.txt", "frames/a/1.npy", "frames/2.npy", "recipe.json" }) app.Write(file, "");
        // As dotnet watch does: it evaluates the project, runs these targets, and reads the items.
        (int exitCode, string restored) = Dotnet.Run(app.Folder, LocalFeed.RestoredPackages, "restore");
        Assert.AreEqual(0, exitCode, restored);
        (exitCode, string output) = Dotnet.Run(app.Folder, LocalFeed.RestoredPackages,
            "msbuild", "-nologo", "-getProperty:CustomCollectWatchItems");
        Assert.AreEqual(0, exitCode, output);
        string[] targets = output.Trim().Split(';', StringSplitOptions.RemoveEmptyEntries);
        (exitCode, output) = Dotnet.Run(app.Folder, LocalFeed.RestoredPackages,
            "msbuild", "-nologo", $"-t:{string.Join(';', targets)}", "-getItem:Watch");
        Assert.AreEqual(0, exitCode, output);
        using JsonDocument json = JsonDocument.Parse(output);
        string[] watched = [.. json.RootElement.GetProperty("Items").GetProperty("Watch").EnumerateArray()
            .Select(i => Path.GetRelativePath(app.Folder, i.GetProperty("FullPath").GetString()!))];
        string[] expected = ["tiny.onnx", "data.npy", "more.npz", "labels.txt", "frames/a/1.npy", "frames/2.npy", "recipe.json"];
        string[] paths = [.. expected.Select(file => Path.Combine(file.Split('/')))];
        CollectionAssert.AreEquivalent(paths, watched, string.Join(' ', watched));
    }
}
