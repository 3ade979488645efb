using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// An operator that looks at the whole batch in training, while each thread has a part of it: parts give sums, the sums are added in the
/// order of the parts, and each part continues with the totals. Sums are in double precision.
/// </summary>
internal interface IBatchStatistics
{
    /// <summary>The sums of a part that the outputs depend on.</summary>
    double[] Sums(ForwardContext context);

    /// <summary>Computes the part's outputs.</summary>
    /// <param name="context">The part's inputs; takes the outputs.</param>
    void Forward(ForwardContext context, double[] totals);

    /// <summary>The sums of a part that the gradients depend on.</summary>
    /// <param name="context">What the part read and computed, and the gradients of that.</param>
    double[] Sums(BackwardContext context);

    /// <summary>Computes the gradients of a part's inputs; those of parameters are the part's share.</summary>
    /// <param name="context">What the part read and computed, and the gradients of that; takes the inputs' gradients.</param>
    void Backward(BackwardContext context, double[] totals, double[] gradientTotals, double[] own);

    /// <summary>Moves the node's constant statistics towards those of a batch.</summary>
    void Follow(Node node, double[] totals);
}
