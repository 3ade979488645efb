using System.Globalization;

namespace ModelOpt.Compiler.Options;

/// <summary>The value that an input is fixed to.</summary>
/// <param name="Input">The input's name.</param>
/// <param name="Elements">Its elements in order, or one for all of them.</param>
internal sealed record InputValue(string Input, IReadOnlyList<double> Elements)
{
    public bool Equals(InputValue? other) => other is not null && Input == other.Input && Elements.SequenceEqual(other.Elements);

    public override int GetHashCode() => HashCode.Combine(Input, Elements.Count);

    public override string ToString() =>
        $"{Input}:{string.Join(',', Elements.Select(e => e.ToString("R", CultureInfo.InvariantCulture)))}";
}
