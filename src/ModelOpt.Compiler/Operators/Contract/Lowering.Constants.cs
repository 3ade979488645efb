using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Constants: arranged and rounded at compile time, each form once.</content>
internal sealed partial class Lowering
{
    private const long MaxFilled = 1 << 24;

    private readonly Dictionary<(Value Value, string Arrangement, bool Quantized), TfliteTensor> _constants = [];
    private readonly Dictionary<string, TfliteTensor> _shared = new(StringComparer.Ordinal);

    /// <summary>A tensor with the same element everywhere.</summary>
    /// <exception cref="CompilationException">It is large: a few bytes of ONNX would become gigabytes.</exception>
    public static Tensor Filled(Node node, Tensor element, int[] dims) =>
        dims.Aggregate(1L, (count, size) => count * size) <= MaxFilled
            ? DataMovement.View(node, element, dims, new int[dims.Length], 0)
            : throw EmitDiagnostics.UnsupportedForm.Error(
                node.Label, node.Type, $"[{string.Join(", ", dims)}] is too large for a constant with the same number everywhere");

    /// <summary>A constant of the lowering's own, such as a permutation or a bias that ONNX leaves out.</summary>
    /// <param name="tensor">Its elements; if annotated, float32 to be rounded.</param>
    /// <param name="quantization">The grid to store it on, or null.</param>
    public TfliteTensor Constant(string name, Tensor tensor, Quantization? quantization = null)
    {
        bool half = quantization == StoredWeights.Float16;
        Tensor stored = half ? Casting.To(tensor, ElementType.Float16)
            : quantization is not null ? quantization.Quantize(tensor)
            : ToFloat32(tensor);
        TensorType type = half ? TensorType.Float16 : TypeOf(stored.Type, null);
        TfliteTensor constant = new(name, type, stored.Dims, -1, half ? null : quantization, stored.Bytes);
        if (type is not (TensorType.Int32 or TensorType.Int64) || quantization is not null) return constant;

        // Shapes, permutations and axes repeat often, and a name says nothing about them.
        constant.Name = "";
        string content = $"{type}[{string.Join(',', constant.Dims)}]{Convert.ToHexString(stored.Bytes.Span)}";
        if (_shared.TryGetValue(content, out TfliteTensor? known)) return known;
        _shared.Add(content, constant);
        return constant;
    }

    /// <summary>A constant input after a rearrangement of its elements, in the form in which the node runs.</summary>
    /// <param name="index">The input's position; the input is a constant.</param>
    /// <param name="arrangement">A text that tells this rearrangement from others.</param>
    /// <param name="axisAfter">Where the axis of a per-channel grid is afterwards.</param>
    public TfliteTensor ConstantInput(
        Node node, int index, string arrangement, Func<Tensor, Tensor> arrange, Func<int, int> axisAfter) =>
        Constant(node.Input(index), arrangement, [], RunsQuantized(node), arrange, axisAfter);

    /// <summary>The integers of a constant input with a grid, also where the node runs in float.</summary>
    public TfliteTensor IntegerInput(Node node, int index) =>
        Constant(node.Input(index), "", AxisOrder.Identity(Rank(node.Input(index))), true, tensor => tensor, axis => axis);

    /// <summary>
    /// A constant input after a rearrangement of its elements, in the form in which the node runs. Constants on a grid
    /// that the node does not compute with (weight-only int8, float16) come through a DEQUANTIZE.
    /// </summary>
    /// <param name="arrangement">A text that tells this rearrangement from others.</param>
    /// <param name="axisAfter">Where the axis of a per-channel grid is afterwards.</param>
    private TfliteTensor Constant(
        Value value, string arrangement, int[] order, bool quantized, Func<Tensor, Tensor> arrange, Func<int, int> axisAfter)
    {
        (Value, string, bool) key = (value, $"{arrangement}:{Storage.Key(order)}", quantized);
        if (_constants.TryGetValue(key, out TfliteTensor? tensor)) return tensor;
        if (value.Quantization is { } grid)
        {
            if (!grid.IsPerTensor) grid = grid with { Axis = axisAfter(grid.Axis) };
            // Kernels dequantize 8 bits only; a bias or weight of more has the values of its grid already.
            bool plain = !quantized && grid.Type is ElementType.Int32 or ElementType.Int16 or ElementType.UInt16;
            tensor = Constant(value.Name, arrange(ToFloat32(value.Constant!)), plain ? null : grid);
            if (!plain && (!quantized || grid.Type == ElementType.Float16)) tensor = Dequantize(tensor);
        }
        else
        {
            tensor = Constant(value.Name, arrange(value.Constant!));
        }

        _constants.Add(key, tensor);
        return tensor;
    }

    private static Tensor ToFloat32(Tensor tensor) =>
        tensor.Type.IsFloat() ? Casting.To(tensor, ElementType.Float32) : tensor;
}
