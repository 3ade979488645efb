using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Emit.Tflite;

/// <summary>
/// Writes a graph as TFLite operators. Operators describe themselves (<see cref="Operator.Lower"/>); this class keeps the
/// books for them: in which axis order and in which form (float or quantized) each value is stored.
/// </summary>
/// <remarks>
/// Layout is an <em>order</em>: stored axis <c>i</c> holds ONNX axis <c>order[i]</c>. A convolution asks for its input in
/// <see cref="Nhwc"/> and defines its output in <see cref="Nhwc"/>; an Add works in whatever order its inputs are stored;
/// a Transpose only relabels. A TRANSPOSE is written where a value is asked for in an order that it is not stored in, so
/// that a plain CNN has one, at its input.
/// </remarks>
internal sealed partial class Lowering
{
    /// <summary>Batch, height, width, channel, for values that ONNX keeps as NCHW.</summary>
    public static ReadOnlySpan<int> Nhwc => [0, 2, 3, 1];

    // The contract for operators (to be implemented by Lowering's partial files):
    //
    // TfliteTensor Input(Node node, int index, ReadOnlySpan<int> order)
    //     The input in that order, in the form in which the node runs: quantized where the node runs in integers
    //     (all its float inputs and outputs are annotated), else float (a DEQUANTIZE is written where needed).
    //     Constants are permuted at compile time; annotated constants come out as integers with their quantization
    //     (with a DEQUANTIZE behind them when the node runs in float: weight-only int8, float16).
    // TfliteTensor Input(Node node, int index)            in ONNX's own order
    // int[] OrderOf(Value value)                          the order in which the value is stored (identity for constants)
    // TfliteTensor Output(Node node, int index, ReadOnlySpan<int> order)
    //     The tensor to write the output to; where a fused activation was taken it is the activation's output. If the value
    //     is annotated and the node runs in float, a QUANTIZE is written behind the node.
    // void Alias(Value value, Value source, int[] order)  value is stored where source is: Transpose, Identity, no-op
    // ActivationFunctionType TakeActivation(Node node)    the Relu/Clip that only this node feeds, to be fused into it
    // (int[] order, int rank) for broadcasting operators: int[] BroadcastOrder(Node node), and
    // TfliteTensor BroadcastInput(Node node, int index, ReadOnlySpan<int> order): reshaped to the output's rank and permuted
    // TfliteTensor Constant(string stem, Tensor tensor, Quantization? quantization = null)
    // TfliteTensor Temporary(string stem, TensorLike...)  an intermediate result of a multi-operator lowering
    // bool RunsQuantized(Node node)
    // void Emit(BuiltinOperator op, ReadOnlySpan<TfliteTensor> inputs, ReadOnlySpan<TfliteTensor> outputs, options)
}
