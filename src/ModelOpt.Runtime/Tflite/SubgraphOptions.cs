using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>The subgraphs that IF (then, else) and WHILE (condition, body) run, by their numbers in the file.</summary>
internal sealed record SubgraphOptions(BuiltinOptionsType Type, int First, int Second) : ScalarOptions(Type)
{
    /// <summary>Reads the options; those of another operator, or none, name subgraph 0 twice.</summary>
    public static SubgraphOptions Read(FlatTable table, BuiltinOptionsType type) =>
        type is BuiltinOptionsType.If or BuiltinOptionsType.While ? new(type, table.Int32(0), table.Int32(1)) : new(type, 0, 0);

    protected override OptionField[] Fields => [First, Second];
}
