namespace ModelOpt.Runtime.Kernels.Detection;

/// <summary>
/// For each class of each sample, the boxes from the highest score down, without those that cover one taken before by more than a share of
/// both. As ONNX Runtime does it: of equal scores the first box comes first, and a box without an area covers nothing.
/// </summary>
/// <param name="isCentered">Whether boxes are (x, y, width, height) of their centers, not two corners (y, x, y, x).</param>
/// <param name="most">How many boxes of a class are taken at most.</param>
internal readonly ref struct BoxSuppression(ReadOnlySpan<float> boxes, ReadOnlySpan<float> scores, bool isCentered, long most)
{
    private const int Corners = 4;

    private readonly ReadOnlySpan<float> _boxes = boxes;
    private readonly ReadOnlySpan<float> _scores = scores;

    /// <summary>Takes boxes.</summary>
    /// <param name="count">Boxes of a sample.</param>
    /// <param name="overlap">The share of both that a box may cover.</param>
    /// <param name="least">The score that a box must exceed; null for none.</param>
    /// <param name="rows">Receives sample, class and box of each; the rest stays as it is.</param>
    /// <param name="order">Memory for a number of each box.</param>
    /// <returns>How many are taken.</returns>
    public int Take(int samples, int classes, int count, float overlap, float? least, Span<long> rows, Span<ulong> order)
    {
        int taken = 0;
        for (int pair = 0; pair < samples * classes; pair++)
        {
            ReadOnlySpan<float> own = _scores.Slice(pair * count, count);
            int candidates = 0;
            for (int i = 0; i < count; i++)
            {
                if (least is { } bound && !(own[i] > bound))
                    continue;
                order[candidates++] = Key(own[i], i);
            }

            order[..candidates].Sort();
            int first = taken, sample = pair / classes;
            for (int k = 0; k < candidates && taken - first < most && 3 * taken < rows.Length; k++)
            {
                int box = unchecked((int)order[k]);
                bool isCovered = false;
                for (int t = first; t < taken && !isCovered; t++)
                    isCovered = Covers(Box(sample, count, (int)rows[(3 * t) + 2]), Box(sample, count, box), overlap);
                if (isCovered)
                    continue;
                (rows[3 * taken], rows[(3 * taken) + 1], rows[(3 * taken) + 2]) = (sample, pair % classes, box);
                taken++;
            }
        }

        return taken;
    }

    private ReadOnlySpan<float> Box(int sample, int count, int box) => _boxes.Slice(((sample * count) + box) * Corners, Corners);

    private bool Covers(ReadOnlySpan<float> a, ReadOnlySpan<float> b, float overlap)
    {
        (float left, float top, float right, float bottom) = Edges(a);
        (float otherLeft, float otherTop, float otherRight, float otherBottom) = Edges(b);
        float width = MathF.Min(right, otherRight) - MathF.Max(left, otherLeft);
        float height = MathF.Min(bottom, otherBottom) - MathF.Max(top, otherTop);
        if (!(width > 0) || !(height > 0))
            return false;
        float common = width * height, own = (right - left) * (bottom - top);
        float other = (otherRight - otherLeft) * (otherBottom - otherTop), all = own + other - common;
        return own > 0 && other > 0 && all > 0 && common / all > overlap;
    }

    private (float Left, float Top, float Right, float Bottom) Edges(ReadOnlySpan<float> box) => isCentered
        ? (box[0] - (box[2] / 2), box[1] - (box[3] / 2), box[0] + (box[2] / 2), box[1] + (box[3] / 2))
        : (MathF.Min(box[1], box[3]), MathF.Min(box[0], box[2]), MathF.Max(box[1], box[3]), MathF.Max(box[0], box[2]));

    /// <summary>A number that is the smaller, the higher the score; of equal scores, the earlier the box.</summary>
    private static ulong Key(float score, int box)
    {
        // A sum with 0 makes one of both zeros.
        uint bits = BitConverter.SingleToUInt32Bits(score + 0f);
        uint rising = (bits >> 31) != 0 ? ~bits : bits | 0x80000000;
        return ((ulong)~rising << 32) | (uint)box;
    }
}
