using System.Collections;

namespace ModelOpt.Compiler.Graphs;

/// <summary>The dimensions of a value, outermost first; any may be symbolic.</summary>
public sealed class Shape : IReadOnlyList<Dim>, IEquatable<Shape>
{
    private readonly Dim[] dims;

    /// <summary>Creates a shape.</summary>
    /// <param name="dims">The dimensions, outermost first.</param>
    public Shape(params Dim[] dims) => this.dims = dims;

    /// <summary>Creates a shape.</summary>
    /// <param name="dims">The dimensions, outermost first.</param>
    public Shape(IEnumerable<Dim> dims) => this.dims = [.. dims];

    /// <summary>Creates a shape of known sizes.</summary>
    /// <param name="dims">The sizes, outermost first.</param>
    public Shape(ReadOnlySpan<int> dims)
    {
        this.dims = new Dim[dims.Length];
        for (int i = 0; i < dims.Length; i++) this.dims[i] = dims[i];
    }

    /// <summary>The number of dimensions.</summary>
    public int Rank => dims.Length;

    /// <inheritdoc/>
    public int Count => dims.Length;

    /// <summary>Whether every size is known.</summary>
    public bool IsKnown => Array.TrueForAll(dims, d => d.IsKnown);

    /// <summary>Whether there is a batch (the first dimension) and its size is not known; false for a scalar.</summary>
    public bool IsBatchOpen => dims.Length > 0 && !dims[0].IsKnown;

    /// <inheritdoc/>
    public Dim this[int index] => dims[index];

    /// <summary>The sizes, where all are known.</summary>
    /// <returns>The sizes, or null where one is not known or does not fit 32 bits.</returns>
    public int[]? ToSizes() =>
        Array.TrueForAll(dims, d => d.Size is >= 0 and <= int.MaxValue) ? Array.ConvertAll(dims, d => (int)d.Size) : null;

    /// <inheritdoc/>
    public bool Equals(Shape? other) => other is not null && dims.AsSpan().SequenceEqual(other.dims);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Shape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (Dim dim in dims) hash.Add(dim);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<Dim> GetEnumerator() => ((IEnumerable<Dim>)dims).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => dims.GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", dims)}]";
}
