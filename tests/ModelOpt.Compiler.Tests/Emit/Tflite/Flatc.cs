using System.Diagnostics;
using System.Text.Json;

namespace ModelOpt.Compiler.Tests.Emit.Tflite;

/// <summary>Decodes .tflite files with the FlatBuffers compiler and a schema, independently of our own reader.</summary>
internal static class Flatc
{
    /// <summary>The file as JSON, defaults written out. Fails the test where flatc refuses the file.</summary>
    public static JsonElement Decode(byte[] tflite)
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "model.tflite");
        File.WriteAllBytes(file, tflite);
        ProcessStartInfo start = new("flatc",
            ["--json", "--strict-json", "--defaults-json", "-o", folder.Path, Schema(), "--", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) Assert.Fail($"flatc refuses the file: {output}{errors.Result}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Inconclusive("There is no flatc: install Debian's flatbuffers-compiler.");
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder.Path, "model.json")));
        return document.RootElement.Clone();
    }

    private static string Schema()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string schema = Path.Combine(folder.FullName, "tests", "ModelOpt.Compiler.Tests", "Emit", "Tflite", "tflite.fbs");
            if (File.Exists(schema)) return schema;
        }

        throw new FileNotFoundException("tflite.fbs is in no folder above the tests.");
    }
}
