using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>Where along an axis the greatest element is.</summary>
internal sealed class ArgMax() : ArgExtreme(BuiltinOperator.ArgMax)
{
}
