using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>Reads trees of TreeEnsembleRegressor and TreeEnsembleClassifier, whose nodes have the number of a tree and one in it.</summary>
/// <param name="weights">How attributes of weights begin: "target" or "class".</param>
/// <param name="targets">How many targets or classes there are.</param>
internal sealed class TreeReader(Rewriting at, string weights, int targets)
{
    private const int MaxDepth = 512;

    private readonly long[] _trees = Longs(at, "nodes_treeids"), _ids = Longs(at, "nodes_nodeids");
    private readonly long[] _features = Longs(at, "nodes_featureids");
    private readonly long[] _holds = Longs(at, "nodes_truenodeids"), _fails = Longs(at, "nodes_falsenodeids");
    private readonly long[] _missing = Longs(at, "nodes_missing_value_tracks_true");
    private readonly float[] _numbers = Numbers(at, "nodes_values");
    private readonly Dictionary<(long Tree, long Id), int> _places = [];
    private readonly Dictionary<(long Tree, long Id), List<(int Target, float Weight)>> _weights = [];
    private readonly Dictionary<int, int> _built = [];
    private readonly TreeForest _forest = new();

    /// <summary>The numbers of an attribute that may also be a tensor.</summary>
    public static float[] Numbers(Rewriting at, string name) =>
        at.Node.Attributes.TryGetValue($"{name}_as_tensor", out object? given) && given is Tensor tensor
            ? Elements.ToFloats(tensor) : at.Node.Floats(name) ?? [];

    /// <summary>Reads the trees.</summary>
    /// <exception cref="Diagnostics.CompilationException">The attributes are no trees.</exception>
    public TreeForest Read()
    {
        string[] modes = at.Node.Attributes.TryGetValue("nodes_modes", out object? given) && given is string[] names ? names : [];
        int count = _trees.Length;
        if (count == 0 || new[] { _ids, _features, _holds, _fails }.Any(l => l.Length != count) || _numbers.Length != count
            || modes.Length != count || (_missing.Length > 0 && _missing.Length != count))
            throw at.Refusal("its lists of nodes have different lengths");
        HashSet<(long, long)> children = [];
        for (int i = 0; i < count; i++)
        {
            if (!_places.TryAdd((_trees[i], _ids[i]), i)) throw at.Invalid("nodes_nodeids", $"names node {_ids[i]} of a tree twice");
            if (modes[i] == "LEAF") continue;
            children.Add((_trees[i], _holds[i]));
            children.Add((_trees[i], _fails[i]));
        }

        foreach ((long tree, long id) in children)
            if (!_places.ContainsKey((tree, id))) throw at.Refusal($"tree {tree} does not have node {id}, where another goes on to");
        ReadWeights();
        int[] roots = [.. Enumerable.Range(0, count).Where(i => !children.Contains((_trees[i], _ids[i])))];
        if (roots.Length != _trees.Distinct().Count()) throw at.Refusal("a tree has not one root");
        foreach (int root in roots) _forest.AddTree(Build(root, modes, 0));
        return _forest;
    }

    private void ReadWeights()
    {
        long[] trees = Longs(at, $"{weights}_treeids"), ids = Longs(at, $"{weights}_nodeids"), of = Longs(at, $"{weights}_ids");
        float[] given = Numbers(at, $"{weights}_weights");
        if (ids.Length != trees.Length || of.Length != trees.Length || given.Length != trees.Length)
            throw at.Refusal("its lists of weights have different lengths");
        for (int i = 0; i < trees.Length; i++)
        {
            if (of[i] < 0 || of[i] >= targets) throw at.Invalid($"{weights}_ids", $"names {of[i]} of {targets}");
            if (!_weights.TryGetValue((trees[i], ids[i]), out List<(int, float)>? list)) _weights[(trees[i], ids[i])] = list = [];
            list.Add(((int)of[i], given[i]));
        }
    }

    private int Build(int place, string[] modes, int depth)
    {
        if (_built.TryGetValue(place, out int known)) return known;
        if (depth > MaxDepth) throw at.Refusal($"a tree is deeper than {MaxDepth}, or goes round in a circle");
        int built;
        if (modes[place] == "LEAF") built = _forest.AddLeaf([.. _weights.GetValueOrDefault((_trees[place], _ids[place]), [])]);
        else
        {
            TreeQuestion question = modes[place] switch
            {
                "BRANCH_LEQ" => TreeQuestion.LessOrEqual, "BRANCH_LT" => TreeQuestion.Less, "BRANCH_GTE" => TreeQuestion.GreaterOrEqual,
                "BRANCH_GT" => TreeQuestion.Greater, "BRANCH_EQ" => TreeQuestion.Equal, "BRANCH_NEQ" => TreeQuestion.NotEqual,
                var other => throw at.Invalid("nodes_modes", $"has '{other}'"),
            };
            if (_features[place] is < 0 or > int.MaxValue) throw at.Invalid("nodes_featureids", $"names feature {_features[place]}");
            int holds = Build(_places[(_trees[place], _holds[place])], modes, depth + 1);
            int fails = Build(_places[(_trees[place], _fails[place])], modes, depth + 1);
            bool missing = _missing.Length > 0 && _missing[place] != 0;
            built = _forest.AddBranch((int)_features[place], question, _numbers[place], missing, holds, fails);
        }

        return _built[place] = built;
    }

    private static long[] Longs(Rewriting at, string name) => at.Node.Ints(name) ?? [];
}
