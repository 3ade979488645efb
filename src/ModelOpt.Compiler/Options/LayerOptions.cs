using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Options;

/// <summary>How a model's numbers are stored.</summary>
internal enum QuantizationMode
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

/// <summary>Options of one layer. Null means: as the whole model. Every property is a key of recipes and of their layer rules.</summary>
internal record LayerOptions
{
    /// <summary>How numbers are stored.</summary>
    public QuantizationMode? Quantization { get; init; }

    /// <summary>The share of the weights that become zero, from 0 to below 1.</summary>
    public double? Sparsity { get; init; }

    /// <summary>Where zeros may lie.</summary>
    public SparsityPattern? SparsityPattern { get; init; }

    /// <summary>Largest number of distinct weight values, zero included.</summary>
    public int? Clusters { get; init; }

    /// <summary>Whether a layer or each output channel has its own clusters.</summary>
    public ClusterScope? ClusterScope { get; init; }

    /// <summary>
    /// For the model: the share of the <see cref="ModelOptions.ChannelPruningTarget"/> to remove, as whole channels. For a layer: the
    /// share of its output channels; 0 keeps them all.
    /// </summary>
    public double? ChannelPruning { get; init; }

    /// <summary>
    /// For the model: the share of the multiply-accumulates of convolutions and dense layers that factorization removes. For a layer: the
    /// share of its own; 0 keeps it whole.
    /// </summary>
    public double? Decomposition { get; init; }

    /// <summary>These options, with others in place of nulls.</summary>
    /// <param name="fallback">The values for null properties.</param>
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
