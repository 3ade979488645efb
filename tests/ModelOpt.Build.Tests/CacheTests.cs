using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>Models that were compressed before are not compressed again, wherever and whenever that was.</summary>
[TestClass]
internal sealed class CacheTests
{
    private const string Item = """<ModelItem Include="tiny.onnx" CalibrationData="data.npy" />""";

    [TestMethod]
    public void What_was_compressed_once_comes_from_the_cache_to_the_byte()
    {
        using Consumer app = Consumer.App(Item);
        Assert.AreEqual(1, app.Build().Clean().Compressions);
        Dictionary<string, byte[]> first = Artifacts(app);

        BuildLog release = app.Build("-c", "Release").Clean();
        Assert.AreEqual((0, 1), (release.Compressions, release.Found), "another configuration");
        app.Execute("clean").Clean();
        BuildLog cleaned = app.Build().Clean();
        Assert.AreEqual((0, 1), (cleaned.Compressions, cleaned.Found), "after clean");
        AssertSame(first, Artifacts(app));
        Assert.AreEqual((0, 1), Counts(app.Build("--no-incremental")), "--no-incremental");
        Assert.AreEqual((0, 0), Counts(app.Build()), "nothing changed");
        Assert.AreEqual(Consumer.Printed, app.Run());

        using Consumer clone = Consumer.App(Item, folder: "clone");
        File.SetLastWriteTimeUtc(clone.PathOf("tiny.onnx"), DateTime.UtcNow.AddYears(1));
        Assert.AreEqual((0, 1), Counts(clone.Build($"-p:ModelOptCacheDirectory={app.Cache}")), "a fresh clone with a shared cache");
        AssertSame(first, Artifacts(clone));
        Assert.AreEqual((0, 0), Counts(clone.Build($"-p:ModelOptCacheDirectory={app.Cache}")), "a model from the future, unchanged");

        // Another option, another sample, another weight: another model.
        app.Edit("app.csproj", "CalibrationData=", "CalibrationSamples=\"3\" CalibrationData=");
        Assert.AreEqual((1, 0), Counts(app.Build()), "an option");
        TinyModel.WriteData(app.PathOf("data.npy"), samples: 4, seed: 3);
        Assert.AreEqual((1, 0), Counts(app.Build()), "data");
        TinyModel.Write(app.PathOf("tiny.onnx"), seed: 9);
        Assert.AreEqual((1, 0), Counts(app.Build()), "the model");
        Assert.AreEqual((1, 0), Counts(app.Build("--no-incremental", "-p:ModelOptUseCache=false")), "no cache");
    }

    [TestMethod]
    public void A_damaged_entry_is_made_anew_and_a_folder_that_cannot_be_written_is_no_error()
    {
        using Consumer app = Consumer.App(Item);
        app.Build().Clean();
        Dictionary<string, byte[]> first = Artifacts(app);
        string entry = Directory.GetFiles(app.Cache).Single();
        byte[] whole = File.ReadAllBytes(entry);
        File.WriteAllBytes(entry, whole[..(whole.Length / 2)]);
        Assert.AreEqual((1, 0), Counts(app.Build("--no-incremental")), "damaged");
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(entry));
        Assert.AreEqual((0, 1), Counts(app.Build("--no-incremental")), "mended");

        // A file stands where the folder would be.
        app.Write("blocked", "");
        Assert.AreEqual((1, 0), Counts(app.Build("--no-incremental", $"-p:ModelOptCacheDirectory={app.PathOf("blocked/cache")}")));
        AssertSame(first, Artifacts(app));
    }

    [TestMethod]
    public void Warnings_are_repeated_from_the_cache()
    {
        using Consumer app = Consumer.App("""<ModelItem Include="tiny.onnx" />""");
        BuildLog first = app.Build(), again = app.Build("--no-incremental");
        Assert.AreNotEqual(0, first.Warnings.Count);
        Assert.AreEqual((0, 1), (again.Compressions, again.Found));
        CollectionAssert.AreEqual(first.Warnings.ToArray(), again.Warnings.ToArray());
    }

    [TestMethod]
    public void Models_and_data_behind_links_are_compressed_when_what_the_links_lead_to_changes()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Links need rights on Windows.");
        using Consumer app = Consumer.App(Item);
        foreach (string file in new[] { "tiny.onnx", "data.npy" })
        {
            Directory.CreateDirectory(app.PathOf("store"));
            File.Move(app.PathOf(file), app.PathOf($"store/{file}"));
            File.CreateSymbolicLink(app.PathOf(file), $"store/{file}");
        }

        Assert.AreEqual((1, 0), Counts(app.Build()));
        Assert.AreEqual((0, 0), Counts(app.Build()));
        TinyModel.Write(app.PathOf("store/tiny.onnx"), seed: 9);
        Assert.AreEqual((1, 0), Counts(app.Build()), "the model");
        TinyModel.WriteData(app.PathOf("store/data.npy"), samples: 4, seed: 3);
        Assert.AreEqual((1, 0), Counts(app.Build()), "the data");
    }

    private static (int Compressed, int Found) Counts(BuildLog log)
    {
        log.Clean();
        return (log.Compressions, log.Found);
    }

    private static Dictionary<string, byte[]> Artifacts(Consumer app) =>
        Directory.GetFiles(app.Artifacts).Where(file => !file.EndsWith(".inputs", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        CollectionAssert.AreEquivalent(expected.Keys, actual.Keys);
        foreach ((string name, byte[] content) in expected) CollectionAssert.AreEqual(content, actual[name], name);
    }
}
