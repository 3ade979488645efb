using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Values that are as many as the caller's samples and depend on none of them.</content>
internal sealed partial class Lowering
{
    /// <summary>
    /// Zeros, as many as an open dimension says: elements of an input that has it, one for each sample, as integers times 0, so that not
    /// even
    /// NaN comes through.
    /// </summary>
    /// <param name="rank">The number of axes; all but one of size 1.</param>
    /// <returns>The zeros, or null where no input has that dimension.</returns>
    public TfliteTensor? OpenZeros(Node node, Dim size, TensorType type, int rank, int axis)
    {
        Value? input = _graph.Inputs.Find(i => i.Shape is { } shape && shape.Contains(size) && shape.All(d => d != 0));
        if (size.IsKnown || size.Symbol is null || input is null) return null;
        var steps = new LoweringSteps(this, node);
        TfliteTensor x = Demand(input, OrderOf(input), quantized: false);
        int[] ones = [.. Enumerable.Repeat(1, x.Rank)], sizes = [.. ones];
        sizes[x.OpenAxis] = -1;
        TfliteTensor first = Temporary(node, x.Type, ones, x.OpenAxis);
        TfliteTensor begin = Constant("begin", Tensor.Vector<int>(new int[x.Rank])), counts = Constant("size", Tensor.Vector<int>(sizes));
        Emit(BuiltinOperator.Slice, [x, begin, counts], [first], new EmptyOptions(BuiltinOptionsType.Slice));
        TfliteTensor integers = steps.Cast(first, TensorType.Int32);
        TfliteTensor zeros = steps.Cast(steps.Multiply(integers, steps.Scalar(0, integers)), type);
        return steps.Reshape(zeros, [.. Enumerable.Repeat(1, rank)], axis);
    }
}
