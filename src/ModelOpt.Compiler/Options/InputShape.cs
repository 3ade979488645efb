namespace ModelOpt.Compiler.Options;

/// <summary>The sizes that an input is to have.</summary>
/// <param name="Input">The input's name; null for the only input.</param>
/// <param name="Sizes">A size for each axis; −1 leaves it as the file has it.</param>
internal sealed record InputShape(string? Input, IReadOnlyList<int> Sizes)
{
    public bool Equals(InputShape? other) => other is not null && Input == other.Input && Sizes.SequenceEqual(other.Sizes);

    public override int GetHashCode() => HashCode.Combine(Input, Sizes.Count);

    public override string ToString() => (Input is null ? "" : $"{Input}:") + string.Join(',', Sizes);
}
