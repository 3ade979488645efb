namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

/// <summary>Random trees as attributes of TreeEnsembleRegressor and TreeEnsembleClassifier.</summary>
/// <param name="weights">How attributes of weights begin: "target" or "class".</param>
internal sealed class RandomTrees(int seed, string weights, int features, params string[] modes)
{
    private readonly Random _random = new(seed);
    private readonly List<long> _trees = [], _ids = [], _features = [], _holds = [], _fails = [], _missing = [];
    private readonly List<float> _numbers = [], _weights = [];
    private readonly List<string> _modes = [];
    private readonly List<long> _weightTrees = [], _weightIds = [], _targets = [];

    /// <summary>Adds trees of at most a depth, whose leaves name these targets.</summary>
    public RandomTrees Add(int trees, int depth, float low, float high, params long[] targets)
    {
        for (int tree = 0; tree < trees; tree++)
        {
            long next = 0;
            Grow(_trees.Count == 0 ? 0 : _trees[^1] + 1, ref next, depth, low, high, targets);
        }

        return this;
    }

    public (string Name, object Value)[] Attributes(params (string Name, object Value)[] more) =>
    [
        ("nodes_treeids", _trees.ToArray()), ("nodes_nodeids", _ids.ToArray()), ("nodes_featureids", _features.ToArray()),
        ("nodes_values", _numbers.ToArray()), ("nodes_modes", _modes.ToArray()), ("nodes_truenodeids", _holds.ToArray()),
        ("nodes_falsenodeids", _fails.ToArray()), ("nodes_missing_value_tracks_true", _missing.ToArray()),
        ($"{weights}_treeids", _weightTrees.ToArray()), ($"{weights}_nodeids", _weightIds.ToArray()),
        ($"{weights}_ids", _targets.ToArray()), ($"{weights}_weights", _weights.ToArray()), .. more,
    ];

    private long Grow(long tree, ref long next, int depth, float low, float high, long[] targets)
    {
        long id = next++;
        int at = _ids.Count;
        bool isLeaf = depth == 0 || (id > 0 && _random.Next(4) == 0);
        _trees.Add(tree);
        _ids.Add(id);
        _features.Add(isLeaf ? 0 : _random.Next(features));
        _numbers.Add(isLeaf ? 0 : _random.Next(-6, 7) / 4f);
        _modes.Add(isLeaf ? "LEAF" : modes[_random.Next(modes.Length)]);
        _missing.Add(isLeaf ? 0 : _random.Next(2));
        _holds.Add(0);
        _fails.Add(0);
        if (!isLeaf)
        {
            _holds[at] = Grow(tree, ref next, depth - 1, low, high, targets);
            _fails[at] = Grow(tree, ref next, depth - 1, low, high, targets);
            return id;
        }

        foreach (long target in targets)
        {
            _weightTrees.Add(tree);
            _weightIds.Add(id);
            _targets.Add(target);
            _weights.Add(low + ((high - low) * _random.NextSingle()));
        }

        return id;
    }
}
