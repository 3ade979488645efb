using System.Text;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>One way in which a model is compressed. It is saved with the model, in its metadata.</summary>
/// <param name="IsExact">Whether what shrinks the model has no effect on its results, as it removes only what is zero or redundant.</param>
internal sealed record Variant(Recipe Recipe, bool IsExact = false)
{
    private const string RecipeKey = "recipe", ExactKey = "exact";

    /// <summary>How numbers are stored.</summary>
    public QuantizationMode Mode => Recipe.Quantization ?? QuantizationMode.Int8;

    /// <summary>Whether weights become others than rounding makes them.</summary>
    public bool IsLossy => !IsExact && (Recipe.Sparsity is not null || Recipe.SparsityPattern is not null || Recipe.Clusters is not null);

    /// <summary>The variant that only sets how numbers are stored.</summary>
    public static Variant Of(QuantizationMode mode) => new(new Recipe { Quantization = mode });

    /// <summary>A random choice of the other techniques.</summary>
    /// <param name="rules">What removes dead channels and superfluous ranks; empty where the model has none.</param>
    public static Variant Random(Random random, IReadOnlyList<LayerRule> rules)
    {
        QuantizationMode mode = Enum.GetValues<QuantizationMode>()[random.Next(4)];
        if (rules.Count > 0) return new Variant(new Recipe { Quantization = mode, ChannelMultiple = 1, Layers = rules }, IsExact: true);
        double? sparsity = random.Next(2) == 0 ? Math.Round(0.2 + (0.6 * random.NextDouble()), 2) : null;
        int? clusters = sparsity is null || random.Next(2) == 0 ? random.Next(4, 33) : null;
        SparsityPattern? pattern = sparsity is null
            || random.Next(3) > 0 ? null : SparsityPattern.TryParse(random.Next(2) == 0 ? "1x4" : "2:4");
        if (pattern is { Kind: SparsityKind.NM }) sparsity = 0.5;
        return new Variant(new Recipe
        {
            Quantization = mode,
            Sparsity = sparsity,
            SparsityPattern = pattern,
            Clusters = clusters,
            ClusterScope = clusters is not null && random.Next(3) == 0 ? ClusterScope.Channel : null,
            PruningCriterion = sparsity is not null && random.Next(3) == 0 ? PruningCriterion.Magnitude : null,
        });
    }

    /// <summary>The recipe with one of its options or rules left out, in every way there is.</summary>
    public IEnumerable<Variant> Simpler()
    {
        for (int i = 0; i < Recipe.Layers.Count; i++)
            yield return this with { Recipe = Recipe with { Layers = [.. Recipe.Layers.Where((_, j) => j != i)] } };
        if (Recipe.SparsityPattern is { Kind: not SparsityKind.NM })
            yield return this with { Recipe = Recipe with { SparsityPattern = null } };
        if (Recipe.Sparsity is not null)
            yield return this with { Recipe = Recipe with { Sparsity = null, SparsityPattern = null, PruningCriterion = null } };
        if (Recipe.PruningCriterion is not null) yield return this with { Recipe = Recipe with { PruningCriterion = null } };
        if (Recipe.ClusterScope is not null) yield return this with { Recipe = Recipe with { ClusterScope = null } };
        if (Recipe.Clusters is not null) yield return this with { Recipe = Recipe with { Clusters = null, ClusterScope = null } };
        if (Recipe.Quantization != QuantizationMode.None)
            yield return this with { Recipe = Recipe with { Quantization = QuantizationMode.None } };
    }

    /// <summary>Saves the variant with a model.</summary>
    public void Save(ModelProto model)
    {
        foreach (StringStringEntryProto old in model.MetadataProps.Where(p => p.Key is RecipeKey or ExactKey).ToArray())
            model.MetadataProps.Remove(old);
        model.MetadataProps.Add(new StringStringEntryProto { Key = RecipeKey, Value = ToJson() });
        if (IsExact) model.MetadataProps.Add(new StringStringEntryProto { Key = ExactKey, Value = "yes" });
    }

    /// <summary>The variant that a model was saved with.</summary>
    public static Variant Load(ModelProto model)
    {
        string json = model.MetadataProps.FirstOrDefault(p => p.Key == RecipeKey)?.Value ?? "{}";
        return new Variant(RecipeJson.Read(Encoding.UTF8.GetBytes(json)), model.MetadataProps.Any(p => p.Key == ExactKey));
    }

    /// <summary>The recipe's file.</summary>
    public string ToJson() => RecipeJson.Write(Recipe);

    public override string ToString()
    {
        List<string> words = [$"{Mode}"];
        if (Recipe.Sparsity is { } sparsity) words.Add($"sparsity {sparsity} {Recipe.SparsityPattern}".TrimEnd());
        if (Recipe.Clusters is { } clusters) words.Add($"clusters {clusters}");
        if (Recipe.Layers.Count > 0) words.Add($"{Recipe.Layers.Count} rules");
        return string.Join(", ", words);
    }
}
