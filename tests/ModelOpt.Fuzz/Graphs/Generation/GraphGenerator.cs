using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <summary>
/// Makes random models as exporters write them: layers and patterns of layers, put on values that are there already until there are
/// enough nodes.
/// </summary>
internal sealed partial class GraphGenerator
{
    private const int MostElements = 4096;

    private readonly Random random;
    private readonly ModelWriter model;
    private readonly List<Edge> pool = [];
    private readonly List<LayerRule> rules = [];
    private readonly int batch;
    private readonly bool isWide;
    private readonly bool shrinks;

    private GraphGenerator(Random random, bool shrinks)
    {
        (this.random, this.shrinks) = (random, shrinks);
        bool isOpen = Chance(0.5);
        model = new ModelWriter(Pick(13, 14, 15, 16, 17, 17, 18, 19, 20, 21), isOpen);
        batch = isOpen || Chance(0.8) ? 1 : random.Next(2, 4);
        isWide = shrinks || Chance(0.2);
    }

    /// <summary>Makes a model.</summary>
    /// <param name="random">Where all choices come from.</param>
    /// <param name="shrinks">Whether it has dead channels and weights of low rank, which rules remove without loss.</param>
    /// <returns>The model, and the rules that remove what has no effect.</returns>
    public static (ModelProto Model, IReadOnlyList<LayerRule> Rules) Make(Random random, bool shrinks)
    {
        GraphGenerator generator = new(random, shrinks);
        generator.Fill();
        return (generator.model.Model, generator.rules);
    }

    private void Fill()
    {
        int inputs = Chance(0.25) ? random.Next(2, 4) : 1;
        for (int i = 0; i < inputs; i++) pool.Add(Input());
        Edge[] given = [.. pool];
        int nodes = random.Next(3, 31);
        if (Chance(0.05)) Embedding();
        for (int tries = 0; model.Nodes < nodes && tries < 200; tries++)
        {
            // Mostly what was made last, so that graphs become deep; sometimes anything, so that they branch.
            Edge x = Chance(0.65) ? pool[^1] : pool[random.Next(pool.Count)];
            Production[] fitting = [.. Productions.Where(p => model.Opset >= p.Opset && p.Fits(x))];
            int pick = random.Next(fitting.Sum(p => p.Weight));
            Production chosen = fitting.First(p => (pick -= p.Weight) < 0);
            if (chosen.Make(this, x) is { } y && y.Count <= MostElements) pool.Add(y);
        }

        AddOutputs(given);
    }

    private Edge Input()
    {
        double size = Math.Pow(2, random.Next(-2, 4));
        double low = Chance(0.3) ? 0 : -size;
        return model.Input(ElementType.Float32, random.Next(10) switch
        {
            < 6 => [batch, Pick(1, 3, 4, 8), random.Next(5, 12), random.Next(5, 12)],
            < 8 => [batch, random.Next(3, 10), Pick(4, 6, 8, 16)],
            _ => [batch, Pick(5, 8, 12, 24)],
        }, low, size);
    }

    /// <summary>What nobody reads becomes an output, most of it; some of what is read, too.</summary>
    private void AddOutputs(Edge[] given)
    {
        HashSet<string> read = [.. model.Model.Graph.Node.SelectMany(n => n.Input)];
        List<Edge> outputs = [.. pool.Except(given).Where(e => !read.Contains(e.Name) ? Chance(0.85) : Chance(0.06))];
        if (outputs.Count == 0) outputs.Add(pool[^1]);
        if (given.Contains(outputs[0]) || Chance(0.02)) outputs.Add(model.Add("Identity", [given[0]], given[0].Dims));
        outputs.RemoveAll(given.Contains);
        foreach (Edge output in outputs.Distinct().OrderBy(_ => random.Next())) model.Output(output);
        if (Chance(0.03) && given[0].Rank > 0) model.Output(given[0]);
        if (Chance(0.03)) model.Output(model.Constant(RandomTensor([3, 2])));
        if (Chance(0.08) && Initializers(model).FirstOrDefault() is { } declared) model.DeclareInput(declared);
    }

    private static IEnumerable<Edge> Initializers(ModelWriter model) => model.Model.Graph.Initializer
        .Where(i => i.DataType == (int)ElementType.Float32 && i.Dims.Count > 1)
        .Select(i => new Edge(i.Name, [.. i.Dims.Select(d => (int)d)]));

    private bool Chance(double share) => random.NextDouble() < share;

    private T Pick<T>(params T[] choices) => choices[random.Next(choices.Length)];

    /// <summary>Normal numbers of a standard deviation.</summary>
    private Tensor RandomTensor(int[] dims, double deviation = 1, double mean = 0)
    {
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float x in tensor.Span<float>())
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            x = (float)(mean + (deviation * normal));
        }

        return tensor;
    }

    private Edge Weight(int[] dims, int fanIn)
    {
        Tensor tensor = RandomTensor(dims, Math.Sqrt(2.0 / fanIn));
        if (Chance(0.3)) SpreadChannels(tensor);
        return model.Constant(tensor);
    }

    /// <summary>Gives each slice along the first axis a size of its own, as training does.</summary>
    private void SpreadChannels(Tensor tensor)
    {
        int row = tensor.Count / tensor.Dims[0];
        for (int c = 0; c < tensor.Dims[0]; c++)
        {
            float factor = (float)Math.Pow(2, (random.NextDouble() * 3) - 2);
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
        if (model.IsOpen || Chance(0.2)) written[0] = Chance(0.5) || dims[0] != x.Dims[0] ? -1 : 0;
        else if (dims.Length > 1 && Chance(0.3)) written[random.Next(dims.Length)] = -1;
        return model.Add("Reshape", [x, model.Numbers(written)], dims);
    }

    /// <summary>A way to go on from a value.</summary>
    /// <param name="Weight">How often it is taken, beside the others.</param>
    /// <param name="Fits">Whether it can be taken.</param>
    /// <param name="Make">Takes it; gives the new value, or null where it did not go.</param>
    /// <param name="Opset">The first opset that has it.</param>
    private sealed record Production(int Weight, Func<Edge, bool> Fits, Func<GraphGenerator, Edge, Edge?> Make, int Opset = 13);
}
