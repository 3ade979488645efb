namespace ModelOpt.Fuzz.Operators;

/// <summary>Seeded choices: the same seed draws the same on every machine.</summary>
internal sealed class Draw(int seed)
{
    private static readonly double[] Special = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -0.0, 1e37, -1e37, 1e-30];

    // System.Random with a seed keeps its algorithm over versions of .NET.
    private readonly Random _random = new(seed);

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public int Int(int low, int high) => _random.Next(low, high + 1);

    /// <summary>True with a probability.</summary>
    public bool Chance(double probability) => _random.NextDouble() < probability;

    /// <summary>One of some things.</summary>
    public T Pick<T>(params ReadOnlySpan<T> items) => items[_random.Next(items.Length)];

    /// <summary>A number between two others, with few digits half of the time.</summary>
    public float Real(double low, double high)
    {
        double value = low + (_random.NextDouble() * (high - low));
        return (float)(Chance(0.5) ? Math.Round(value * 4) / 4 : value);
    }

    /// <summary>A number of dimensions, mostly few.</summary>
    public int Rank(int low = 0, int high = 6)
    {
        int rank = Pick(0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6);
        return Math.Clamp(rank, low, high);
    }

    /// <summary>A size: small, often 1, rarely 0.</summary>
    public int Size() => Chance(0.02) ? 0 : Chance(0.2) ? 1 : Int(2, 7);

    /// <summary>Sizes.</summary>
    public int[] Dims(int rank)
    {
        int[] dims = [.. Enumerable.Range(0, rank).Select(_ => Size())];
        // Many axes with few elements are as good.
        for (int i = 0; i < rank && dims.Aggregate(1L, (count, d) => count * Math.Max(1, d)) > 2000; i++) dims[i] = Math.Min(dims[i], 2);
        return dims;
    }

    /// <summary>Sizes that broadcast to others: some are 1, some in front are left out.</summary>
    public int[] Broadcast(int[] dims)
    {
        if (Chance(0.3)) return dims;
        int[] own = Array.ConvertAll(dims, d => Chance(0.3) ? 1 : d);
        return own[Int(0, Chance(0.5) ? own.Length : 0)..];
    }

    /// <summary>Axes in a random order.</summary>
    public int[] Shuffle(int rank)
    {
        int[] order = [.. Enumerable.Range(0, rank)];
        _random.Shuffle(order);
        return order;
    }

    /// <summary>Some axes of a rank, as ONNX takes them: some counted from the back.</summary>
    public long[] Axes(int rank, int least = 0, bool negative = true)
    {
        int count = Int(Math.Min(least, rank), rank);
        return [.. Shuffle(rank).Take(count).Select(a => Axis(a, rank, negative))];
    }

    /// <summary>An axis, counted from the back half of the time.</summary>
    public long Axis(int axis, int rank, bool negative = true) => negative && Chance(0.4) ? axis - rank : axis;

    /// <summary>A tensor of random elements; integers take the whole numbers of the range that the type has.</summary>
    public Tensor Tensor(ElementType type, int[] dims, double low = -4, double high = 4)
    {
        bool isWhole = Chance(0.2), isInteger = !type.IsFloat();
        if (type is ElementType.Bool) (low, high) = (0, 1);
        if (type is ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64) low = Math.Max(0, low);
        var elements = new double[dims.Aggregate(1, (count, d) => count * d)];
        for (int i = 0; i < elements.Length; i++)
        {
            double value = low + (_random.NextDouble() * (high - low));
            elements[i] = isInteger ? Math.Round(value) : isWhole ? Math.Round(value * 2) / 2 : value;
        }

        return Casting.To(Compiler.Graphs.Tensor.Of<double>(dims, elements), type);
    }

    /// <summary>A tensor of floats between two numbers, none of them rounded to halves.</summary>
    public Tensor Reals(ElementType type, int[] dims, double low, double high)
    {
        var elements = new double[dims.Aggregate(1, (count, d) => count * d)];
        for (int i = 0; i < elements.Length; i++) elements[i] = low + (_random.NextDouble() * (high - low));
        return Casting.To(Compiler.Graphs.Tensor.Of<double>(dims, elements), type);
    }

    /// <summary>A tensor of all a type can hold: not-a-number, infinities, the ends of integers.</summary>
    public Tensor Wild(ElementType type, int[] dims)
    {
        Tensor tensor = Tensor(type, dims);
        if (type.IsFloat())
        {
            Tensor wide = Casting.To(tensor, ElementType.Float64);
            foreach (ref double element in wide.Span<double>())
                if (Chance(0.2)) element = Pick<double>(Special);
            return Casting.To(wide, type);
        }

        if (type != ElementType.Bool) _random.NextBytes(tensor.Bytes.Span);
        return tensor;
    }

    /// <summary>A vector of int64, or of int32 where the schema lets it be.</summary>
    public static Tensor Ints(params ReadOnlySpan<long> values) => Compiler.Graphs.Tensor.Vector(values);
}
