using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace ModelOpt.Compiler.Images;

/// <summary>
/// Decodes JPEG, WebP and BMP in a process of its own (<c>modelopt-decode</c>), which ends when it takes too long or too much memory:
/// native decoders read files that are not trusted. Thread-safe.
/// </summary>
internal sealed class ImageDecoder : IDisposable
{
    /// <summary>Larger pictures are refused.</summary>
    public const int MostPixels = 100_000_000;

    // The pixels, and what a progressive JPEG of as many keeps besides.
    private const long MostMemory = 2L << 30;
    private const int LongestReason = 1000;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly string _program;
    private Process? _process;

    /// <summary>Decodes with the program beside the compiler.</summary>
    public ImageDecoder()
        : this(Path.Combine(Path.GetDirectoryName(typeof(ImageDecoder).Assembly.Location)!, "decoder", "modelopt-decode.dll"))
    {
    }

    /// <summary>Decodes with a program.</summary>
    /// <param name="program">The assembly to run, which answers as modelopt-decode does.</param>
    internal ImageDecoder(string program) => _program = program;

    /// <summary>Reads what size a picture has, and whether it has colour.</summary>
    /// <param name="file">The bytes of the file, or its first ones.</param>
    /// <exception cref="InvalidDataException">It cannot be read; the message says why.</exception>
    public (int Width, int Height, bool HasColor) Size(byte[] file)
    {
        lock (_gate)
        {
            return Ask(file, 0, answer => answer.Header());
        }
    }

    /// <summary>Decodes a picture.</summary>
    /// <param name="file">The bytes of the file.</param>
    /// <param name="hasColor">Whether it has more than grey.</param>
    /// <returns>Red, green, blue and alpha of each pixel, row after row.</returns>
    /// <exception cref="InvalidDataException">It cannot be decoded; the message says why.</exception>
    public byte[] Decode(byte[] file, out int width, out int height, out bool hasColor)
    {
        lock (_gate)
        {
            byte[] rgba;
            ((width, height, hasColor), rgba) = Ask(file, MostPixels, answer =>
            {
                (int Width, int Height, bool HasColor) header = answer.Header();
                if ((long)header.Width * header.Height > MostPixels) throw new InvalidDataException();
                return (header, answer.Bytes(4 * header.Width * header.Height));
            });
            return rgba;
        }
    }

    public void Dispose()
    {
        lock (_gate) End();
    }

    private T Ask<T>(byte[] file, int mostPixels, Func<Answer, T> read)
    {
        Process process = _process ??= Start();
        using var watch = new Watch(process);
        string refused;
        try
        {
            Stream input = process.StandardInput.BaseStream;
            byte[] header = new byte[8];
            BinaryPrimitives.WriteInt32LittleEndian(header, mostPixels);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), file.Length);
            input.Write(header);
            input.Write(file);
            input.Flush();
            var answer = new Answer(process.StandardOutput.BaseStream);
            if (answer.Number() == 1) return read(answer);
            refused = Encoding.UTF8.GetString(answer.Bytes(Math.Clamp(answer.Number(), 0, LongestReason)));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            // The next picture gets a new process.
            End();
            throw new InvalidDataException(watch.Reason ?? "the decoder failed on it", e);
        }

        throw new InvalidDataException(refused);
    }

    private Process Start()
    {
        if (!File.Exists(_program))
            throw new InvalidDataException("only PNG images can be read here: the decoder of others is not installed");
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        var start = new ProcessStartInfo(File.Exists(host) ? host : "dotnet", [_program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        try
        {
            Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return process;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new InvalidDataException($"the decoder does not start: {e.Message}", e);
        }
    }

    private void End()
    {
        if (_process is null) return;
        Watch.Kill(_process);
        _process.Dispose();
        _process = null;
    }

    /// <summary>What the process says.</summary>
    private readonly struct Answer(Stream stream)
    {
        public int Number() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

        public byte[] Bytes(int count)
        {
            byte[] bytes = new byte[count];
            stream.ReadExactly(bytes);
            return bytes;
        }

        public (int Width, int Height, bool HasColor) Header()
        {
            (int width, int height, bool hasColor) = (Number(), Number(), Number() != 0);
            return width > 0 && height > 0 ? (width, height, hasColor) : throw new InvalidDataException();
        }
    }

    /// <summary>Ends a process that takes too much while it is asked.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly Process _process;
        private readonly Timer _timer;
        private readonly long _start = Stopwatch.GetTimestamp();

        public Watch(Process process)
        {
            _process = process;
            _timer = new Timer(_ => Look(), null, Interval, Interval);
        }

        /// <summary>Why the process was ended; null if it was not.</summary>
        public string? Reason { get; private set; }

        public static void Kill(Process process)
        {
            try
            {
                process.Kill();
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It has ended.
            }
        }

        public void Dispose()
        {
            using var done = new ManualResetEvent(false);
            if (_timer.Dispose(done)) done.WaitOne();
        }

        private void Look()
        {
            try
            {
                _process.Refresh();
                if (Stopwatch.GetElapsedTime(_start) > MostTime) Reason = $"decoding it takes longer than {MostTime.TotalSeconds:0} s";
                else if (_process.WorkingSet64 > MostMemory) Reason = $"decoding it takes more than {MostMemory >> 30} GB";
                if (Reason is not null) Kill(_process);
            }
            catch (InvalidOperationException)
            {
                // It has ended.
            }
        }
    }
}
