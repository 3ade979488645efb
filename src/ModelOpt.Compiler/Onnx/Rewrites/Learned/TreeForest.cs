using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Logic;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>What a branch of a tree asks of a feature x and a number v.</summary>
internal enum TreeQuestion
{
    /// <summary>x ≤ v.</summary>
    LessOrEqual,

    /// <summary>x &lt; v.</summary>
    Less,

    /// <summary>x ≥ v.</summary>
    GreaterOrEqual,

    /// <summary>x &gt; v.</summary>
    Greater,

    /// <summary>x = v.</summary>
    Equal,

    /// <summary>x ≠ v.</summary>
    NotEqual,
}

/// <summary>
/// Trees whose branches all ask x ≤ v, or all x &lt; v: every other question is made of these. A branch or leaf is named by its number, a
/// leaf's counted from −1 down.
/// </summary>
internal sealed class TreeForest
{
    private readonly List<Branch> _branches = [];
    private readonly List<int> _roots = [];
    private readonly List<(int Target, float Weight)[]> _leaves = [];

    private sealed record Branch(int Feature, bool IsStrict, float Number, bool MissingHolds, int Holds, int Fails, int Depth);

    /// <summary>The numbers of the trees' first branches or leaves.</summary>
    public IReadOnlyList<int> Roots => _roots;

    /// <summary>What each leaf adds to which targets.</summary>
    public IReadOnlyList<(int Target, float Weight)[]> Leaves => _leaves;

    /// <summary>Whether branches ask x &lt; v.</summary>
    public bool IsStrict => _branches.Count > 0 && _branches.TrueForAll(b => b.IsStrict);

    /// <summary>Whether a number that is none goes where the question holds, in some branch.</summary>
    public bool HasMissing => _branches.Exists(b => b.MissingHolds);

    /// <summary>The most branches from a root to a leaf.</summary>
    public int Depth => _roots.Max(DepthOf);

    /// <summary>The highest feature that a branch asks for.</summary>
    public int LastFeature => _branches.Select(b => b.Feature).DefaultIfEmpty(0).Max();

    /// <summary>Adds a tree.</summary>
    public void AddTree(int root) => _roots.Add(root);

    /// <summary>Adds a leaf.</summary>
    public int AddLeaf((int Target, float Weight)[] weights)
    {
        _leaves.Add(weights);
        return -_leaves.Count;
    }

    /// <summary>Adds a branch.</summary>
    /// <param name="missingHolds">Whether a number that is none goes where the question holds, as it does for ≠ anyway.</param>
    /// <param name="holds">The branch or leaf where the question holds.</param>
    /// <param name="fails">The branch or leaf where it does not.</param>
    public int AddBranch(int feature, TreeQuestion question, float number, bool missingHolds, int holds, int fails) => question switch
    {
        TreeQuestion.LessOrEqual => Add(feature, false, number, missingHolds, holds, fails),
        TreeQuestion.Less => Add(feature, true, number, missingHolds, holds, fails),
        TreeQuestion.GreaterOrEqual => Add(feature, true, number, !missingHolds, fails, holds),
        TreeQuestion.Greater => Add(feature, false, number, !missingHolds, fails, holds),
        TreeQuestion.Equal => AddEqual(feature, number, missingHolds, holds, fails),
        _ => AddEqual(feature, number, false, fails, holds),
    };

    /// <summary>A table by which a walk looks things up: first of all leaves, which it does not leave any more, then of branches.</summary>
    public int[] Features() => [.. _leaves.Select(_ => 0), .. _branches.Select(b => b.Feature)];

    /// <summary>The numbers that branches compare with.</summary>
    public float[] Numbers()
    {
        bool isMixed = !IsStrict;
        return [.. _leaves.Select(_ => 0f), .. _branches.Select(b => !isMixed || !b.IsStrict ? b.Number : Below(b.Number))];
    }

    /// <summary>The places in the tables where a walk goes on where a question holds.</summary>
    public int[] Holds() => [.. _leaves.Select((_, i) => i), .. _branches.Select(b => PlaceOf(b.Holds))];

    /// <summary>The places in the tables where a walk goes on where a question does not hold.</summary>
    public int[] Fails() => [.. _leaves.Select((_, i) => i), .. _branches.Select(b => PlaceOf(b.Fails))];

    /// <summary>Whether a number that is none goes where a question holds.</summary>
    public bool[] Missing() => [.. _leaves.Select(_ => false), .. _branches.Select(b => b.MissingHolds)];

    /// <summary>The place in the tables of a branch or leaf.</summary>
    public int PlaceOf(int number) => number < 0 ? -1 - number : _leaves.Count + number;

    private int DepthOf(int number) => number < 0 ? 0 : _branches[number].Depth;

    private int Add(int feature, bool isStrict, float number, bool missingHolds, int holds, int fails)
    {
        int depth = 1 + Math.Max(DepthOf(holds), DepthOf(fails));
        _branches.Add(new Branch(feature, isStrict, number, missingHolds, holds, fails, depth));
        return _branches.Count - 1;
    }

    /// <summary>x ≤ v, and then not x ≤ the number below v.</summary>
    private int AddEqual(int feature, float number, bool missingHolds, int holds, int fails)
    {
        int within = float.IsNegativeInfinity(number) ? holds
            : Add(feature, false, MathF.BitDecrement(number), false, fails, holds);
        return Add(feature, false, number, missingHolds, within, fails);
    }

    // Nothing is less than the least number, and no comparison holds of what is none.
    private static float Below(float number) => float.IsNegativeInfinity(number) ? float.NaN : MathF.BitDecrement(number);
}
