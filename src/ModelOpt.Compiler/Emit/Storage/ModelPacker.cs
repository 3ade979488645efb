using System.Buffers.Binary;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Makes the form of a TFLite file that is embedded: <see cref="PackedModel"/>, where that is worth it.</summary>
internal static class ModelPacker
{
    /// <summary>The packed form must be smaller than this share of the file: a plain file is used in place, without copying.</summary>
    private const double WorthIt = 0.9;

    /// <summary>The form to embed: packed, or the file itself if packing saves less than a tenth.</summary>
    public static byte[] Pack(byte[] tflite, Workers workers)
    {
        List<WeightRun> runs = WeightRun.Find(tflite);
        CodedWeights?[] coded = CodingChoice.Of(tflite, runs, workers);
        byte[] packed = Write(tflite, [.. runs.Select((r, i) => (r.Start, coded[i])).Where(r => r.Item2 is not null)!]);
        return packed.Length < tflite.Length * WorthIt && tflite.Length <= (long)PackedModel.MaxRatio * packed.Length
            ? packed
            : tflite;
    }

    /// <summary>Writes the packed form.</summary>
    /// <param name="recoded">Where weights start, ascending, and their coding; other bytes stay.</param>
    internal static byte[] Write(byte[] tflite, IReadOnlyList<(int Start, CodedWeights Coded)> recoded)
    {
        MemoryStream segments = new(), copied = new(), tables = new(), planes = new(), tail = new();
        int position = 0;
        foreach ((int start, CodedWeights run) in recoded)
        {
            WriteNumber(segments, start - position);
            copied.Write(tflite, position, start - position);
            segments.WriteByte(run.Coding.ToByte());
            WriteNumber(segments, run.Elements);
            switch (run.Coding.Form)
            {
                case WeightForm.Product:
                    WriteNumber(segments, (Math.Abs(run.Distance) << 1) | (run.Distance < 0 ? 1 : 0));
                    copied.Write(run.Bytes);
                    break;
                case WeightForm.RangeCoded:
                    WriteNumber(segments, run.Neighbors.Near);
                    WriteNumber(segments, run.Neighbors.Far);
                    WriteNumber(segments, run.Bytes.Length);
                    tables.Write(run.Palettes);
                    tail.Write(run.Bytes);
                    break;
                default:
                    if (run.Coding.Form == WeightForm.Bitmap) WriteNumber(segments, run.Stored);
                    if (run.Coding.HasPalette) WriteNumber(segments, run.Rows);
                    tables.Write(run.Palettes);
                    foreach (EncodedPlane plane in run.Planes) WritePlane(plane, segments, tables, planes, tail);
                    break;
            }

            position = start + (run.Elements * run.Coding.ElementBytes);
        }

        copied.Write(tflite, position, tflite.Length - position);
        MemoryStream content = new();
        WriteNumber(content, (int)copied.Length);
        WriteNumber(content, (int)tables.Length);
        WriteNumber(content, (int)planes.Length);
        WriteNumber(content, recoded.Count);
        foreach (MemoryStream stream in (MemoryStream[])[segments, copied, tables, planes]) stream.WriteTo(content);

        // Where nothing is saved, the content may be longer than the file, which no reader takes.
        return content.Length > PackedModel.MaxContent(tflite.Length) ? tflite
            : Join(tflite.Length, PackedModel.Checksum(tflite), content.ToArray(), tail.ToArray());
    }

    /// <summary>Codes the content and puts the header before it.</summary>
    /// <param name="length">Bytes of the file.</param>
    internal static byte[] Join(int length, uint checksum, byte[] content, byte[] tail)
    {
        byte[] code = MatchEncoder.Encode(content);
        byte[] packed = [.. PackedModel.Magic, .. new byte[PackedModel.HeaderBytes - PackedModel.Magic.Length], .. code, .. tail];
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(4), length);
        BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan(8), checksum);
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(12), content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(16), code.Length);
        return packed;
    }

    private static void WritePlane(EncodedPlane plane, MemoryStream segments, MemoryStream tables, MemoryStream planes, MemoryStream tail)
    {
        segments.WriteByte((byte)plane.Form);
        (plane.Form == PlaneForm.Content ? planes : tail).Write(plane.Bytes);
        if (plane.Form != PlaneForm.Coded) return;
        WriteNumber(segments, plane.Bytes.Length);
        tables.Write(plane.Table);
    }

    private static void WriteNumber(MemoryStream stream, int number)
    {
        uint rest = (uint)number;
        for (; rest >= 128; rest >>= 7) stream.WriteByte((byte)(rest | 128));
        stream.WriteByte((byte)rest);
    }
}
