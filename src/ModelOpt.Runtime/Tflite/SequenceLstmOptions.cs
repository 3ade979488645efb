using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>UNIDIRECTIONAL_SEQUENCE_LSTM; the first three are also those of LSTM.</summary>
/// <param name="Activation">Of candidates and of the cell.</param>
/// <param name="CellClip">The bound of the cell; 0 for none.</param>
/// <param name="ProjectionClip">The bound of what is projected; 0 for none.</param>
/// <param name="TimeMajor">Whether the first axis is time, and the second the batch.</param>
internal sealed record SequenceLstmOptions(
    ActivationFunction Activation, float CellClip, float ProjectionClip, bool TimeMajor)
    : ScalarOptions(BuiltinOptionsType.UnidirectionalSequenceLstm)
{
    public static SequenceLstmOptions Read(FlatTable table) =>
        new((ActivationFunction)table.Byte(0), table.Single(1), table.Single(2), table.Bool(3));

    protected override OptionField[] Fields => [(byte)Activation, CellClip, ProjectionClip, TimeMajor];
}
