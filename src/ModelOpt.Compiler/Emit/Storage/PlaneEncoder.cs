using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>A plane of bytes in the form that is smallest.</summary>
/// <param name="Table">Its shares, if it is coded.</param>
/// <param name="Bytes">The plane or its code.</param>
/// <param name="Size">About how many bytes it takes.</param>
internal sealed record EncodedPlane(PlaneForm Form, byte[] Table, byte[] Bytes, int Size);

/// <summary>Finds the form of a plane.</summary>
internal static class PlaneEncoder
{
    /// <summary>Planes of more bytes are looked for repeats in a part.</summary>
    private const int SampleBytes = 1 << 15;

    /// <summary>A code must be smaller than this share of the bytes, because it takes longer to load.</summary>
    private const double WorthCoding = 0.99;

    /// <summary>Repeats must be smaller than this share of the code of large planes, because they take longer to load.</summary>
    private const double WorthRepeats = 0.9;

    /// <summary>Encodes a plane.</summary>
    public static EncodedPlane Encode(byte[] plane)
    {
        if (plane.Length == 0) return new EncodedPlane(PlaneForm.Content, [], [], 0);
        byte[] table = RansEncoder.Table(plane), code = RansEncoder.Encode(table, plane);

        // Tables come one after another and are like each other.
        int coded = code.Length + (table.Length / 2) + 2;
        var best = coded < WorthCoding * plane.Length ? new EncodedPlane(PlaneForm.Coded, table, code, coded)
            : new EncodedPlane(PlaneForm.Raw, [], plane, plane.Length);
        int sampled = Math.Min(plane.Length, SampleBytes);
        long repeats = (long)MatchEncoder.Encode(plane.AsSpan(0, sampled)).Length * plane.Length / sampled;
        return repeats < (sampled < SampleBytes ? 1 : WorthRepeats) * best.Size
            ? new EncodedPlane(PlaneForm.Content, [], plane, (int)repeats)
            : best;
    }
}
