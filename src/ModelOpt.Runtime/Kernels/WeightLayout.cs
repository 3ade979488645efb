namespace ModelOpt.Runtime.Kernels;

/// <summary>How input 1 of an operator lies in a file, where it is a weight that the operator multiplies by.</summary>
internal enum WeightLayout
{
    /// <summary>Input 1 is no weight.</summary>
    None,

    /// <summary>[outputs, height, width, inputs].</summary>
    Filters,

    /// <summary>[1, height, width, outputs], a filter for each output.</summary>
    DepthwiseFilters,

    /// <summary>[outputs, inputs].</summary>
    Rows,

    /// <summary>Matrices that options may transpose.</summary>
    Matrices,
}
