using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>The header of an array file.</summary>
/// <param name="BigEndian">Whether elements are stored most significant byte first.</param>
/// <param name="Dims">The sizes as claimed, outermost first.</param>
internal sealed partial record ArrayHeader(ElementType Type, bool BigEndian, IReadOnlyList<long> Dims, long Offset)
{
    /// <summary>NumPy itself refuses headers that are longer.</summary>
    private const int LongestNpyHeader = 10_000;

    /// <summary>Whether a file that begins so is a NumPy array.</summary>
    public static bool IsNpy(ReadOnlySpan<byte> start) => start.Length > 6 && start[0] == 0x93 && start[1..].StartsWith("NUMPY"u8);

    /// <summary>Whether a file that begins so is in the IDX format.</summary>
    public static bool IsIdx(ReadOnlySpan<byte> start) =>
        start.Length >= 4 && start[0] == 0 && start[1] == 0 && IdxType(start[2]) != ElementType.Undefined && start[3] > 0;

    /// <summary>Reads the header of a NumPy file, version 1 to 3 (NEP 1).</summary>
    /// <exception cref="CompilationException">It is damaged or of a form that is not supported.</exception>
    /// <exception cref="EndOfStreamException">It is truncated.</exception>
    public static ArrayHeader ReadNpy(SampleBytes bytes, string file)
    {
        Span<byte> start = stackalloc byte[12];
        bytes.Read(0, start[..10]);
        int version = start[6];
        if (version is < 1 or > 3) throw DataDiagnostics.Unsupported.In(file, null, $"version {version} of .npy");
        int lengthEnd = version == 1 ? 10 : 12;
        if (version > 1) bytes.Read(10, start[10..]);
        long length = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > LongestNpyHeader)
            throw DataDiagnostics.Damaged.In(file, null, $"its header claims {length} bytes");
        byte[] text = new byte[length];
        bytes.Read(lengthEnd, text);
        return ParseNpy(Encoding.UTF8.GetString(text), lengthEnd + length, file);
    }

    /// <summary>Reads the header of an IDX file, as MNIST's home page describes it.</summary>
    /// <exception cref="EndOfStreamException">It is truncated.</exception>
    public static ArrayHeader ReadIdx(SampleBytes bytes)
    {
        Span<byte> start = stackalloc byte[4 + (4 * byte.MaxValue)];
        bytes.Read(0, start[..4]);
        int rank = start[3];
        bytes.Read(4, start.Slice(4, 4 * rank));
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) dims[i] = BinaryPrimitives.ReadUInt32BigEndian(start[(4 + (4 * i))..]);
        return new ArrayHeader(IdxType(start[2]), true, dims, 4 + (4 * rank));
    }

    private static ArrayHeader ParseNpy(string header, long offset, string file)
    {
        Match type = Descr().Match(header), order = FortranOrder().Match(header), shape = Dimensions().Match(header);
        if (Structured().IsMatch(header)) throw DataDiagnostics.Unsupported.In(file, null, "records of several fields");
        if (!type.Success || !order.Success || !shape.Success)
            throw DataDiagnostics.Damaged.In(file, null, "its header is not that of an array");
        string descr = type.Groups[1].Value;
        ElementType element = NpyType(descr);
        if (element == ElementType.Undefined)
            throw DataDiagnostics.Unsupported.In(file, null, $"elements of NumPy type '{descr}'");
        if (order.Groups[1].Value == "True")
            throw DataDiagnostics.Unsupported.In(file, null, "Fortran order (numpy.ascontiguousarray makes it C order)");

        var dims = new List<long>();
        foreach (string dim in shape.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Python 2 wrote long integers with a suffix.
            if (!long.TryParse(dim.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                throw DataDiagnostics.Damaged.In(file, null, $"its header gives a dimension as '{dim}'");
            dims.Add(size);
        }

        return new ArrayHeader(element, descr[0] == '>', dims, offset);
    }

    private static ElementType NpyType(string descr) => descr switch
    {
        "|u1" or "<u1" or ">u1" => ElementType.UInt8,
        "|i1" or "<i1" or ">i1" => ElementType.Int8,
        "|b1" => ElementType.Bool,
        "<u2" or ">u2" => ElementType.UInt16,
        "<i2" or ">i2" => ElementType.Int16,
        "<u4" or ">u4" => ElementType.UInt32,
        "<i4" or ">i4" => ElementType.Int32,
        "<u8" or ">u8" => ElementType.UInt64,
        "<i8" or ">i8" => ElementType.Int64,
        "<f2" or ">f2" => ElementType.Float16,
        "<f4" or ">f4" => ElementType.Float32,
        "<f8" or ">f8" => ElementType.Float64,
        _ => ElementType.Undefined,
    };

    private static ElementType IdxType(byte code) => code switch
    {
        0x08 => ElementType.UInt8,
        0x09 => ElementType.Int8,
        0x0B => ElementType.Int16,
        0x0C => ElementType.Int32,
        0x0D => ElementType.Float32,
        0x0E => ElementType.Float64,
        _ => ElementType.Undefined,
    };

    [GeneratedRegex("""['"]descr['"]\s*:\s*['"]([^'"]+)['"]""")]
    private static partial Regex Descr();

    [GeneratedRegex("""['"]descr['"]\s*:\s*[\[(]""")]
    private static partial Regex Structured();

    [GeneratedRegex("""['"]fortran_order['"]\s*:\s*(True|False)""")]
    private static partial Regex FortranOrder();

    [GeneratedRegex("""['"]shape['"]\s*:\s*\(([^)]*)\)""")]
    private static partial Regex Dimensions();
}
