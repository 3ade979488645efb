namespace ModelOpt.Runtime.Storage;

/// <summary>A run of weights in a <see cref="PackedModel"/>: it is decoded without any other.</summary>
/// <param name="Start">Where in the file it begins.</param>
/// <param name="Coding">How it is stored.</param>
/// <param name="Elements">How many weights it has.</param>
internal sealed record CodedRun(int Start, WeightCoding Coding, int Elements)
{
    /// <summary>How many weights are stored: all, or those that are not zero.</summary>
    public int Stored { get; private init; }

    /// <summary>Rows, each with a palette of its own.</summary>
    public int Rows { get; private init; } = 1;

    /// <summary>The palettes.</summary>
    public ByteCursor Palettes { get; private init; }

    /// <summary>The bitmap, where there is one, and planes of weights or of places in palettes.</summary>
    public IReadOnlyList<CodedPlane> Planes { get; private init; } = [];

    /// <summary>The distances of the <see cref="NeighborModel"/>.</summary>
    public (int Near, int Far) Neighbors { get; private init; }

    /// <summary>What is range coded.</summary>
    public ReadOnlyMemory<byte> RangeCode { get; private init; }

    /// <summary>Bytes of the file that it makes.</summary>
    public long Bytes => (long)Elements * Coding.ElementBytes;

    /// <summary>Finds the parts of a run in the streams. The coding says that it is not a product.</summary>
    /// <exception cref="InvalidModelException">The streams are too short or contradict each other.</exception>
    public CodedRun Read(ref ByteCursor segments, ref PackedStreams streams)
    {
        if (Coding.Form == WeightForm.RangeCoded)
        {
            (int, int) neighbors = (segments.Number(), segments.Number());
            return this with
            {
                Neighbors = neighbors, Palettes = TakePalettes(1, ref streams),
                RangeCode = streams.Tail.TakeMemory(segments.Number()),
            };
        }

        int stored = Coding.Form == WeightForm.Bitmap ? segments.Number() : Elements;
        int rows = Coding.HasPalette ? segments.Number() : 1;
        if (stored > Elements || rows == 0 || Elements % rows != 0)
            throw new InvalidModelException("The packed model is damaged: a run has more weights or rows than it can.");
        ByteCursor palettes = Coding.HasPalette ? TakePalettes(rows, ref streams) : default;
        List<CodedPlane> planes = [];
        if (Coding.Form == WeightForm.Bitmap)
            planes.Add(CodedPlane.Read((int)((Elements + 7L) / 8), ref segments, ref streams));
        for (int i = Coding.HasPalette ? 1 : Coding.ElementBytes; i > 0; i--)
            planes.Add(CodedPlane.Read(stored, ref segments, ref streams));
        return this with { Stored = stored, Rows = rows, Palettes = palettes, Planes = planes };
    }

    private ByteCursor TakePalettes(int count, ref PackedStreams streams)
    {
        ByteCursor first = streams.Tables;
        for (; count > 0; count--)
            streams.Tables.Take((streams.Tables.Take(1)[0] + 1) * Coding.ElementBytes);
        return first;
    }
}
