namespace Detect;

/// <summary>Finds objects with YOLOX-Nano.</summary>
internal sealed class Detector : IDisposable
{
    private const int Size = 416, Classes = 80, Values = 5 + Classes;
    private const float LeastScore = 0.35f, MostOverlap = 0.45f;
    private static readonly int[] Strides = [8, 16, 32];

    // The class was generated from yolox_nano.onnx; see detect.csproj.
    private readonly Yolox _model = new();
    private readonly byte[] _pixels = new byte[Size * Size * 3];

    /// <summary>The objects in a photograph, the surest first.</summary>
    public IReadOnlyList<Detection> Find(Photo photo)
    {
        float scale = photo.Letterbox(_pixels, Size);
        using Yolox.Output output = _model.Run(_pixels);
        List<Detection> found = [];
        foreach (Detection candidate in Decode(output.OutputValues, scale).OrderByDescending(d => d.Score))
        {
            // Of boxes of one class that lie on each other the surest stays.
            if (found.TrueForAll(f => f.Class != candidate.Class || f.Box.Overlap(candidate.Box) < MostOverlap)) found.Add(candidate);
        }

        return found;
    }

    public void Dispose() => _model.Dispose();

    /// <summary>Cells of three grids, each with the centre and size of a box, whether there is an object, and of which class.</summary>
    private static List<Detection> Decode(ReadOnlySpan<float> cells, float scale)
    {
        List<Detection> candidates = [];
        foreach (int stride in Strides)
        {
            int side = Size / stride;
            for (int cell = 0; cell < side * side; cell++, cells = cells[Values..])
            {
                ReadOnlySpan<float> classes = cells.Slice(5, Classes);
                int best = 0;
                for (int i = 1; i < Classes; i++) if (classes[i] > classes[best]) best = i;
                float score = cells[4] * classes[best];
                if (score < LeastScore) continue;
                float x = (cells[0] + (cell % side)) * stride, y = (cells[1] + (cell / side)) * stride;
                float width = MathF.Exp(cells[2]) * stride / 2, height = MathF.Exp(cells[3]) * stride / 2;
                var box = new Box((x - width) / scale, (y - height) / scale, (x + width) / scale, (y + height) / scale);
                candidates.Add(new(box, best, score));
            }
        }

        return candidates;
    }
}
