using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace ModelOpt.Runtime.Tests.FlatBuffers;

/// <summary>FlatBuffers' own compiler, where it is installed (Debian's flatbuffers-compiler).</summary>
internal static class Flatc
{
    /// <summary>Fails the test unless flatc decodes a .tflite file to this JSON, or there is no flatc.</summary>
    public static void AssertDecodes(byte[] file, JsonElement expected)
    {
        string folder = Directory.CreateTempSubdirectory("modelopt-flatc-").FullName;
        try
        {
            string path = Path.Combine(folder, "model.tflite");
            File.WriteAllBytes(path, file);
            if (!Run("--json", "--strict-json", "--defaults-json", "-o", folder, FlatSchema.TflitePath, "--", path)) return;
            using JsonDocument actual = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "model.json")));
            AssertSame(expected, actual.RootElement, "model");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Whether there is flatc. Fails the test where it fails.</summary>
    private static bool Run(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("flatc", arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode, $"flatc refuses the file: {output}{errors.Result}");
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static void AssertSame(JsonElement expected, JsonElement actual, string what)
    {
        Assert.AreEqual(expected.ValueKind, actual.ValueKind, what);
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                string[] names = [.. expected.EnumerateObject().Select(p => p.Name)];
                CollectionAssert.AreEquivalent(names, actual.EnumerateObject().Select(p => p.Name).ToArray(), what);
                foreach (string name in names) AssertSame(expected.GetProperty(name), actual.GetProperty(name), $"{what}.{name}");
                break;
            case JsonValueKind.Array:
                Assert.AreEqual(expected.GetArrayLength(), actual.GetArrayLength(), what);
                for (int i = 0; i < expected.GetArrayLength(); i++) AssertSame(expected[i], actual[i], $"{what}[{i}]");
                break;
            case JsonValueKind.Number:
                // flatc writes floats with six decimals.
                Assert.AreEqual(expected.GetDouble(), actual.GetDouble(), 1e-6, what);
                break;
            default:
                Assert.AreEqual(expected.ToString(), actual.ToString(), what);
                break;
        }
    }
}
