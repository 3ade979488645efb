using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>SLICE and STRIDED_SLICE.</summary>
internal static class Slices
{
    /// <summary>SLICE: begins, and sizes with −1 for the rest.</summary>
    public static void Slice(Lifting at)
    {
        int rank = at.Input(0).Rank;
        if (at.Input(1).Elements != rank || at.Input(2).Elements != rank) throw at.Refusal("begins and sizes that do not fit");
        bool first = at.PrefersFirst();
        Value begins = at.LongsOf(1), ends;
        if (begins.Constant is { } known && at.LongsOf(2).Constant is { } sizes)
        {
            ends = at.Longs([.. known.ToInt64s().Zip(sizes.ToInt64s(), (b, s) => s < 0 ? int.MaxValue : b + s)]);
        }
        else
        {
            Value size = at.LongsOf(2);
            Value isRest = at.Add("Less", [size, at.Constant(Tensor.Scalar(0L))]);
            ends = at.Add("Where", [isRest, at.Constant(Tensor.Scalar((long)int.MaxValue)), at.Add("Add", [begins, size])]);
        }

        at.Finish(at.Add("Slice", [at.Operand(0, first), begins, ends, Axes(at, rank, first)]), first);
    }

    /// <summary>STRIDED_SLICE, with its masks.</summary>
    public static void StridedSlice(Lifting at)
    {
        StridedSliceOptions options = StridedSliceOptions.Read(at.Options);
        if (options.EllipsisMask != 0 || options.NewAxisMask != 0 || options.EndIsOffset) throw at.Refusal("new axes, ellipses or offsets");
        FileTensor x = at.Input(0);
        int count = at.Input(3).Elements;
        bool isPlain = options is { BeginMask: 0, EndMask: 0, ShrinkAxisMask: 0 };
        long[] steps = isPlain && at.Values.Constant(at.Input(3)) is null ? new long[count] : at.Ints(3, "strides");
        if (at.Input(1).Elements != count || at.Input(2).Elements != count || count > x.Rank) throw at.Refusal("begins that do not fit");
        bool[] Bits(int mask) => [.. Enumerable.Range(0, count).Select(i => (mask & (1 << i)) != 0)];
        bool[] dropped = Bits(options.ShrinkAxisMask), open = Bits(options.BeginMask), openEnd = Bits(options.EndMask);
        for (int i = 0; i < count; i++)
        {
            if (dropped[i]) (steps[i], open[i], openEnd[i]) = (1, false, false);
        }

        Value begins = Masked(at, at.LongsOf(1), open, [.. steps.Select(s => s < 0 ? (long)int.MaxValue : 0)]);
        Value ends = Masked(at, at.LongsOf(2), openEnd, [.. steps.Select(s => (long)(s < 0 ? -int.MaxValue : int.MaxValue))]);
        ends = Behind(at, begins, ends, dropped);
        bool first = !dropped.Contains(true) && at.PrefersFirst();
        Value result = at.Add("Slice", [at.Operand(0, first), begins, ends, Axes(at, count, first), Steps()]);
        if (dropped.Contains(true))
        {
            long[] axes = [.. Enumerable.Range(0, count).Where(i => dropped[i]).Select(i => (long)i)];
            result = at.Add("Squeeze", [at.Values.Rounded(result, at.Output), at.Longs(axes)]);
        }

        at.Finish(result, first);

        Value Steps() => at.Values.Constant(at.Input(3)) is null ? at.LongsOf(3) : at.Longs(steps);
    }

    /// <summary>Numbers with others in the place of some.</summary>
    private static Value Masked(Lifting at, Value numbers, bool[] mask, long[] others)
    {
        if (!mask.Contains(true)) return numbers;
        if (numbers.Constant is { } known) return at.Longs([.. known.ToInt64s().Select((n, i) => mask[i] ? others[i] : n)]);
        return at.Add("Where", [Bools(at, mask), at.Longs(others), numbers]);
    }

    /// <summary>Ends that lie one behind the begin where an axis is dropped.</summary>
    private static Value Behind(Lifting at, Value begins, Value ends, bool[] dropped)
    {
        if (!dropped.Contains(true)) return ends;
        if (begins.Constant is { } from && ends.Constant is { } to)
        {
            return at.Longs([.. from.ToInt64s().Zip(to.ToInt64s()).Select((p, i) =>
                !dropped[i] ? p.Second : p.First == -1 ? int.MaxValue : p.First + 1)]);
        }

        Value isLast = at.Add("Equal", [begins, at.Constant(Tensor.Scalar(-1L))]);
        Value next = at.Add("Add", [begins, at.Constant(Tensor.Scalar(1L))]);
        next = at.Add("Where", [isLast, at.Constant(Tensor.Scalar((long)int.MaxValue)), next]);
        return at.Add("Where", [Bools(at, dropped), next, ends]);
    }

    private static Value Bools(Lifting at, bool[] mask) => at.Constant(
        new Tensor(ElementType.Bool, [mask.Length], Array.ConvertAll(mask, m => m ? (byte)1 : (byte)0)));

    private static Value Axes(Lifting at, int count, bool isFirst) =>
        at.Longs([.. Enumerable.Range(0, count).Select(a => (long)Lifting.Axis(a, at.Input(0).Rank, isFirst))]);
}
