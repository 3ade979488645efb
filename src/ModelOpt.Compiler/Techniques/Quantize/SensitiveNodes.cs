using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds the nodes to leave in float where 8 bits for all activations cost the outputs too much: those that free the outputs of most noise
/// for their multiply-accumulates, at most a tenth of the model's (Wang et al., "HAQ", 2019, choose widths by measured sensitivity too).
/// </summary>
internal sealed class SensitiveNodes
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "8 bits for what it reads or writes would cost the outputs too much";

    // The squared error of an output as a share of its square: a cosine of 0.995.
    private const double MostNoise = 0.01;
    private const double MostOfMacs = 0.1;
    private const int Rounds = 5;

    // The share of the noise to be freed for a share of the work: many nodes that free little by little make a model slow.
    private const double LeastWorth = 0.7;

    // A node in float between int8 ones costs time although it multiplies nothing.
    private const double CostOfNode = 0.002;
    private const int Named = 3;

    private readonly Graph _graph;
    private readonly List<(HashSet<Node> Nodes, double[] Noise)> _groups = [];
    private readonly HashSet<Node> _chosen = [];
    private readonly double _macs;
    private double[] _noise = [];
    private double[] _limits = [];

    private SensitiveNodes(Graph graph)
    {
        _graph = graph;
        _macs = graph.Nodes.Sum(n => (double)Operator.Of(n).Macs(n));
    }

    /// <summary>Finds them.</summary>
    /// <param name="graph">The graph, not yet annotated.</param>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <param name="ranges">The range of each activation of the scheme.</param>
    /// <param name="exact">What the graph makes of samples in float; null where nothing is to be measured.</param>
    /// <returns>The nodes to leave in float.</returns>
    public static IReadOnlySet<Node> Find(
        Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges, FloatOutputs? exact, PassContext context)
    {
        if (exact is null || scheme.Nodes.Count == 0) return new HashSet<Node>();
        HashSet<Node> quantized = [.. scheme.Nodes];
        IReadOnlyList<Value>[] groups = [.. scheme.Groups];
        Quantization[] grids = [.. groups.Select(g => GridAnnotation.GridOf(g, quantized.Contains, ranges))];
        RoundingNoise noise = new(graph, exact, groups.Length, context);
        double[] together = noise.OfAll(groups, grids);
        if (together.All(n => n <= MostNoise)) return new HashSet<Node>();
        SensitiveNodes search = new(graph);
        Dictionary<Value, List<Node>> touching = [];
        foreach (Node node in scheme.Nodes.Where(n => !IntegerForm.IsMover(n)))
        {
            foreach (Value value in QuantizationScheme.DataOf(graph, node))
            {
                if (!touching.TryGetValue(value, out List<Node>? nodes)) touching[value] = nodes = [];
                nodes.Add(node);
            }
        }

        for (int g = 0; g < groups.Length; g++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress?.Report(new CompileProgress("sensitivity", g, groups.Length));
            HashSet<Node> nodes = [.. groups[g].SelectMany(v => touching.GetValueOrDefault(v, []))];
            search._groups.Add((nodes, noise.Of(groups[g], grids[g])));
        }

        search.Begin();
        search.Compare(together);
        for (int round = 0; round < Rounds && search.Choose(); round++)
        {
            int[] left = [.. Enumerable.Range(0, groups.Length).Where(g => !search._groups[g].Nodes.IsSubsetOf(search._chosen))];
            search.Compare(noise.OfAll([.. left.Select(g => groups[g])], [.. left.Select(g => grids[g])]));
        }

        if (search._chosen.Count > 0) search.Report(context.Diagnostics);
        return search._chosen;
    }

    private void Begin()
    {
        _noise = new double[_groups[0].Noise.Length];
        _limits = [.. _noise.Select(_ => MostNoise)];
        foreach ((_, double[] noise) in _groups) Add(noise, 1);
    }

    /// <summary>Groups may cost more together than the sum of what each costs alone, where a function is steep: limits follow.</summary>
    /// <param name="together">The noise of each output if all groups that are left are rounded.</param>
    private void Compare(double[] together)
    {
        for (int i = 0; i < together.Length; i++)
            if (together[i] > MostNoise) _limits[i] = Math.Min(_limits[i], _noise[i] * MostNoise / together[i]);
    }

    /// <summary>Chooses nodes until all outputs are good enough, or nothing more can be chosen.</summary>
    /// <returns>Whether any were chosen.</returns>
    private bool Choose()
    {
        int before = _chosen.Count;
        while (_noise.Where((n, i) => n > _limits[i]).Any())
        {
            (double Worth, HashSet<Node> Nodes) best = (0, []);
            foreach ((HashSet<Node> nodes, _) in _groups.Where(g => !g.Nodes.IsSubsetOf(_chosen)))
            {
                HashSet<Node> all = [.. _chosen, .. nodes];
                if (MacsOf(all) > MostOfMacs * _macs) continue;
                double cost = ((MacsOf(all) - MacsOf(_chosen)) / Math.Max(1, _macs)) + (CostOfNode * (all.Count - _chosen.Count));
                double worth = Freed(all, nodes).Sum(g => Gain(g.Noise)) / cost;
                if (worth > best.Worth) best = (worth, nodes);
            }

            if (best.Worth < LeastWorth * Gain(_noise)) break;
            HashSet<Node> next = [.. _chosen, .. best.Nodes];
            foreach ((_, double[] noise) in Freed(next, best.Nodes).ToArray()) Add(noise, -1);
            _chosen.UnionWith(best.Nodes);
        }

        return _chosen.Count > before;

        // Of outputs that are good enough no noise need go.
        double Gain(double[] noise) => noise.Select((n, i) => _noise[i] > _limits[i] ? n : 0).Sum();
    }

    private void Add(double[] noise, int sign)
    {
        for (int i = 0; i < noise.Length; i++) _noise[i] += sign * noise[i];
    }

    /// <summary>The groups that are not rounded any more if more nodes compute in float.</summary>
    private IEnumerable<(HashSet<Node> Nodes, double[] Noise)> Freed(HashSet<Node> all, HashSet<Node> added) =>
        _groups.Where(g => g.Nodes.Overlaps(added) && g.Nodes.IsSubsetOf(all) && !g.Nodes.IsSubsetOf(_chosen));

    private static double MacsOf(IEnumerable<Node> nodes) => nodes.Sum(n => (double)Operator.Of(n).Macs(n));

    private void Report(IDiagnosticSink diagnostics)
    {
        string[] names = [.. _graph.Nodes.Where(_chosen.Contains).Select(n => n.Label)];
        string rest = names.Length > Named ? $" and {names.Length - Named} more" : "";
        string share = (MacsOf(_chosen) / Math.Max(1, _macs)).ToString("P1", CultureInfo.InvariantCulture);
        diagnostics.Report(RecipeDiagnostics.SensitiveNodes.At(
            null, null, names.Length, share, string.Join(", ", names.Take(Named)) + rest));
    }
}
