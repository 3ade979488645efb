using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>
/// Inputs and outputs that the file has as integers, behind a QuantizeLinear or before a DequantizeLinear: tensors with a grid, which
/// integer operators read and write as they are.
/// </content>
internal sealed partial class Lowering
{
    /// <summary>Writes a DequantizeLinear of an input that has a grid in the file.</summary>
    /// <returns>Whether it reads such an input.</returns>
    public bool TryStoredInput(Node node)
    {
        if (!_graph.Inputs.Contains(node.Input(0)) || InputGrid(node.Input(0)) is null) return false;
        TfliteTensor stored = Input(node, 0);
        Value value = node.Output;
        int[] order = AxisOrder.Identity(stored.Rank);
        if (value.Quantization is null)
            Emit(BuiltinOperator.Dequantize, [stored], [Output(node, 0)], new EmptyOptions(BuiltinOptionsType.Dequantize));
        else if (value.Quantization.Equals(stored.Quantization)) DefineAs(value, order, stored);
        else EmitQuantize(stored, Define(value, order, quantized: true));
        return true;
    }

    /// <summary>Writes a QuantizeLinear that makes an output of values that lie on its grid.</summary>
    /// <returns>Whether it makes such an output.</returns>
    public bool TryStoredOutput(Node node)
    {
        Value value = node.Output, source = node.Input(0);
        if (!_graph.IsOutput(value) || value.Consumers.Count > 0 || source.Quantization is not { } grid) return false;
        if (LinearGrid.Annotation(node, value.Type, value.Shape) is not { } wanted || !wanted.AsInt8().Equals(grid.AsInt8())) return false;
        int[] order = AxisOrder.Identity(Rank(source));
        TfliteTensor stored = Demand(source, order, quantized: true);
        if (!wanted.Equals(stored.Quantization))
        {
            TfliteTensor moved = new(value.Name, TypeOf(value.Type, value), stored.Dims, stored.OpenAxis, wanted);
            EmitQuantize(stored, moved);
            stored = moved;
        }

        DefineAs(value, order, stored);
        return true;
    }

    /// <summary>The grid of an input that nothing but DequantizeLinear of one grid of 8 bits reads; null for others.</summary>
    private Quantization? InputGrid(Value input)
    {
        if (input.Consumers.Count == 0 || _graph.IsOutput(input)) return null;
        Quantization? grid = null;
        foreach (Node reader in input.Consumers)
        {
            if (reader.Type != "DequantizeLinear" || reader.Inputs.Count(i => i == input) != 1 || reader.Input(0) != input) return null;
            Quantization? own = LinearGrid.Annotation(reader, input.Type, input.Shape);
            if (own is not { IsPerTensor: true, Type: ElementType.Int8 or ElementType.UInt8 } || !own.Equals(grid ?? own)) return null;
            grid = own;
        }

        return grid;
    }

    private TfliteTensor DefineStored(Value input, Quantization grid)
    {
        TfliteTensor tensor = new(input.Name, TypeOf(input.Type, input), Dims(input), OpenAxis(input), grid) { Example = ExampleOf(input) };
        DefineAs(input, AxisOrder.Identity(tensor.Rank), tensor);
        return tensor;
    }

    private void EmitQuantize(TfliteTensor from, TfliteTensor to) =>
        Emit(BuiltinOperator.Quantize, [from], [to], new EmptyOptions(BuiltinOptionsType.Quantize));
}
