namespace ModelOpt.Runtime.Storage;

/// <summary>Bytes of one kind, one of each weight or of each eight.</summary>
/// <param name="Form">Where they are.</param>
/// <param name="Count">How many.</param>
/// <param name="Table">Their shares, if they are coded.</param>
/// <param name="Bytes">They or their code.</param>
internal readonly record struct CodedPlane(PlaneForm Form, int Count, ReadOnlyMemory<byte> Table, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Finds a plane in the streams.</summary>
    /// <param name="count">How many bytes it has.</param>
    /// <param name="segments">Says what form it has, and how long its code is.</param>
    /// <param name="streams">What it is taken from.</param>
    /// <exception cref="InvalidModelException">The streams are too short, or there is no such form.</exception>
    public static CodedPlane Read(int count, ref ByteCursor segments, ref PackedStreams streams)
    {
        var form = (PlaneForm)segments.Take(1)[0];
        return form switch
        {
            PlaneForm.Content => new CodedPlane(form, count, default, streams.Planes.TakeMemory(count)),
            PlaneForm.Raw => new CodedPlane(form, count, default, streams.Tail.TakeMemory(count)),
            PlaneForm.Coded => new CodedPlane(
                form, count, SymbolTable.Take(ref streams.Tables), streams.Tail.TakeMemory(segments.Number())),
            _ => throw new InvalidModelException($"The packed model is damaged: there is no plane of form {(int)form}."),
        };
    }

    /// <summary>Makes the bytes.</summary>
    /// <param name="target">Takes <see cref="Count"/> bytes.</param>
    public void Decode(Span<byte> target)
    {
        if (Form == PlaneForm.Coded)
            RansDecoder.Decode(Table.Span, Bytes.Span, target);
        else
            Bytes.Span.CopyTo(target);
    }
}
