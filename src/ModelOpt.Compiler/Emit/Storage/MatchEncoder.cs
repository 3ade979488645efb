using System.Numerics;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Codes bytes with a <see cref="MatchModel"/>; <see cref="MatchDecoder"/> reads them.</summary>
internal static class MatchEncoder
{
    /// <summary>How many earlier places are tried.</summary>
    private const int Tried = 64;

    /// <summary>Bits of the hash of three bytes.</summary>
    private const int HashBits = 15;

    /// <summary>About how many bits a byte takes that does not repeat, and a repeat of the same and of a new distance.</summary>
    private const int LiteralPrice = 6, SamePrice = 6, NewPrice = 9;

    /// <summary>Codes bytes.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> bytes)
    {
        var writer = new Writer();
        int[] heads = new int[1 << HashBits], before = new int[bytes.Length];
        Array.Fill(heads, -1);
        int distance = 1, known = 0;
        Match next = default;
        bool hasNext = false;
        for (int at = 0; at < bytes.Length;)
        {
            Match match = hasNext ? next : Find(bytes, at, distance, heads, before, ref known);
            hasNext = false;
            if (match.Gain > 0 && at + 1 < bytes.Length)
            {
                next = Find(bytes, at + 1, distance, heads, before, ref known);
                hasNext = next.Gain > match.Gain;
            }

            if (match.Gain <= 0 || hasNext)
            {
                writer.Literal(at, at > 0 ? bytes[at - 1] : (byte)0, bytes[at]);
                at++;
                continue;
            }

            writer.Match(at, match.Length, match.Distance, match.Distance == distance);
            distance = match.Distance;
            at += match.Length;
        }

        return writer.End();
    }

    private static Match Find(ReadOnlySpan<byte> bytes, int at, int distance, int[] heads, int[] before, ref int known)
    {
        for (; known < at; known++)
        {
            if (known + 3 > bytes.Length) continue;
            ref int head = ref heads[Hash(bytes[known..])];
            (before[known], head) = (head, known);
        }

        Match best = default;
        if (distance <= at)
        {
            int length = Length(bytes, at, distance);
            best = length >= MatchModel.Shortest ? new Match(length, distance, (length * LiteralPrice) - SamePrice) : best;
        }

        if (at + 3 > bytes.Length) return best;
        int place = heads[Hash(bytes[at..])];
        for (int i = 0; i < Tried && place >= 0; i++, place = before[place])
        {
            int length = Length(bytes, at, at - place);
            int gain = (length * LiteralPrice) - NewPrice - BitOperations.Log2((uint)(at - place));
            if (length > 2 && gain > best.Gain) best = new Match(length, at - place, gain);
        }

        return best;
    }

    private static int Length(ReadOnlySpan<byte> bytes, int at, int distance)
    {
        int most = Math.Min(MatchModel.Longest, bytes.Length - at);
        return bytes.Slice(at, most).CommonPrefixLength(bytes.Slice(at - distance, most));
    }

    private static int Hash(ReadOnlySpan<byte> bytes) =>
        (int)((uint)(bytes[0] | (bytes[1] << 8) | (bytes[2] << 16)) * 2654435761u >> (32 - HashBits));

    // A repeat, and about how many bits it saves.
    private readonly record struct Match(int Length, int Distance, int Gain);

    private sealed class Writer
    {
        private readonly MatchModel _model = new();
        private readonly RangeEncoder _encoder = new();
        private bool _afterMatch;

        public void Literal(int at, byte before, byte value)
        {
            _encoder.Write(ref _model.IsMatch[MatchModel.MatchContext(at, _afterMatch)], false);
            _encoder.WriteTree(_model.Literals[MatchModel.LiteralContext(at, before)], 8, value);
            _afterMatch = false;
        }

        public void Match(int at, int length, int distance, bool isSame)
        {
            _encoder.Write(ref _model.IsMatch[MatchModel.MatchContext(at, _afterMatch)], true);
            _encoder.Write(ref _model.IsSame[_afterMatch ? 1 : 0], isSame);
            _encoder.WriteTree(_model.Lengths[isSame ? 1 : 0], 8, length - MatchModel.Shortest);
            _afterMatch = true;
            if (isSame) return;
            int bits = BitOperations.Log2((uint)distance);
            _encoder.WriteTree(_model.DistanceBits[MatchModel.DistanceContext(length)], 5, bits);
            for (int bit = bits - 1; bit >= 0; bit--)
                _encoder.Write(ref _model.DistanceRest[bits][bit], (distance >> bit & 1) != 0);
        }

        public byte[] End() => _encoder.End();
    }
}
