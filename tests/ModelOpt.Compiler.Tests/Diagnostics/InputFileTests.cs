using System.Diagnostics;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Diagnostics;

/// <summary>What is no file is refused at once, wherever a user or a model names it: a pipe without a writer would be waited for.</summary>
[TestClass]
internal sealed class InputFileTests
{
    [TestMethod]
    public void Files_are_read()
    {
        using var folder = new TempFolder();
        CollectionAssert.AreEqual(new byte[] { 1, 2 }, InputFile.ReadAllBytes(folder.Write("two", [1, 2])));
        Assert.IsEmpty(InputFile.ReadAllBytes(folder.Write("empty", [])));
        Assert.ThrowsExactly<FileNotFoundException>(() => InputFile.OpenRead(folder["none"]));
    }

    [TestMethod]
    [Timeout(60_000)]
    public void Pipes_devices_and_folders_are_refused()
    {
        using var folder = new TempFolder();
        string[] paths = [Pipe(folder, "pipe"), "/dev/zero", "/dev/urandom", folder.Path];
        foreach (string path in paths)
        {
            Assert.ThrowsExactly<IOException>(() => InputFile.OpenRead(path), path);
            Assert.AreEqual("MOPT1001", Code(() => OnnxReader.Read(path)), path);
            Assert.AreEqual("MOPT4001", Code(() => Recipe.Read(path)), path);
            if (path == folder.Path) continue;
            Assert.AreEqual("MOPT3001", Code(() => SampleSource.Open(path).Dispose()), path);
            Assert.AreEqual("MOPT3001", Code(() => LabelSource.Read(path)), path);
        }
    }

    [TestMethod]
    [Timeout(60_000)]
    public void A_pipe_among_images_or_in_a_link_is_refused()
    {
        using var folder = new TempFolder();
        Pipe(folder, "a.png");
        File.CreateSymbolicLink(folder["link.npy"], folder["a.png"]);
        Assert.AreEqual("MOPT3001", Code(() => SampleSource.Open(folder.Path).Dispose()));
        Assert.AreEqual("MOPT3001", Code(() => SampleSource.Open(folder["link.npy"]).Dispose()));
    }

    /// <summary>A pipe that nobody writes to.</summary>
    internal static string Pipe(TempFolder folder, string name)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Windows has its pipes in a place of their own.");
        using Process process = Process.Start("mkfifo", folder[name]);
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode);
        return folder[name];
    }

    private static string Code(Action action) => Assert.ThrowsExactly<CompilationException>(action).Diagnostic.Descriptor.Code;
}
