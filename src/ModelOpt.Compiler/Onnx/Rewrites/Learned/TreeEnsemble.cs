using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>Trees as ai.onnx.ml 5 has them: branches and leaves in lists of their own, references by position.</summary>
internal sealed class TreeEnsemble() : LearnedRewrite("TreeEnsemble", new Arity(1, 1))
{
    private const int MaxDepth = 512;
    private const int Member = 6;

    private static readonly string[] Functions = ["AVERAGE", "SUM", "MIN", "MAX"];
    private static readonly string[] Transforms = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];

    protected override void Rewrite(Rewriting at)
    {
        int targets = (int)Math.Clamp(at.Node.Int("n_targets", 1), 0, ushort.MaxValue);
        long function = at.Node.Int("aggregate_function", 1), transform = at.Node.Int("post_transform", 0);
        if (function is < 0 or > 3) throw at.Invalid("aggregate_function", $"is {function}");
        if (transform is < 0 or > 4) throw at.Invalid("post_transform", $"is {transform}");
        if (targets == 0) throw at.Invalid("n_targets", "is not positive");
        TreeForest forest = new Reader(at, targets).Read();
        Value scores = TreeEnsembleRegressor.Combined(at, Rows(at), forest, targets, Functions[function]);
        if (at.Input(0).Type is ElementType.Float64 or ElementType.Float16)
            scores = at.Add("Cast", [scores], ("to", (long)at.Input(0).Type));
        ClassScores.Make(at, 0, scores, ClassScores.Function(at, Transforms[transform]));
        at.Remove();
    }

    private sealed class Reader
    {
        private readonly Rewriting _at;
        private readonly long[] _features, _holds, _fails, _holdsLeaf, _failsLeaf, _missing;
        private readonly float[] _numbers, _members;
        private readonly long[] _modes;
        private readonly int[] _leaves;
        private readonly Dictionary<long, int> _built = [];
        private readonly Dictionary<long, float[]> _sets = [];
        private readonly TreeForest _forest = new();

        public Reader(Rewriting at, int targets)
        {
            _at = at;
            (_features, _holds, _fails) = (Longs("nodes_featureids"), Longs("nodes_truenodeids"), Longs("nodes_falsenodeids"));
            (_holdsLeaf, _failsLeaf) = (Longs("nodes_trueleafs"), Longs("nodes_falseleafs"));
            _missing = Longs("nodes_missing_value_tracks_true");
            (_numbers, _members) = (Reals("nodes_splits"), Reals("membership_values"));
            _modes = Array.ConvertAll(Reals("nodes_modes"), mode => (long)mode);
            long[] of = Longs("leaf_targetids");
            float[] weights = Reals("leaf_weights");
            if (of.Length == 0 || of.Length != weights.Length || Array.Exists(of, t => t < 0 || t >= targets))
                throw at.Invalid("leaf_targetids", "does not fit the leaves' weights and n_targets");
            if (new[] { _holds, _fails, _holdsLeaf, _failsLeaf, _modes }.Any(l => l.Length != _features.Length)
                || _numbers.Length != _features.Length || (_missing.Length > 0 && _missing.Length != _features.Length))
                throw at.Refusal("its lists of nodes have different lengths");
            _leaves = [.. of.Select((target, i) => _forest.AddLeaf([((int)target, weights[i])]))];
            ReadSets();
        }

        public TreeForest Read()
        {
            long[] roots = Longs("tree_roots");
            if (roots.Length == 0) throw _at.Invalid("tree_roots", "is missing");
            foreach (long root in roots) _forest.AddTree(Build(root, 0));
            return _forest;
        }

        /// <summary>The numbers of each branch that asks for one of several; they end with one that is none.</summary>
        private void ReadSets()
        {
            int at = 0;
            for (int i = 0; i < _modes.Length; i++)
            {
                if (_modes[i] != Member) continue;
                int end = Array.FindIndex(_members, at, float.IsNaN);
                if (end < 0) throw _at.Invalid("membership_values", "has fewer sets than there are branches that ask for one");
                _sets[i] = _members[at..end];
                at = end + 1;
            }
        }

        private int Build(long place, int depth)
        {
            if (place < 0 || place >= _features.Length) throw _at.Refusal($"there is no node {place}");
            if (_built.TryGetValue(place, out int known)) return known;
            if (depth > MaxDepth) throw _at.Refusal($"a tree is deeper than {MaxDepth}, or goes round in a circle");
            if (_features[place] is < 0 or > int.MaxValue) throw _at.Invalid("nodes_featureids", $"names feature {_features[place]}");
            int holds = Child(_holds[place], _holdsLeaf[place], depth), fails = Child(_fails[place], _failsLeaf[place], depth);
            return _built[place] = Ask(place, holds, fails);
        }

        private int Ask(long place, int holds, int fails)
        {
            int feature = (int)_features[place];
            bool missing = _missing.Length > 0 && _missing[place] != 0;
            if (_modes[place] is >= 0 and < Member)
                return _forest.AddBranch(feature, (TreeQuestion)_modes[place], _numbers[place], missing, holds, fails);
            if (_modes[place] != Member) throw _at.Invalid("nodes_modes", $"has {_modes[place]}");
            int next = fails;
            foreach (float number in _sets[place].Reverse())
                next = _forest.AddBranch(feature, TreeQuestion.Equal, number, missing, holds, next);
            return next;
        }

        private int Child(long place, long isLeaf, int depth) => isLeaf == 0 ? Build(place, depth + 1)
            : place >= 0 && place < _leaves.Length ? _leaves[place] : throw _at.Refusal($"there is no leaf {place}");

        private long[] Longs(string name) => _at.Node.Ints(name) ?? [];

        private float[] Reals(string name) =>
            _at.Node.Attributes.TryGetValue(name, out object? given) && given is Tensor tensor ? Elements.ToFloats(tensor) : [];
    }
}
