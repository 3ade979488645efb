namespace ModelOpt.Compiler.Graphs;

/// <summary>Whose values clusters are shared by.</summary>
internal enum ClusterScope
{
    /// <summary>All weights of a layer; if they have one scale per output channel, they share the integers.</summary>
    Tensor,

    /// <summary>The weights of one output channel.</summary>
    Channel,
}
