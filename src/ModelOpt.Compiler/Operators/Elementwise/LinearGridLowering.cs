using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>
/// Writes a QuantizeLinear or DequantizeLinear in arithmetic of floats, which has any scales, whether they are known or computed, and
/// gives the bits that ONNX defines.
/// </summary>
internal static class LinearGridLowering
{
    /// <summary>Writes clamp(round(x / scale) + zeroPoint).</summary>
    public static void Quantize(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        (int low, int high) = QuantizationMath.Range(LinearGrid.StoredType(node));
        TfliteTensor q = steps.Cast(context.Input(node, 0), TensorType.Float32);
        q = steps.Unary(BuiltinOperator.Round, steps.Binary(BuiltinOperator.Div, q, Operand(context, node, 1)));
        if (!IsZero(node)) q = steps.Add(q, Operand(context, node, 2));
        q = steps.Binary(BuiltinOperator.Maximum, q, steps.Scalar(low, q));
        q = steps.Binary(BuiltinOperator.Minimum, q, steps.Scalar(high, q));
        TfliteTensor output = context.Output(node, 0);
        steps.Cast(q, output.Type, output);
    }

    /// <summary>Writes (q − zeroPoint) · scale.</summary>
    public static void Dequantize(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = steps.Cast(context.Input(node, 0), TensorType.Float32);
        if (!IsZero(node)) x = steps.Subtract(x, Operand(context, node, 2));
        steps.Multiply(x, Operand(context, node, 1), context.Output(node, 0));
    }

    private static bool IsZero(Node node) => node.InputOrNull(2) is not { } zero
        || (zero.Constant is { } constant && !constant.Bytes.Span.ContainsAnyExcept((byte)0));

    /// <summary>The scales or zero points as floats that broadcast to the tensor.</summary>
    private static TfliteTensor Operand(Lowering context, Node node, int index)
    {
        var steps = new LoweringSteps(context, node);
        Value value = node.Input(index);
        Shape x = node.ShapeOf(0), shape = node.ShapeOf(1);
        TfliteTensor operand = value.Constant is { } constant
            ? context.Constant(value.Name, Casting.To(constant, ElementType.Float32))
            : steps.Cast(context.Input(node, index), TensorType.Float32);
        int size = LinearGrid.BlockSize(node);
        if (size == 0 && LinearGrid.IsSingle(shape)) return operand.Rank <= x.Rank ? operand : steps.Reshape(operand, []);
        int axis = LinearGrid.Axis(node, x.Rank);
        if (!shape.Equals(LinearGrid.ScaleShape(node, x)))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"scales of {shape} do not fit {x}");
        int behind = x.Rank - 1 - axis;
        if (size == 0) return behind == 0 ? operand : steps.Reshape(operand, [operand.Dims[0], .. Enumerable.Repeat(1, behind)]);
        if (size == 1) return operand;
        return steps.Gather(operand, axis, [.. Enumerable.Range(0, checked((int)x[axis].Size)).Select(i => i / size)]);
    }
}
