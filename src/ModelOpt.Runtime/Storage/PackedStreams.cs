namespace ModelOpt.Runtime.Storage;

/// <summary>The streams of a <see cref="PackedModel"/> behind its segments.</summary>
internal struct PackedStreams
{
    /// <summary>Bytes of the file that are not recoded, and factors.</summary>
    public ByteCursor Copied;

    /// <summary>Palettes, and tables of planes.</summary>
    public ByteCursor Tables;

    /// <summary>Planes that are too small for a code of their own.</summary>
    public ByteCursor Planes;

    /// <summary>What lies behind the content: planes and range-coded weights.</summary>
    public ByteCursor Tail;
}
