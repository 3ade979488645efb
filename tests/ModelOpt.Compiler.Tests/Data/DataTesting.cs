using System.Buffers.Binary;
using System.IO.Compression;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Tests.Data;

internal static class DataTesting
{
    /// <summary>A file that NumPy wrote (Fixtures/make.py).</summary>
    public static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Data", "Fixtures", name);

    /// <summary>The code with which reading ends, or null where it does not; all samples are read.</summary>
    public static string? CodeOf(string path)
    {
        try
        {
            using SampleSource source = SampleSource.Open(path);
            for (int i = 0; i < source.Count; i++) source.Read(i);
            return null;
        }
        catch (CompilationException e)
        {
            Assert.AreEqual(path.Split('#')[0], e.Diagnostic.File?.Split('#')[0]);
            return e.Diagnostic.Descriptor.Code;
        }
    }

    /// <summary>The diagnostic's code and text with which an action ends.</summary>
    public static string DiagnosticOf(Action action)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(action).Diagnostic;
        return $"{diagnostic.Descriptor.Code}: {diagnostic.Text}";
    }

    public static byte[] Npy(string descr, string shape, ReadOnlySpan<byte> data)
    {
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n";
        byte[] file = new byte[10 + header.Length + data.Length];
        "\0NUMPY\u0001\0"u8.CopyTo(file);
        file[0] = 0x93;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)header.Length);
        System.Text.Encoding.ASCII.GetBytes(header, file.AsSpan(10));
        data.CopyTo(file.AsSpan(10 + header.Length));
        return file;
    }

    public static byte[] Idx(byte type, int[] dims, ReadOnlySpan<byte> data)
    {
        byte[] file = new byte[4 + (4 * dims.Length) + data.Length];
        file[2] = type;
        file[3] = (byte)dims.Length;
        for (int i = 0; i < dims.Length; i++) BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), dims[i]);
        data.CopyTo(file.AsSpan(4 + (4 * dims.Length)));
        return file;
    }

    public static byte[] Gzip(byte[] content)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal)) gzip.Write(content);
        return stream.ToArray();
    }
}
