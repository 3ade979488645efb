using ModelOpt.Compiler.Options;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <summary>
/// Makes random models as exporters write them: layers and patterns of layers, put on values that are there already until there are
/// enough nodes.
/// </summary>
internal sealed partial class GraphGenerator
{
    private const int MostElements = 4096;

    private readonly Random _random;
    private readonly ModelWriter _model;
    private readonly List<Edge> _pool = [];
    private readonly List<LayerRule> _rules = [];
    private readonly int _batch;
    private readonly bool _isWide;
    private readonly bool _shrinks;

    private GraphGenerator(Random random, bool shrinks)
    {
        (_random, _shrinks) = (random, shrinks);
        bool isOpen = Chance(0.5);
        _model = new ModelWriter(Pick(13, 14, 15, 16, 17, 17, 18, 19, 20, 21), isOpen);
        _batch = isOpen || Chance(0.8) ? 1 : random.Next(2, 4);
        _isWide = shrinks || Chance(0.2);
    }

    /// <summary>Makes a model.</summary>
    /// <param name="shrinks">Whether it has dead channels and weights of low rank, which rules remove without loss.</param>
    /// <returns>The model, and the rules that remove what has no effect.</returns>
    public static (ModelProto Model, IReadOnlyList<LayerRule> Rules) Make(Random random, bool shrinks)
    {
        GraphGenerator generator = new(random, shrinks);
        generator.Fill();
        return (generator._model.Model, generator._rules);
    }

    private void Fill()
    {
        int inputs = Chance(0.25) ? _random.Next(2, 4) : 1;
        for (int i = 0; i < inputs; i++) _pool.Add(Input());
        Edge[] given = [.. _pool];
        int nodes = _random.Next(3, 31);
        if (Chance(0.05)) Embedding();
        for (int tries = 0; _model.Nodes < nodes && tries < 200; tries++)
        {
            // Mostly what was made last, so that graphs become deep; sometimes anything, so that they branch.
            Edge x = Chance(0.65) ? _pool[^1] : _pool[_random.Next(_pool.Count)];
            Production[] fitting = [.. Productions.Where(p => _model.Opset >= p.Opset && p.Fits(x))];
            int pick = _random.Next(fitting.Sum(p => p.Weight));
            Production chosen = fitting.First(p => (pick -= p.Weight) < 0);
            if (chosen.Make(this, x) is { } y && y.Count <= MostElements) _pool.Add(y);
        }

        AddOutputs(given);
    }

    private Edge Input()
    {
        double size = Math.Pow(2, _random.Next(-2, 4));
        double low = Chance(0.3) ? 0 : -size;
        return _model.Input(ElementType.Float32, _random.Next(10) switch
        {
            < 6 => [_batch, Pick(1, 3, 4, 8), _random.Next(5, 12), _random.Next(5, 12)],
            < 8 => [_batch, _random.Next(3, 10), Pick(4, 6, 8, 16)],
            _ => [_batch, Pick(5, 8, 12, 24)],
        }, low, size);
    }

    /// <summary>What nobody reads becomes an output, most of it; some of what is read, too.</summary>
    private void AddOutputs(Edge[] given)
    {
        HashSet<string> read = [.. _model.Model.Graph.Node.SelectMany(n => n.Input)];
        List<Edge> outputs = [.. _pool.Except(given).Where(e => !read.Contains(e.Name) ? Chance(0.85) : Chance(0.06))];
        if (outputs.Count == 0) outputs.Add(_pool[^1]);
        if (given.Contains(outputs[0]) || Chance(0.02)) outputs.Add(_model.Add("Identity", [given[0]], given[0].Dims));
        outputs.RemoveAll(given.Contains);
        foreach (Edge output in outputs.Distinct().OrderBy(_ => _random.Next())) _model.Output(output);
        if (Chance(0.03) && given[0].Rank > 0) _model.Output(given[0]);
        if (Chance(0.03)) _model.Output(_model.Constant(RandomTensor([3, 2])));
        if (Chance(0.08) && Initializers(_model).FirstOrDefault() is { } declared) _model.DeclareInput(declared);
    }

    private static IEnumerable<Edge> Initializers(ModelWriter model) => model.Model.Graph.Initializer
        .Where(i => i.DataType == (int)ElementType.Float32 && i.Dims.Count > 1)
        .Select(i => new Edge(i.Name, [.. i.Dims.Select(d => (int)d)]));

    private bool Chance(double share) => _random.NextDouble() < share;

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];

    /// <summary>Normal numbers of a standard deviation.</summary>
    private Tensor RandomTensor(int[] dims, double deviation = 1, double mean = 0)
    {
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float x in tensor.Span<float>())
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
            x = (float)(mean + (deviation * normal));
        }

        return tensor;
    }

    private Edge Weight(int[] dims, int fanIn)
    {
        Tensor tensor = RandomTensor(dims, Math.Sqrt(2.0 / fanIn));
        if (Chance(0.3)) SpreadChannels(tensor);
        return _model.Constant(tensor);
    }

    /// <summary>Gives each slice along the first axis a size of its own, as training does.</summary>
    private void SpreadChannels(Tensor tensor)
    {
        int row = tensor.Count / tensor.Dims[0];
        for (int c = 0; c < tensor.Dims[0]; c++)
        {
            float factor = (float)Math.Pow(2, (_random.NextDouble() * 3) - 2);
            foreach (ref float x in tensor.Span<float>().Slice(c * row, row)) x *= factor;
        }
    }

    private static int[] With(int[] dims, int axis, int size)
    {
        int[] copy = [.. dims];
        copy[axis] = size;
        return copy;
    }

    /// <summary>The sizes for a Reshape: an open batch is copied.</summary>
    private Edge ReshapeTo(Edge x, params int[] dims)
    {
        int[] written = [.. dims];
        if (_model.IsOpen || Chance(0.2)) written[0] = Chance(0.5) || dims[0] != x.Dims[0] ? -1 : 0;
        else if (dims.Length > 1 && Chance(0.3)) written[_random.Next(dims.Length)] = -1;
        return _model.Add("Reshape", [x, _model.Numbers(written)], dims);
    }

    /// <summary>A way to go on from a value.</summary>
    /// <param name="Weight">How often it is taken, beside the others.</param>
    /// <param name="Make">Takes it; gives the new value, or null where it did not go.</param>
    /// <param name="Opset">The first opset that has it.</param>
    private sealed record Production(int Weight, Func<Edge, bool> Fits, Func<GraphGenerator, Edge, Edge?> Make, int Opset = 13);
}
