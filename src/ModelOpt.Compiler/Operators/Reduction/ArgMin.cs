using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>Where along an axis the least element is.</summary>
internal sealed class ArgMin() : ArgExtreme(BuiltinOperator.ArgMin)
{
}
