using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Tflite;

/// <summary>
/// The versions that TFLite gives its operators: which one first knew the types and options at hand. LiteRT refuses
/// versions that it does not know, and older interpreters tell by them that they cannot run a file.
/// </summary>
internal static class OperatorVersions
{
    /// <summary>The version of an operator.</summary>
    public static int Of(TfliteOperator op)
    {
        TfliteTensor input = op.Inputs.Length == 0 ? op.Outputs[0] : op.Inputs[0]!;
        bool int8 = input.Type == TensorType.Int8;
        return op.Type switch
        {
            > BuiltinOperator.FirstCustom => 1,
            BuiltinOperator.Conv2D => int8 ? 3 : 1,
            BuiltinOperator.DepthwiseConv2D => int8 ? 3 : op.Options is DepthwiseConv2DOptions
            {
                DilationWidth: 1, DilationHeight: 1,
            } ? 1 : 2,
            BuiltinOperator.FullyConnected => op.Inputs.Length < 3 || op.Inputs[2] is null ? 6
                : op.Options is FullyConnectedOptions { KeepDimensions: true } ? 5
                : int8 ? 4 : 1,
            BuiltinOperator.Dequantize => input.Quantization is { IsPerTensor: false } ? 5
                : input.Type == TensorType.Float16 ? 3
                : int8 ? 2 : 1,
            BuiltinOperator.Reshape or BuiltinOperator.HardSwish or BuiltinOperator.PRelu or BuiltinOperator.Cast
                or BuiltinOperator.ReluN1To1 or BuiltinOperator.Shape or BuiltinOperator.Div or BuiltinOperator.Exp or BuiltinOperator.Neg
                or BuiltinOperator.Elu => 1,
            BuiltinOperator.BroadcastTo => 2,
            BuiltinOperator.Range => input.Type == TensorType.Int64 ? 2 : 1,
            BuiltinOperator.Where or BuiltinOperator.Fill => 1,
            BuiltinOperator.Split => op.Inputs[1]!.Type == TensorType.Int8 ? 2 : 1,
            _ => int8 ? 2 : 1,
        };
    }
}
