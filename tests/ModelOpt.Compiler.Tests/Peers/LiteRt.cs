using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ModelOpt.Compiler.Tests.Peers;

/// <summary>A tensor that LiteRT returned: NumPy's name of the element type, and the elements little-endian, row-major.</summary>
internal sealed record LiteRtTensor(string Name, string Type, int[] Shape, byte[] Data)
{
    public ReadOnlySpan<T> Span<T>() where T : unmanaged => MemoryMarshal.Cast<byte, T>(Data);
}

/// <summary>LiteRT (TFLite with XNNPACK, in WebAssembly) refused a model or failed to run it; the message is its own.</summary>
internal sealed class LiteRtException(string message) : Exception(message);

/// <summary>
/// Runs .tflite models in LiteRT, on one thread: tests/peers/litert-run.mjs in a Node process that serves all runs of this
/// test process, because it takes longer to start than to run a model.
/// </summary>
internal static class LiteRt
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);
    private static readonly Lock Gate = new();
    private static Server? _server;

    /// <summary>Runs a model on inputs in its own order. Returns its outputs in its own order.</summary>
    /// <exception cref="LiteRtException">LiteRT refuses the model or its inputs.</exception>
    public static LiteRtTensor[] Run(byte[] tflite, params byte[][] inputs) =>
        Run(tflite, folder => inputs.Select((data, i) => Write(folder, i, data)).ToArray());

    /// <summary>Runs a model on inputs by name. Returns its outputs in its own order.</summary>
    /// <exception cref="LiteRtException">LiteRT refuses the model or its inputs.</exception>
    public static LiteRtTensor[] Run(byte[] tflite, IReadOnlyDictionary<string, byte[]> inputs) =>
        Run(tflite, folder => new Dictionary<string, string>(
            inputs.Select((input, i) => KeyValuePair.Create(input.Key, Write(folder, i, input.Value)))));

    private static LiteRtTensor[] Run(byte[] tflite, Func<string, object> writeInputs)
    {
        string folder = Directory.CreateTempSubdirectory("modelopt-litert-").FullName;
        try
        {
            string model = Path.Combine(folder, "model.tflite");
            File.WriteAllBytes(model, tflite);
            string request = JsonSerializer.Serialize(new { model, inputs = writeInputs(folder), outputs = folder });
            using JsonDocument answer = JsonDocument.Parse(Ask(request));
            if (answer.RootElement.TryGetProperty("error", out JsonElement error))
                throw new LiteRtException(error.GetString()!);
            return [.. answer.RootElement.GetProperty("outputs").EnumerateArray().Select(output => new LiteRtTensor(
                output.GetProperty("name").GetString()!,
                output.GetProperty("type").GetString()!,
                [.. output.GetProperty("shape").EnumerateArray().Select(dim => dim.GetInt32())],
                File.ReadAllBytes(output.GetProperty("file").GetString()!)))];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Write(string folder, int index, byte[] data)
    {
        string file = Path.Combine(folder, $"input{index}.bin");
        File.WriteAllBytes(file, data);
        return file;
    }

    private static string Ask(string request)
    {
        lock (Gate)
        {
            _server ??= new Server();
            try
            {
                return _server.Ask(request);
            }
            catch
            {
                _server.Dispose();
                _server = null;
                throw;
            }
        }
    }

    /// <summary>The Node process. It ends by itself when this process does: its standard input then closes.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Process _node;
        private readonly StringBuilder _errors = new();

        public Server()
        {
            string script = FindScript();
            _node = Process.Start(new ProcessStartInfo("node", [script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            _node.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
            _node.BeginErrorReadLine();
        }

        public string Ask(string request)
        {
            try
            {
                _node.StandardInput.WriteLine(request);
                _node.StandardInput.Flush();
            }
            catch (IOException)
            {
                throw Died();
            }
            Task<string?> answer = _node.StandardOutput.ReadLineAsync();
            if (!answer.Wait(Timeout))
                throw new LiteRtException($"LiteRT did not answer within {Timeout.TotalSeconds} s.");
            return answer.Result ?? throw Died();
        }

        public void Dispose()
        {
            if (!_node.HasExited)
                _node.Kill();
            _node.Dispose();
        }

        private LiteRtException Died()
        {
            // Also waits until all of standard error has been read.
            _node.WaitForExit();
            return new LiteRtException($"LiteRT's process ended with exit code {_node.ExitCode}. {_errors}");
        }

        private static string FindScript()
        {
            for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                string script = Path.Combine(folder.FullName, "tests", "peers", "litert-run.mjs");
                if (File.Exists(script))
                    return script;
            }
            throw new FileNotFoundException("tests/peers/litert-run.mjs is in no folder above the tests.");
        }
    }
}
