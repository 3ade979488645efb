namespace ModelOpt.Compiler.Graphs;

/// <summary>Whose values clusters are shared by.</summary>
public enum ClusterScope
{
    /// <summary>All weights of a layer; where they have one scale per output channel, the integers are what is shared.</summary>
    Tensor,

    /// <summary>The weights of one output channel.</summary>
    Channel,
}
