using System.Buffers.Binary;

namespace SampleApp;

/// <summary>Reads NumPy files of bytes.</summary>
internal static class Npy
{
    /// <summary>Reads the elements of a uint8 array, row by row.</summary>
    public static byte[] ReadBytes(string name)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", name));
        // 6 bytes of magic and 2 of version precede the length of the header text.
        int header = 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        return file[header..];
    }
}
