using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>H = (1 − z)∘h + z∘H, with update gate z, reset gate r and candidates h.</summary>
internal sealed class Gru : RecurrentOperator
{
    public override string Type => "GRU";

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 3, OpsetStep.Without(7, "output_sequence"), 14, 22];

    public override Arity Arity => new(3, 6, 2);

    protected override RecurrentCell Cell => RecurrentCell.Gru;

    protected override BuiltinOperator Written => BuiltinOperator.GRU;

    protected override GateFunction[] DefaultActivations => [GateFunction.Sigmoid, GateFunction.Tanh];
}
