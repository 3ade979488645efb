namespace ModelOpt.Runtime.Storage;

/// <summary>Reads bytes that were coded with a <see cref="MatchModel"/>.</summary>
internal static class MatchDecoder
{
    /// <summary>Reads bytes.</summary>
    /// <param name="code">What the encoder wrote; any bytes give some bytes.</param>
    /// <param name="target">Takes as many bytes as it has.</param>
    /// <exception cref="InvalidModelException">A repeat begins before the first byte.</exception>
    public static void Decode(ReadOnlySpan<byte> code, Span<byte> target)
    {
        var decoder = new RangeDecoder(code);
        MatchModel model = new();
        uint distance = 1;
        bool afterMatch = false;
        for (int at = 0; at < target.Length;)
        {
            if (!decoder.Read(ref model.IsMatch[MatchModel.MatchContext(at, afterMatch)]))
            {
                int tree = MatchModel.LiteralContext(at, at > 0 ? target[at - 1] : (byte)0);
                target[at++] = (byte)decoder.ReadTree(model.Literals[tree], 8);
                afterMatch = false;
                continue;
            }

            bool isSame = decoder.Read(ref model.IsSame[afterMatch ? 1 : 0]);
            int length = MatchModel.Shortest + decoder.ReadTree(model.Lengths[isSame ? 1 : 0], 8);
            if (!isSame)
                distance = ReadDistance(ref decoder, model, length);
            if (distance > at)
                throw new InvalidModelException("The packed model is damaged: it repeats what was not there.");
            for (int end = Math.Min(at + length, target.Length); at < end; at++)
                target[at] = target[at - (int)distance];
            afterMatch = true;
        }
    }

    private static uint ReadDistance(ref RangeDecoder decoder, MatchModel model, int length)
    {
        int bits = decoder.ReadTree(model.DistanceBits[MatchModel.DistanceContext(length)], 5);
        uint distance = 1;
        for (int bit = bits - 1; bit >= 0; bit--)
            distance = (distance << 1) | (decoder.Read(ref model.DistanceRest[bits][bit]) ? 1u : 0);
        return distance;
    }
}
