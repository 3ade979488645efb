using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>H = f(X·Wᵀ + H·Rᵀ + B).</summary>
internal sealed class Rnn : RecurrentOperator
{
    public override string Type => "RNN";

    public override Arity Arity => new(3, 6, 2);

    protected override RecurrentCell Cell => RecurrentCell.Rnn;

    protected override BuiltinOperator Written => BuiltinOperator.RNN;

    protected override GateFunction[] DefaultActivations => [GateFunction.Tanh];
}
