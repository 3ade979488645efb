using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>
/// The walks of rows through the trees of a forest, all at once: as many steps as the deepest tree has, each by lookups in tables of all
/// branches. Builtin operators do it; a matrix form of it grows with the square of a tree's leaves.
/// </summary>
internal static class TreeWalk
{
    /// <summary>What the leaves that rows come to say: [N, trees, targets].</summary>
    /// <param name="x">The rows, float32.</param>
    /// <param name="absent">What a leaf says of a target that it does not name.</param>
    public static Value Weights(Rewriting at, Value x, TreeForest forest, int targets, float absent = 0)
    {
        float[] table = [.. Enumerable.Repeat(absent, checked(forest.Leaves.Count * targets))];
        bool[] isSet = new bool[table.Length];
        for (int leaf = 0; leaf < forest.Leaves.Count; leaf++)
        {
            foreach ((int target, float weight) in forest.Leaves[leaf])
            {
                int place = (leaf * targets) + target;
                table[place] = isSet[place] ? table[place] + weight : weight;
                isSet[place] = true;
            }
        }

        Value weights = at.Constant(Tensor.Of<float>([forest.Leaves.Count, targets], table));
        return at.Add("Gather", [weights, Leaves(at, x, forest)]);
    }

    /// <summary>The numbers of the leaves that rows come to, int32 [N, trees].</summary>
    private static Value Leaves(Rewriting at, Value x, TreeForest forest)
    {
        int[] roots = [.. forest.Roots.Select(forest.PlaceOf)];
        int[] features = forest.Features(), holds = forest.Holds(), fails = forest.Fails();
        float[] numbers = forest.Numbers();
        bool[] missing = forest.Missing();
        bool hasMissing = forest.HasMissing;
        string comparison = forest.IsStrict ? "Less" : "LessOrEqual";
        // The first step is the same for all rows: what it looks up is known.
        Value value = at.Add("Gather", [x, Table(Of(features))], ("axis", 1L));
        Value place = Next(value, Table(Of(numbers)), hasMissing ? Bools(Of(missing)) : null, Table(Of(holds)), Table(Of(fails)));
        if (forest.Depth <= 1) return place;
        Value allFeatures = Table(features), allNumbers = Table(numbers), allHolds = Table(holds), allFails = Table(fails);
        Value? allMissing = hasMissing ? Bools(missing) : null;
        for (int step = 1; step < forest.Depth; step++)
        {
            value = at.Add("GatherElements", [x, Look(allFeatures)], ("axis", 1L));
            place = Next(
                value, Look(allNumbers), allMissing is null ? null : Look(allMissing), Look(allHolds), Look(allFails));
        }

        return place;

        Value Look(Value table) => at.Add("Gather", [table, place]);

        Value Next(Value number, Value limit, Value? missingHolds, Value ifHolds, Value ifFails)
        {
            Value condition = at.Add(comparison, [number, limit]);
            if (missingHolds is not null)
                condition = at.Add("Or", [condition, at.Add("And", [at.Add("IsNaN", [number]), missingHolds])]);
            return at.Add("Where", [condition, ifHolds, ifFails]);
        }

        Value Table<T>(T[] elements) where T : unmanaged => at.Constant(Tensor.Vector<T>(elements));

        Value Bools(bool[] elements) => at.Constant(Casting.To(
            Tensor.Vector<int>(Array.ConvertAll(elements, e => e ? 1 : 0)), ElementType.Bool));

        T[] Of<T>(T[] table) => Array.ConvertAll(roots, root => table[root]);
    }
}
