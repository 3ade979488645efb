using System.IO.Compression;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class JoinedSourceTests
{
    [TestMethod]
    public void A_folder_of_arrays_holds_samples_of_different_sizes()
    {
        using var folder = new TempFolder();
        folder.Write("b.npy", Counting(10, 1, 3));
        folder.Write("a.npy", Counting(0, 2, 2));
        folder.Write("c.npy", Counting(20, 1, 2));
        folder.Write("notes.txt", "no array"u8);
        using SampleSource source = SampleSource.Open(folder.Path);
        AssertSamples(source, [[0, 1], [2, 3], [10, 11, 12], [20, 21]]);
        Assert.HasCount(2, source.Shapes);
        CollectionAssert.AreEqual((int[])[0, 0, 1, 0], Enumerable.Range(0, 4).Select(source.ShapeOf).ToArray());
    }

    [TestMethod]
    public void Several_files_follow_each_other_in_the_order_given()
    {
        using var folder = new TempFolder();
        string b = folder.Write("b.npy", Counting(10, 1, 3)), a = folder.Write("a.npy", Counting(0, 2, 2));
        using SampleSource source = SampleSource.Open([b, a]);
        AssertSamples(source, [[10, 11, 12], [0, 1], [2, 3]]);
    }

    [TestMethod]
    public void Arrays_of_one_file_are_chosen_by_how_their_names_begin()
    {
        using var folder = new TempFolder();
        string file = Npz(folder, "all.npz", [("x10", Counting(30, 1, 1)), ("x9", Counting(20, 1, 3)), ("y", Counting(0, 1, 1))]);
        using SampleSource source = SampleSource.Open($"{file}#x*");
        AssertSamples(source, [[20, 21, 22], [30]]);
        StringAssert.Contains(DataTesting.DiagnosticOf(() => SampleSource.Open(file)), "#x*");
        Assert.AreEqual("MOPT3013", DataTesting.CodeOf($"{file}#z*"));
    }

    [TestMethod]
    public void Each_file_of_a_folder_has_an_array_of_every_input()
    {
        using var folder = new TempFolder();
        Npz(folder, "1.npz", [("ids", Counting(0, 1, 2)), ("mask", Counting(5, 1, 2))]);
        Npz(folder, "2.npz", [("ids", Counting(10, 1, 3)), ("mask", Counting(15, 1, 3))]);
        using SampleSource ids = SampleSource.Open($"{folder.Path}#ids"), mask = SampleSource.Open($"{folder.Path}#mask");
        AssertSamples(ids, [[0, 1], [10, 11, 12]]);
        AssertSamples(mask, [[5, 6], [15, 16, 17]]);
        Assert.AreEqual("MOPT3013", DataTesting.DiagnosticOf(() => SampleSource.Open($"{folder.Path}#other"))[..8]);
    }

    [TestMethod]
    public void Files_of_different_types_are_refused()
    {
        using var folder = new TempFolder();
        string a = folder.Write("a.npy", Counting(0, 1, 2)), b = folder.Write("b.npy", DataTesting.Npy("|u1", "1, 2", [1, 2]));
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => SampleSource.Open([a, b])), "MOPT3004");
    }

    [TestMethod]
    public void The_content_of_every_file_is_part_of_the_fingerprint()
    {
        using var folder = new TempFolder();
        folder.Write("a.npy", Counting(0, 1, 2));
        folder.Write("b.npy", Counting(0, 1, 3));
        byte[] before = Fingerprint();
        folder.Write("b.npy", Counting(1, 1, 3));
        CollectionAssert.AreNotEqual(before, Fingerprint());

        byte[] Fingerprint()
        {
            var hash = new MemoryStream();
            DataFingerprint.Append(hash, folder.Path, default);
            return hash.ToArray();
        }
    }

    internal static byte[] Counting(int first, params int[] dims) => DataTesting.Npy("<f4", $"{string.Join(", ", dims)},",
        MemoryMarshal.AsBytes(Enumerable.Range(first, dims.Aggregate(1, (a, d) => a * d)).Select(i => (float)i).ToArray().AsSpan()));

    private static string Npz(TempFolder folder, string name, (string Name, byte[] Array)[] arrays)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string array, byte[] content) in arrays)
            {
                using Stream entry = archive.CreateEntry($"{array}.npy").Open();
                entry.Write(content);
            }
        }

        return folder.Write(name, stream.ToArray());
    }

    private static void AssertSamples(SampleSource source, float[][] expected)
    {
        Assert.AreEqual(expected.Length, source.Count);
        // In falling order, too: files are opened again.
        foreach (int i in Enumerable.Range(0, expected.Length).Concat(Enumerable.Range(0, expected.Length).Reverse()))
        {
            CollectionAssert.AreEqual(expected[i], Elements.ToFloats(source.Read(i)), $"sample {i}");
            CollectionAssert.AreEqual(source.Shapes[source.ShapeOf(i)].ToArray(), source.Read(i).Dims.ToArray());
        }
    }
}
