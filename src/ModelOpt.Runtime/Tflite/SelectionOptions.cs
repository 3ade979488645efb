using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>modelopt.NonMaxSuppression.</summary>
/// <param name="IsCentered">Whether boxes are (x, y, width, height) of their centers, not two corners (y, x, y, x).</param>
/// <param name="Most">How many boxes of a class are taken at most.</param>
internal sealed record NonMaxSuppressionOptions(bool IsCentered, int Most) : ScalarOptions(BuiltinOptionsType.None)
{
    public static NonMaxSuppressionOptions Read(FlatTable table) => new(table.Bool(0), table.Int32(1));

    protected override OptionField[] Fields => [IsCentered, Most];
}

/// <summary>modelopt.Unique.</summary>
/// <param name="IsSorted">Whether rows are ordered by their numbers, not by where they come first.</param>
internal sealed record UniqueOptions(bool IsSorted) : ScalarOptions(BuiltinOptionsType.None)
{
    public static UniqueOptions Read(FlatTable table) => new(table.Bool(0));

    protected override OptionField[] Fields => [IsSorted];
}
