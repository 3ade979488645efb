using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Layers of int16, and QUANTIZE between widths: they are computed in float32, and rounded to the grid of their output.
/// </summary>
internal static class ForeignIntegers
{
    /// <summary>Whether an operator computes with integers of 16 bits that stand for real numbers.</summary>
    public static bool IsWide(Node node) => IsComputed(node.Operator)
        && (IsWide(node.Output) || node.Inputs.Any(t => t is not null && IsWide(t)));

    /// <summary>Whether a QUANTIZE goes between integers, not both of 8 bits.</summary>
    public static bool IsBetween(Node node) => node.Operator == BuiltinOperator.Quantize
        && node.OptionalInput(0) is { Quantization: not null } x && IsReal(x) && !(x.IsQuantized8 && node.Output.IsQuantized8);

    /// <summary>The operator on real numbers.</summary>
    public static void InReals(Expansion at)
    {
        Tensor?[] inputs = [.. at.Node.Inputs.Select((t, i) => t is null ? null : IsBias(at.Node, i) ? Bias(at, t) : IsReal(t)
            ? at.Real(t) : t)];
        at.InReals(at.Output, real => at.Again(inputs, [real, .. at.Node.Outputs.Skip(1)]));
    }

    /// <summary>QUANTIZE between integers.</summary>
    public static void Requantize(Expansion at) => at.Add(BuiltinOperator.Quantize, [at.Real(0)], at.Output);

    private static bool IsWide(Tensor tensor) => tensor is { Type: TensorType.Int16, Quantization: not null };

    private static bool IsReal(Tensor tensor) => tensor.Quantization is not null
        && tensor.Type is TensorType.Int8 or TensorType.UInt8 or TensorType.Int16 or TensorType.Int32;

    private static bool IsBias(Node node, int index) => index == Place(node.Operator);

    private static int Place(BuiltinOperator op) => op switch
    {
        BuiltinOperator.Conv2D or BuiltinOperator.DepthwiseConv2D or BuiltinOperator.FullyConnected => 2,
        BuiltinOperator.TransposeConv => 3,
        _ => -1,
    };

    /// <summary>A bias: sums of products, whose scale is that of input and weights whatever the file states.</summary>
    private static Tensor Bias(Expansion at, Tensor bias)
    {
        if (bias.Type == TensorType.Float32)
            return bias;
        bool isTransposed = at.Node.Operator == BuiltinOperator.TransposeConv;
        Tensor x = at.Input(isTransposed ? 2 : 0), weights = at.Input(1);
        at.Node.Require(
            bias.IsConstant && bias.Type is TensorType.Int32 or TensorType.Int64 && weights.Quantization is { } grid
                && (grid.Count == 1 || grid.Count == bias.Elements),
            "its bias does not fit its weights");
        float[] values = new float[bias.Elements];
        for (int i = 0; i < values.Length; i++)
        {
            double sum = bias.Type == TensorType.Int32 ? bias.Constant<int>()[i] : bias.Constant<long>()[i];
            values[i] = (float)(sum * x.Scale * weights.Quantization!.Scale(weights.Quantization.Count == 1 ? 0 : i));
        }

        return at.Constant<float>(TensorType.Float32, bias.Shape, values);
    }

    private static bool IsComputed(BuiltinOperator op) => op is BuiltinOperator.Conv2D or BuiltinOperator.DepthwiseConv2D
        or BuiltinOperator.FullyConnected or BuiltinOperator.BatchMatMul or BuiltinOperator.TransposeConv or BuiltinOperator.Add
        or BuiltinOperator.Sub or BuiltinOperator.Mul or BuiltinOperator.Div or BuiltinOperator.Maximum or BuiltinOperator.Minimum
        or BuiltinOperator.SquaredDifference or BuiltinOperator.Pow or BuiltinOperator.Logistic or BuiltinOperator.Tanh
        or BuiltinOperator.Softmax or BuiltinOperator.LogSoftmax or BuiltinOperator.LeakyRelu or BuiltinOperator.PRelu
        or BuiltinOperator.Relu or BuiltinOperator.Relu6 or BuiltinOperator.ReluN1To1 or BuiltinOperator.HardSwish or BuiltinOperator.Elu
        or BuiltinOperator.Gelu or BuiltinOperator.Abs or BuiltinOperator.Neg or BuiltinOperator.Exp or BuiltinOperator.Log
        or BuiltinOperator.Sqrt or BuiltinOperator.Rsqrt or BuiltinOperator.Sin or BuiltinOperator.Cos or BuiltinOperator.Mean
        or BuiltinOperator.Sum or BuiltinOperator.ReduceMax or BuiltinOperator.ReduceMin or BuiltinOperator.AveragePool2D
        or BuiltinOperator.MaxPool2D or BuiltinOperator.Concatenation or BuiltinOperator.ResizeBilinear
        or BuiltinOperator.ResizeNearestNeighbor or BuiltinOperator.L2Normalization or BuiltinOperator.Greater
        or BuiltinOperator.GreaterEqual or BuiltinOperator.Less or BuiltinOperator.LessEqual or BuiltinOperator.Equal
        or BuiltinOperator.NotEqual or BuiltinOperator.SelectV2 or BuiltinOperator.Select;
}
