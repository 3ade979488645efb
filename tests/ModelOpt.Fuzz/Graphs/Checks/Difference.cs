namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>How far an output is from what it should be, over all samples.</summary>
/// <param name="Largest">The largest magnitude that is expected.</param>
/// <param name="Power">The mean of the squared differences.</param>
/// <param name="Distinct">How many different numbers are expected: equal ones are rounded alike.</param>
/// <param name="Where">Where the largest difference is, and what stands there.</param>
internal sealed record Difference(double Largest, double Most, double Power, int Count, int Distinct, string Where)
{
    public double Rms => Math.Sqrt(Power);

    /// <summary>Compares an output.</summary>
    /// <param name="expected">For each sample, the values by name.</param>
    /// <param name="actual">The same of the other side.</param>
    /// <param name="check">Who is compared, for what is found.</param>
    /// <exception cref="FindingException">Types or shapes differ, or something is no number.</exception>
    public static Difference Of(
        IEnumerable<IReadOnlyDictionary<string, Tensor>> expected, IEnumerable<IReadOnlyDictionary<string, Tensor>> actual, string name,
        string check)
    {
        double largest = 0, most = 0, sum = 0;
        int count = 0, sample = 0;
        string where = "";
        HashSet<double> distinct = [];
        foreach ((IReadOnlyDictionary<string, Tensor> es, IReadOnlyDictionary<string, Tensor> actuals) in expected.Zip(actual))
        {
            Tensor e = es[name];
            if (!actuals.TryGetValue(name, out Tensor? a)) throw Wrong(check, $"output '{name}' is missing");
            if (!e.Dims.SequenceEqual(a.Dims)) throw Wrong(check, $"output '{name}' is {a}, expected {e}");
            if (!IsStored(e.Type, a.Type)) throw Wrong(check, $"output '{name}' is {a}, expected {e}");
            double[] x = Numbers(e), y = Numbers(a);
            for (int i = 0; i < x.Length; i++)
            {
                // A mask of infinities is not off by anything, and is no measure for the rest.
                if (double.IsInfinity(x[i]) && x[i] == y[i]) continue;
                double difference = Math.Abs(x[i] - y[i]);
                if (double.IsNaN(difference)) throw Wrong(check, $"output '{name}' [{i}] is {y[i]:R}, expected {x[i]:R}");
                largest = Math.Max(largest, Math.Abs(x[i]));
                sum += difference * difference;
                if (difference <= most) continue;
                most = difference;
                where = $"output '{name}' {a}, sample {sample}, element {i} is {y[i]:R}, expected {x[i]:R}";
            }

            distinct.UnionWith(x);
            count += x.Length;
            sample++;
        }

        return new Difference(largest, most, count == 0 ? 0 : sum / count, count, distinct.Count, where);
    }

    /// <summary>The elements of a tensor.</summary>
    public static double[] Numbers(Tensor tensor) => tensor.Type switch
    {
        ElementType.Float32 => Array.ConvertAll(tensor.Span<float>().ToArray(), x => (double)x),
        ElementType.Float64 => tensor.Span<double>().ToArray(),
        ElementType.Int64 => Array.ConvertAll(tensor.Span<long>().ToArray(), x => (double)x),
        ElementType.Int32 => Array.ConvertAll(tensor.Span<int>().ToArray(), x => (double)x),
        ElementType.Int16 => Array.ConvertAll(tensor.Span<short>().ToArray(), x => (double)x),
        ElementType.UInt16 => Array.ConvertAll(tensor.Span<ushort>().ToArray(), x => (double)x),
        ElementType.Int8 => Array.ConvertAll(tensor.Span<sbyte>().ToArray(), x => (double)x),
        _ => Array.ConvertAll(tensor.Bytes.ToArray(), x => (double)x),
    };

    // TFLite has no float64, and float32 in place of it.
    private static bool IsStored(ElementType onnx, ElementType other) =>
        onnx == other || (onnx == ElementType.Float64 && other == ElementType.Float32);

    private static FindingException Wrong(string check, string detail) => new(new Finding(FindingKind.Wrong, check, detail));
}
