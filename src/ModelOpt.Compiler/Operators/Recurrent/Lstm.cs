using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>C = f∘C + i∘c and H = o∘h(C), with input, output and forget gates i, o, f and candidates c.</summary>
internal sealed class Lstm : RecurrentOperator
{
    public override string Type => "LSTM";

    public override Arity Arity => new(3, 8, 3);

    protected override RecurrentCell Cell => RecurrentCell.Lstm;

    protected override BuiltinOperator Written => BuiltinOperator.LSTM;

    protected override GateFunction[] DefaultActivations => [GateFunction.Sigmoid, GateFunction.Tanh, GateFunction.Tanh];
}
