using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Evens out the channels of activations behind HardSwish and x · Sigmoid(x), where one grid for all leaves most channels hardly any steps.
/// The layer writes <c>x / s</c>; the gate reads that times s, which a depthwise convolution gives it; and the product with it is
/// <c>y / s</c>, so the next layer's weights take s. Channels are scaled that lie above a level, down to it; the level is the one of least
/// noise in the layers that read them. Factors are powers of two, so that the float model computes the same.
/// </summary>
internal sealed class GateEqualization : Pass
{
    private const int Samples = 32, MostExponent = 8;

    // As a share of the signal: less noise than that is no reason for further nodes, nor is a gain of less than half.
    private const double LeastNoise = 2e-4, MostLeft = 0.5;

    // Of smaller numbers a gate makes nothing, or next to nothing: they need no steps.
    private const float FlatOfHardSwish = -3, FlatOfSigmoid = -4;

    public override PassPhase Phase => PassPhase.Prepare;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        if (!Int8Quantization.IsWanted(graph, context)) return PassResult.Of(0);
        ScaleLinks links = new(graph);
        if (links.Gates.Count == 0) return PassResult.Of(0);
        var most = new float[links.Units];
        Dictionary<Value, double[]> squares = [];
        Dictionary<Value, float> flat = links.Gates.GroupBy(g => g.Input)
            .ToDictionary(g => g.Key, g => g.Max(x => x.Sigmoid is null ? FlatOfHardSwish : FlatOfSigmoid));
        using (Calibrator calibrator = new(graph, context))
        {
            int count = Math.Min(Samples, calibrator.Count);
            calibrator.Run(links.Values.Where(v => v.Type == ElementType.Float32), Samples, "equalize", (value, tensor) =>
            {
                if (tensor.Rank < 2 || tensor.Dims[1] != links.Count(value)) return;
                if (!squares.TryGetValue(value, out double[]? sums)) squares[value] = sums = new double[links.Count(value)];
                Add(links, value, tensor, sums, count, most, flat.GetValueOrDefault(value, float.NegativeInfinity));
            });
        }

        int[] exponents = new int[links.Units];
        int changes = Components(links).Count(c => Choose(links, c, most, squares, exponents));
        if (changes > 0) Rewrite(graph, links, exponents);
        return PassResult.Of(changes);
    }

    /// <summary>Values with gates that have units in common, and so one level.</summary>
    private static List<Value>[] Components(ScaleLinks links)
    {
        Dictionary<int, Value> owners = [];
        Dictionary<Value, Value> parents = [];
        foreach (Value value in links.Values)
        {
            for (int c = 0; c < links.Count(value); c++)
            {
                if (owners.TryAdd(links.Unit(value, c), value)) continue;
                (Value a, Value b) = (Root(owners[links.Unit(value, c)]), Root(value));
                if (a != b) parents[b] = a;
            }
        }

        HashSet<Value> gated = [.. links.Gates.Select(g => Root(g.Input))];
        return [.. links.Values.GroupBy(Root).Where(g => gated.Contains(g.Key)).Select(g => g.ToList())];

        Value Root(Value value)
        {
            while (parents.TryGetValue(value, out Value? parent)) value = parent;
            return value;
        }
    }

    /// <summary>Chooses the level for values that have one, and so the exponents of their units.</summary>
    private static bool Choose(
        ScaleLinks links, List<Value> values, float[] most, Dictionary<Value, double[]> squares, int[] exponents)
    {
        HashSet<Value> members = [.. values];
        int[] units = [.. values.SelectMany(v => Enumerable.Range(0, links.Count(v)).Select(c => links.Unit(v, c))).Distinct()
            .Where(u => !links.IsBlocked(u) && most[u] > 0)];
        LayerNoise[] readers = [.. links.Layers.Where(l => members.Contains(l.Input(0)) && squares.ContainsKey(l.Input(0)))
            .Select(l => new LayerNoise(l, squares[l.Input(0)]))];
        if (units.Length == 0 || readers.Length == 0) return false;
        float largest = units.Max(u => most[u]);
        double before = Noise(), best = before;
        int chosen = 0;
        for (int level = 1; level <= MostExponent; level++)
        {
            Set(level);
            if (Noise() is var noise && noise < best) (best, chosen) = (noise, level);
        }

        bool pays = before > LeastNoise && best < MostLeft * before;
        Set(pays ? chosen : 0);
        return pays;

        void Set(int level)
        {
            foreach (int unit in units)
                exponents[unit] = Math.Max(0, (int)Math.Round(level + Math.Log2((double)most[unit] / largest)));
        }

        double Noise() => readers.Max(r => r.Of(Exponents(links, r.Layer.Input(0), exponents),
            Enumerable.Range(0, links.Count(r.Layer.Input(0))).Max(c => Scaled(r.Layer.Input(0), c))));

        double Scaled(Value value, int channel)
        {
            int unit = links.Unit(value, channel);
            return Math.ScaleB(most[unit], -exponents[unit]);
        }
    }

    private static int[] Exponents(ScaleLinks links, Value value, int[] exponents) =>
        [.. Enumerable.Range(0, links.Count(value)).Select(c => exponents[links.Unit(value, c)])];

    private static void Rewrite(Graph graph, ScaleLinks links, int[] exponents)
    {
        foreach (Node layer in links.Layers)
        {
            if (links.Count(layer.Output) > 0) ChannelFactors.ScaleOutputs(graph, layer, Negative(Of(layer.Output)));
            if (links.Count(layer.Input(0)) > 0) ChannelFactors.ScaleInputs(graph, layer, Of(layer.Input(0)));
        }

        foreach (Gate gate in links.Gates)
        {
            int[] own = Of(gate.Input);
            if (Array.Exists(own, e => e != 0)) ScaledGate.Write(graph, gate, [.. own.Select(e => MathF.ScaleB(1, e))]);
        }

        int[] Of(Value value) => Exponents(links, value, exponents);

        static int[] Negative(int[] exponents) => [.. exponents.Select(e => -e)];
    }

    private static void Add(
        ScaleLinks links, Value value, Tensor tensor, double[] means, int samples, float[] most, float flat)
    {
        ReadOnlySpan<float> values = tensor.Span<float>();
        int inner = values.Length / tensor.Dims[0] / means.Length;
        for (int start = 0, c = 0; start < values.Length; start += inner, c = (c + 1) % means.Length)
        {
            float largest = 0;
            double square = 0;
            foreach (float x in values.Slice(start, inner))
            {
                largest = MathF.Max(largest, MathF.Abs(MathF.Max(x, flat)));
                square += (double)x * x;
            }

            means[c] += square / inner / samples;
            ref float unit = ref most[links.Unit(value, c)];
            unit = MathF.Max(unit, largest);
        }
    }
}
