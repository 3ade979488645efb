using System.Buffers.Binary;
using System.Text;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Onnx;

/// <summary>Says what a file is that is given as a model, by its first bytes.</summary>
internal static class FileKind
{
    public const string Onnx = "an ONNX model", Tflite = "a TFLite model", Packed = "a TFLite model packed by a build";

    /// <summary>What the file is: words that follow "it is"; null where it may be anything.</summary>
    public static string? Of(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("PK\x03\x04"u8))
        {
            return bytes[..Math.Min(bytes.Length, 256)].IndexOf("/data.pkl"u8) >= 0 ? "a model of PyTorch, which torch.onnx.export exports"
                : "a ZIP archive";
        }

        if (PackedModel.IsPacked(bytes)) return Packed;
        if (HasIdentifier(bytes, "TFL3"u8)) return Tflite;
        if (HasIdentifier(bytes, "ORTM"u8)) return "a model in ONNX Runtime's own format";
        if (bytes.StartsWith<byte>([0x1f, 0x8b])) return "compressed with gzip";
        if (bytes.StartsWith("version https://git-lfs"u8)) return "a Git LFS pointer, whose file was not fetched";
        if (bytes.StartsWith<byte>([0x89, .. "HDF"u8])) return "an HDF5 file, as Keras writes";
        if (bytes.StartsWith<byte>([0x89, .. "PNG"u8]) || bytes.StartsWith<byte>([0xff, 0xd8, 0xff])) return "an image";
        if (bytes.StartsWith<byte>([0x93, .. "NUMPY"u8])) return "a NumPy array";
        if (bytes.StartsWith("GGUF"u8)) return "a GGUF file";
        if (bytes.StartsWith<byte>([0x80, 0x02]) || bytes.StartsWith<byte>([0x80, 0x04])) return "a pickle of Python, as PyTorch writes";
        if (IsSafetensors(bytes)) return "a safetensors file, which has weights alone";
        if (LooksLikeText(bytes)) return "text";
        return IsOnnx(bytes) ? Onnx : null;
    }

    private static bool HasIdentifier(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> identifier) =>
        bytes.Length >= 8 && bytes[4..8].SequenceEqual(identifier);

    /// <summary>Such a file begins with the length of a JSON object of some kilobytes.</summary>
    private static bool IsSafetensors(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 8 && bytes[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(bytes) < 100_000_000;

    /// <summary>An ONNX file begins with the tag of the IR version and a small number, and goes on with another tag of a model.</summary>
    private static bool IsOnnx(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 2 && bytes[0] == 0x08 && bytes[1] < 0x20 && bytes[2] is 0x12 or 0x1a or 0x22 or 0x28 or 0x32 or 0x3a or 0x42;

    /// <summary>No text has the tag that an ONNX file begins with.</summary>
    private static bool LooksLikeText(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> head = bytes[..Math.Min(bytes.Length, 64)];
        foreach (byte b in head)
        {
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\r' or (byte)'\n') || b == 0x7f) return false;
        }

        return Encoding.UTF8.GetString(head).Trim().Length > 0;
    }
}
