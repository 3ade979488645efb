using System.Diagnostics;
using System.Runtime.InteropServices;
using ModelOpt.Cli.Engines;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Cli.Tests.Engines;

[TestClass]
internal sealed class OnnxRuntimeLibraryTests
{
    private static string Rid { get; } = RuntimeInformation.RuntimeIdentifier;

    private static string FileName { get; } = OperatingSystem.IsWindows() ? "onnxruntime.dll"
        : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so";

    [TestMethod]
    public void The_library_is_searched_in_the_order_that_is_documented()
    {
        using var folder = new TempFolder();
        string application = folder["application"], packages = folder["packages"];
        Version needed = OnnxRuntimeLibrary.Needed;
        string none = Refusal(application, packages, null);
        StringAssert.Contains(none, $"dotnet package download Microsoft.ML.OnnxRuntime@{needed} --output \"{packages}\"");
        StringAssert.Contains(none, OnnxRuntimeLibrary.PathVariable);

        Package($"{needed.Major}.{needed.Minor - 1}.9");
        Package("99.0.0-preview");
        Assert.AreEqual(none, Refusal(application, packages, null));
        string newer = Package($"{needed.Major}.{needed.Minor + 10}.0");
        Assert.AreEqual(newer, OnnxRuntimeLibrary.Find(application, packages, null));
        string exact = Package($"{needed}");
        Assert.AreEqual(exact, OnnxRuntimeLibrary.Find(application, packages, null));

        string runtimes = Create(application, "runtimes", Rid, "native", FileName);
        Assert.AreEqual(runtimes, OnnxRuntimeLibrary.Find(application, packages, ""));
        string beside = Create(application, FileName);
        Assert.AreEqual(beside, OnnxRuntimeLibrary.Find(application, packages, null));

        string elsewhere = Create(folder["elsewhere"], FileName);
        Assert.AreEqual(elsewhere, OnnxRuntimeLibrary.Find(application, packages, elsewhere));
        Assert.AreEqual(elsewhere, OnnxRuntimeLibrary.Find(application, packages, folder["elsewhere"]));
        StringAssert.Contains(Refusal(application, packages, folder["missing"]), "neither ONNX Runtime's native library nor");

        string Package(string version) =>
            Create(packages, "microsoft.ml.onnxruntime", version, "runtimes", Rid, "native", FileName);
    }

    [TestMethod]
    public void The_library_of_the_package_that_the_tests_restore_is_used() =>
        Assert.IsGreaterThanOrEqualTo(OnnxRuntimeLibrary.Needed, OnnxRuntimeLibrary.Version);

    [TestMethod]
    public void A_file_that_is_not_the_library_ends_in_a_diagnostic()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages(1);
        string text = folder.Write("libonnxruntime.so", "not a library"u8.ToArray());
        // A library that loads, and exports other functions.
        string other = Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*System.IO.Compression.Native*")
            .First(file => !file.EndsWith(".a", StringComparison.Ordinal));
        foreach (string file in (string[])[text, other, folder["missing"]])
        {
            using Process process = CliProcess.Start(
                $"{OnnxRuntimeLibrary.PathVariable}={file}", ["evaluate", model, "--data", data, "--engine", "onnxruntime"]);
            CliResult result = CliProcess.End(process);
            Assert.AreEqual(1, result.ExitCode, result.Error);
            StringAssert.Contains(result.Error, "MOPT7003");
            StringAssert.Contains(result.Error, file);
            Assert.DoesNotContain("   at ", result.Error);
        }
    }

    private static string Refusal(string application, string packages, string? variable)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => OnnxRuntimeLibrary.Find(application, packages, variable)).Diagnostic;
        Assert.AreEqual("MOPT7003", diagnostic.Descriptor.Code);
        return diagnostic.ToString();
    }

    private static string Create(params string[] parts)
    {
        string file = Path.Combine(parts);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, []);
        return file;
    }
}
