using System.Runtime.InteropServices;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>
/// Opens the files that users and models name. It opens files only: reading a named pipe would wait, and a device may have no end.
/// </summary>
internal static partial class InputFile
{
    private const int ReadOnly = 0, NonBlocking = 0x800, NonBlockingMac = 0x4, FromStart = 0, FromEnd = 2;

    /// <summary>Refuses a path to anything but a file, without waiting for it.</summary>
    /// <exception cref="IOException">It leads to a folder, a named pipe, a socket or a device.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"'{path}' is a folder.");
        if (OperatingSystem.IsWindows()) return;
        int file = Open(path, ReadOnly | (OperatingSystem.IsMacOS() ? NonBlockingMac : NonBlocking));

        // Whoever opens it next says why it cannot be opened.
        if (file < 0) return;
        try
        {
            // Pipes and terminals have no position; other devices have no length, but content.
            long length = Seek(file, 0, FromEnd);
            byte content = 0;
            if (length < 0 || (length == 0 && Seek(file, 0, FromStart) == 0 && Read(file, ref content, 1) > 0))
                throw new IOException($"'{path}' is a pipe or a device, not a file.");
        }
        finally
        {
            _ = Close(file);
        }
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static FileStream OpenRead(string path)
    {
        Check(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadAllBytes(string path)
    {
        Check(path);
        return File.ReadAllBytes(path);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "lseek")]
    private static partial long Seek(int file, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int file, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
