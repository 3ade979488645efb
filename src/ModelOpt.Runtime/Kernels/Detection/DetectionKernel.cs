using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Detection;

/// <summary>Decodes boxes from their anchors, and takes those of high scores that do not cover each other.</summary>
/// <param name="count">Boxes.</param>
/// <param name="width">Numbers of an encoding, of which four are read.</param>
/// <param name="columns">Scores of a box, those of the background first.</param>
internal sealed class DetectionKernel(DetectionOptions options, int count, int width, int columns) : Kernel
{
    private const int WorkOfOne = 64, Corners = 4, Row = 3;

    private readonly int _classes = options.IsByClass ? options.Classes : 1;
    private readonly int _taken = options.IsByClass ? checked(options.Classes * Math.Min(count, options.MostOfClass))
        : Math.Min(count, options.Most);

    public override int ScratchBytes => checked(
        (sizeof(ulong) * count) + (sizeof(long) * Row * _taken) + (sizeof(float) * count * (Corners + _classes)));

    public override long Work => (long)options.Classes * count * WorkOfOne;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Span<byte> scratch = args.Scratch<byte>();
        Span<ulong> order = MemoryMarshal.Cast<byte, ulong>(scratch)[..count];
        Span<long> rows = MemoryMarshal.Cast<byte, long>(scratch[(sizeof(ulong) * count)..])[..(Row * _taken)];
        Span<float> rest = MemoryMarshal.Cast<byte, float>(scratch[((sizeof(ulong) * count) + (sizeof(long) * rows.Length))..]);
        Span<float> boxes = rest[..(Corners * count)], scores = rest.Slice(boxes.Length, _classes * count);
        Decode(args.Input<float>(0), args.Input<float>(2), boxes);
        ReadOnlySpan<float> given = args.Input<float>(1);
        Arrange(given, scores);
        long most = options.IsByClass ? options.MostOfClass : options.Most;
        // What has the least score is taken, too.
        int taken = new BoxSuppression(boxes, scores, false, most).Take(
            1, _classes, count, options.Overlap, MathF.BitDecrement(options.Least), rows, order);
        args.Output<float>(0).Clear();
        args.Output<float>(1).Clear();
        args.Output<float>(2).Clear();
        args.Output<float>(3)[0] = options.IsByClass ? GiveHighest(args, rows[..(Row * taken)], boxes, given)
            : GiveAll(args, rows[..(Row * taken)], boxes, given);
    }

    private void Decode(ReadOnlySpan<float> encodings, ReadOnlySpan<float> anchors, Span<float> boxes)
    {
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> code = encodings.Slice(i * width, Corners), anchor = anchors.Slice(i * Corners, Corners);
            float y = (code[0] / options.Scales.Y * anchor[2]) + anchor[0], x = (code[1] / options.Scales.X * anchor[3]) + anchor[1];
            float height = 0.5f * MathF.Exp(code[2] / options.Scales.Height) * anchor[2];
            float breadth = 0.5f * MathF.Exp(code[3] / options.Scales.Width) * anchor[3];
            Span<float> box = boxes.Slice(i * Corners, Corners);
            (box[0], box[1], box[2], box[3]) = (y - height, x - breadth, y + height, x + breadth);
        }
    }

    /// <summary>The scores of each class, one class after the other, or the highest of each box.</summary>
    private void Arrange(ReadOnlySpan<float> given, Span<float> scores)
    {
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> own = Own(given, i);
            if (!options.IsByClass)
            {
                scores[i] = own[Best(own, 0)];
                continue;
            }

            for (int c = 0; c < own.Length; c++)
                scores[(c * count) + i] = own[c];
        }
    }

    private ReadOnlySpan<float> Own(ReadOnlySpan<float> given, int box) =>
        given.Slice((box * columns) + columns - options.Classes, options.Classes);

    /// <summary>The class of the score that is the highest but a number of others; of equal ones the first.</summary>
    private static int Best(ReadOnlySpan<float> scores, int higher)
    {
        int best = 0;
        float bound = float.PositiveInfinity;
        int last = -1;
        for (int rank = 0; rank <= higher; rank++)
        {
            best = -1;
            for (int c = 0; c < scores.Length; c++)
            {
                bool isBelow = scores[c] < bound || (scores[c] == bound && c > last);
                if (isBelow && (best < 0 || scores[c] > scores[best]))
                    best = c;
            }

            if (best < 0)
                return Math.Max(0, last);
            (bound, last) = (scores[best], best);
        }

        return best;
    }

    /// <summary>The boxes in the order in which they were taken, each with its classes of the highest scores.</summary>
    private int GiveAll(in KernelArguments args, ReadOnlySpan<long> rows, ReadOnlySpan<float> boxes, ReadOnlySpan<float> given)
    {
        int ofOne = Math.Min(options.ClassesOfOne, options.Classes);
        for (int i = 0; i < rows.Length / Row; i++)
        {
            int box = (int)rows[(Row * i) + 2];
            for (int rank = 0; rank < ofOne; rank++)
                Give(args, (i * options.ClassesOfOne) + rank, box, Best(Own(given, box), rank), boxes, given);
        }

        return rows.Length / Row;
    }

    /// <summary>The highest scores of all classes.</summary>
    private int GiveHighest(in KernelArguments args, Span<long> rows, ReadOnlySpan<float> boxes, ReadOnlySpan<float> given)
    {
        int number = Math.Min(rows.Length / Row, options.Most);
        for (int i = 0; i < number; i++)
        {
            int best = -1;
            for (int k = 0; k < rows.Length / Row; k++)
            {
                if (rows[Row * k] >= 0 && (best < 0 || Score(rows, k, given) > Score(rows, best, given)))
                    best = k;
            }

            Give(args, i, (int)rows[(Row * best) + 2], (int)rows[(Row * best) + 1], boxes, given);
            rows[Row * best] = -1;
        }

        return number;
    }

    private float Score(ReadOnlySpan<long> rows, int row, ReadOnlySpan<float> given) =>
        Own(given, (int)rows[(Row * row) + 2])[(int)rows[(Row * row) + 1]];

    private void Give(in KernelArguments args, int place, int box, int ofClass, ReadOnlySpan<float> boxes, ReadOnlySpan<float> given)
    {
        boxes.Slice(box * Corners, Corners).CopyTo(args.Output<float>(0)[(place * Corners)..]);
        args.Output<float>(1)[place] = ofClass;
        args.Output<float>(2)[place] = Own(given, box)[ofClass];
    }
}
