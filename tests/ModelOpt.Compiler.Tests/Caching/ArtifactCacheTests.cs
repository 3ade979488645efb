using ModelOpt.Compiler.Caching;

namespace ModelOpt.Compiler.Tests.Caching;

/// <summary>A folder of results under limits, damage and many writers.</summary>
[TestClass]
internal sealed class ArtifactCacheTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("modelopt-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void What_is_stored_is_found_under_its_key_alone()
    {
        var cache = new ArtifactCache(Path.Combine(_folder, "new"), 1 << 20);
        Assert.IsNull(cache.Find("a"));
        Assert.IsTrue(cache.Store("a", Parts(1, 1000)));
        CollectionAssert.AreEqual(Parts(1, 1000)["tflite"], cache.Find("a")!["tflite"]);
        Assert.AreEqual(0, cache.Find("a")!["empty"].Length);
        Assert.IsNull(cache.Find("b"));
    }

    [TestMethod]
    public void Every_byte_of_an_entry_is_checked()
    {
        var cache = new ArtifactCache(_folder, 1 << 20);
        cache.Store("a", Parts(1, 10));
        string file = Directory.GetFiles(_folder).Single();
        byte[] whole = File.ReadAllBytes(file);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= 1;
            File.WriteAllBytes(file, damaged);
            Assert.IsNull(cache.Find("a"), $"byte {i}");
            File.WriteAllBytes(file, whole[..i]);
            Assert.IsNull(cache.Find("a"), $"{i} bytes");
        }

        File.WriteAllBytes(file, whole);
        Assert.IsNotNull(cache.Find("a"));
    }

    [TestMethod]
    public void What_was_not_used_for_longest_makes_room()
    {
        var cache = new ArtifactCache(_folder, 3500);
        foreach (string key in new[] { "a", "b", "c" })
        {
            cache.Store(key, Parts(1, 1000));
            string entry = Path.Combine(_folder, key + ArtifactCache.Extension);
            File.SetLastWriteTimeUtc(entry, DateTime.UtcNow.AddMinutes(key[0] - 'z'));
        }

        Assert.IsNotNull(cache.Find("a"));
        Assert.IsTrue(cache.Store("d", Parts(1, 1000)));
        Assert.IsNull(cache.Find("b"));
        foreach (string key in new[] { "a", "c", "d" }) Assert.IsNotNull(cache.Find(key), key);
        Assert.IsFalse(cache.Store("e", Parts(1, 4000)), "larger than the limit");
        Assert.IsNotNull(cache.Find("d"));
    }

    [TestMethod]
    public void Many_writers_and_readers_see_whole_entries_only()
    {
        var cache = new ArtifactCache(_folder, 1 << 22);
        Parallel.For(0, 200, i =>
        {
            string key = "k" + (i % 3);
            if (i % 2 == 0) Assert.IsTrue(cache.Store(key, Parts(i % 3, 100_000)));
            else if (cache.Find(key) is { } found) CollectionAssert.AreEqual(Parts(i % 3, 100_000)["tflite"], found["tflite"]);
        });
        Assert.HasCount(3, Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void Files_that_were_never_finished_are_removed_after_an_hour()
    {
        string old = Path.Combine(_folder, "a.x.unfinished"), young = Path.Combine(_folder, "b.x.unfinished");
        File.WriteAllText(old, "");
        File.WriteAllText(young, "");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        new ArtifactCache(_folder, 1 << 20).Store("c", Parts(1, 1));
        Assert.IsFalse(File.Exists(old));
        Assert.IsTrue(File.Exists(young));
    }

    private static Dictionary<string, byte[]> Parts(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return new() { ["tflite"] = bytes, ["empty"] = [] };
    }
}
