using System.Collections;

namespace ModelOpt.Compiler.Graphs;

/// <summary>The dimensions of a value, outermost first; any may be symbolic.</summary>
internal sealed class Shape : IReadOnlyList<Dim>, IEquatable<Shape>
{
    private readonly Dim[] _dims;

    /// <summary>Creates a shape.</summary>
    public Shape(params Dim[] dims) => _dims = dims;

    /// <summary>Creates a shape.</summary>
    public Shape(IEnumerable<Dim> dims) => _dims = [.. dims];

    /// <summary>Creates a shape of known sizes.</summary>
    public Shape(ReadOnlySpan<int> dims)
    {
        _dims = new Dim[dims.Length];
        for (int i = 0; i < dims.Length; i++) _dims[i] = dims[i];
    }

    /// <summary>The number of dimensions.</summary>
    public int Rank => _dims.Length;

    public int Count => _dims.Length;

    /// <summary>Whether every size is known.</summary>
    public bool IsKnown => Array.TrueForAll(_dims, d => d.IsKnown);

    /// <summary>Whether there is a batch (the first dimension) and its size is not known; false for a scalar.</summary>
    public bool IsBatchOpen => _dims.Length > 0 && !_dims[0].IsKnown;

    public Dim this[int index] => _dims[index];

    /// <summary>The sizes, where all are known.</summary>
    /// <returns>The sizes, or null where one is not known or does not fit 32 bits.</returns>
    public int[]? ToSizes() =>
        Array.TrueForAll(_dims, d => d.Size is >= 0 and <= int.MaxValue) ? Array.ConvertAll(_dims, d => (int)d.Size) : null;

    /// <summary>The shape where open sizes are those of an example; names that it lacks stay.</summary>
    public Shape At(IReadOnlyDictionary<string, long> sizes) =>
        new(_dims.Select(d => d.At(name => sizes.TryGetValue(name, out long size) ? (Dim)size : null)));

    public bool Equals(Shape? other) => other is not null && _dims.AsSpan().SequenceEqual(other._dims);

    public override bool Equals(object? obj) => Equals(obj as Shape);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (Dim dim in _dims) hash.Add(dim);
        return hash.ToHashCode();
    }

    public IEnumerator<Dim> GetEnumerator() => ((IEnumerable<Dim>)_dims).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _dims.GetEnumerator();

    public override string ToString() => $"[{string.Join(", ", _dims)}]";
}
