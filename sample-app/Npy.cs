using System.Buffers.Binary;

namespace SampleApp;

/// <summary>Reads NumPy files of bytes.</summary>
internal static class Npy
{
    /// <summary>The elements of an array of uint8, row by row.</summary>
    public static byte[] ReadBytes(string name)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", name));
        // Six bytes of magic, two of version, two with the length of the text that describes the array.
        int header = 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        return file[header..];
    }
}
