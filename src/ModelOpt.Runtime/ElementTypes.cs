using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime;

/// <summary>CLR types of TFLite's element types.</summary>
internal static class ElementTypes
{
    public static Type ToClr(TensorType type) => type switch
    {
        TensorType.Float32 => typeof(float),
        TensorType.Float16 => typeof(Half),
        TensorType.Int32 => typeof(int),
        TensorType.UInt8 => typeof(byte),
        TensorType.Int64 => typeof(long),
        TensorType.Bool => typeof(bool),
        TensorType.Int16 => typeof(short),
        TensorType.Int8 => typeof(sbyte),
        TensorType.Float64 => typeof(double),
        TensorType.UInt64 => typeof(ulong),
        TensorType.UInt32 => typeof(uint),
        TensorType.UInt16 => typeof(ushort),
        _ => throw new InvalidModelException($"Inputs and outputs of type {type} are not supported."),
    };
}
