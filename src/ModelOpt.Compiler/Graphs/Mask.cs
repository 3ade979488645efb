namespace ModelOpt.Compiler.Graphs;

/// <summary>Elements of a weight that are zero.</summary>
/// <param name="Zeros">One flag per element, in the weight's order: true where it is zero.</param>
/// <param name="Pattern">The pattern that they keep to.</param>
internal sealed record Mask(IReadOnlyList<bool> Zeros, SparsityPattern Pattern)
{
    /// <summary>The share of elements that are zero.</summary>
    public double Sparsity => Zeros.Count == 0 ? 0 : (double)Zeros.Count(z => z) / Zeros.Count;
}
