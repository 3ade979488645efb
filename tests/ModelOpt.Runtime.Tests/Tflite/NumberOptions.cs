using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Tflite;

/// <summary>Options that the product only reads: numbers, in the order of the table.</summary>
internal sealed record NumberOptions(BuiltinOptionsType Of, params OptionField[] Numbers) : ScalarOptions(Of)
{
    protected override OptionField[] Fields => Numbers;
}

/// <summary>The options of VAR_HANDLE.</summary>
internal sealed record VariableOptions(string Name) : IOperatorOptions
{
    public BuiltinOptionsType Type => BuiltinOptionsType.VarHandle;

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        FlatOffset name = builder.CreateString(Name);
        builder.StartTable(2);
        builder.Add(1, name);
        return builder.EndTable();
    }
}
