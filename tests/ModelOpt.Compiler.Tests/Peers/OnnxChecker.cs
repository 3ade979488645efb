using System.Diagnostics;

namespace ModelOpt.Compiler.Tests.Peers;

/// <summary>ONNX's own checker, from Debian's python3-onnx.</summary>
internal static class OnnxChecker
{
    private const string Check =
        "import sys, onnx; onnx.checker.check_model(onnx.load_model_from_string(sys.stdin.buffer.read()), full_check=True)";

    private static readonly Lazy<string?> s_python = new(() =>
        new[] { "/usr/bin/python3", "python3", "python" }.FirstOrDefault(python => Run(python, "import onnx", []) is (0, _)));

    /// <summary>
    /// Fails the test with the checker's words unless the model is valid, shapes and types included. Inconclusive where no
    /// Python has the onnx package.
    /// </summary>
    public static void AssertValid(byte[] model)
    {
        string? error = Validate(model);
        if (error is not null)
            Assert.Fail($"ONNX's checker refuses the model: {error}");
    }

    /// <summary>What the checker says against the model, or null where it accepts it.</summary>
    public static string? Validate(byte[] model)
    {
        if (s_python.Value is null)
            Assert.Inconclusive("No python3 has the onnx package: install Debian's python3-onnx.");
        (int exitCode, string errors) = Run(s_python.Value, Check, model)!.Value;
        return exitCode == 0 ? null : errors;
    }

    /// <summary>Null where there is no such program.</summary>
    private static (int ExitCode, string Errors)? Run(string python, string script, byte[] input)
    {
        var start = new ProcessStartInfo(python, ["-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            try
            {
                process.StandardInput.BaseStream.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // Python ended before it read everything; its errors tell why.
            }
            Task.WaitAll(errors, output);
            process.WaitForExit();
            return (process.ExitCode, errors.Result);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
