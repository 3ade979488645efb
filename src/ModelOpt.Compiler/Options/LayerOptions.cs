using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Options;

/// <summary>How a model's numbers are stored.</summary>
public enum QuantizationMode
{
    /// <summary>int8 weights and activations (needs calibration data).</summary>
    Int8,

    /// <summary>float16 weights; computation in float32.</summary>
    Float16,

    /// <summary>int8 weights; computation in float32.</summary>
    WeightOnlyInt8,

    /// <summary>float32 throughout.</summary>
    None,
}

/// <summary>
/// What is done to one layer. Null stands for: as the model as a whole. Every property is a key of recipes, of the recipe itself
/// and of its layer rules.
/// </summary>
public record LayerOptions
{
    /// <summary>How the numbers are stored.</summary>
    public QuantizationMode? Quantization { get; init; }

    /// <summary>The share of the weights that become zero, from 0 to below 1.</summary>
    public double? Sparsity { get; init; }

    /// <summary>Where zeros may lie.</summary>
    public SparsityPattern? SparsityPattern { get; init; }

    /// <summary>At most how many distinct values the weights have, zero included.</summary>
    public int? Clusters { get; init; }

    /// <summary>Whether the clusters are a layer's or an output channel's.</summary>
    public ClusterScope? ClusterScope { get; init; }

    /// <summary>
    /// Of the model: the share of the <see cref="ModelOptions.ChannelPruningTarget"/> that is removed with whole channels. Of a
    /// layer: the share of its output channels; 0 keeps them all.
    /// </summary>
    public double? ChannelPruning { get; init; }

    /// <summary>
    /// Of the model: the share of the multiply-accumulates of convolutions and dense layers that factorization removes. Of a
    /// layer: the share of its own; 0 keeps it whole.
    /// </summary>
    public double? Decomposition { get; init; }

    /// <summary>These options, and where they say nothing, others.</summary>
    /// <param name="fallback">What holds where a property is null.</param>
    public LayerOptions Over(LayerOptions fallback) => new()
    {
        Quantization = Quantization ?? fallback.Quantization,
        Sparsity = Sparsity ?? fallback.Sparsity,
        SparsityPattern = SparsityPattern ?? fallback.SparsityPattern,
        Clusters = Clusters ?? fallback.Clusters,
        ClusterScope = ClusterScope ?? fallback.ClusterScope,
        ChannelPruning = ChannelPruning ?? fallback.ChannelPruning,
        Decomposition = Decomposition ?? fallback.Decomposition,
    };
}
