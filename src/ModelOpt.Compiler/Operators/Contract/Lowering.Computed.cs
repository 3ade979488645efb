using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Sizes that depend on values: TFLite operators that get them as inputs.</content>
internal sealed partial class Lowering
{
    /// <summary>Whether a value has a size that depends on values.</summary>
    public static bool IsComputed(Value? value) => value?.Shape is { } shape && shape.Any(d => d.IsComputed);

    /// <summary>
    /// Stores a value as another under other sizes, some of which depend on values: they follow from the rest, or from sizes of the
    /// source, or from a tensor that says them.
    /// </summary>
    /// <param name="target">The sizes, int32, where the operator computes them; −1 takes the rest.</param>
    public void ReshapeComputed(Value value, Value source, bool quantized, TfliteTensor? target)
    {
        TfliteTensor x = Demand(source, AxisOrder.Identity(Rank(source)), quantized);
        TfliteTensor result = new(value.Name, x.Type, Dims(value), OpenAxis(value), x.Quantization);
        if (result.Signature.Count(size => size < 0) <= 1)
        {
            EmitReshape(x, result);
        }
        else
        {
            target ??= SizesOf(value, source, x);
            Emit(BuiltinOperator.Reshape, [x, target], [result], new VectorOptions(BuiltinOptionsType.Reshape, result.Signature));
        }

        DefineAs(value, AxisOrder.Identity(result.Rank), result);
    }

    /// <summary>The sizes of a value, int32, from those of another and constants.</summary>
    private TfliteTensor SizesOf(Value value, Value source, TfliteTensor x)
    {
        List<int> places = [], constants = [];
        foreach (Dim dim in value.Shape!)
        {
            int at = dim.IsKnown ? -1 : source.Shape!.ToList().IndexOf(dim);
            places.Add(at >= 0 ? at : x.Rank + constants.Count);
            if (at < 0) constants.Add(dim.IsKnown ? checked((int)dim.Size) : -1);
        }

        if (constants.Count(c => c < 0) > 1) throw GraphDiagnostics.DynamicShape.Error(value.Name, value.Name, value.Shape);
        string name = $"{value.Name}/sizes";
        TfliteTensor sizes = new(name, TensorType.Int32, [x.Rank]);
        Emit(BuiltinOperator.Shape, [x], [sizes], new ShapeOptions(TensorType.Int32));
        TfliteTensor all = sizes;
        if (constants.Count > 0)
        {
            all = new(name, TensorType.Int32, [x.Rank + constants.Count]);
            Emit(
                BuiltinOperator.Concatenation, [sizes, Constant(name, Tensor.Vector<int>([.. constants]))], [all],
                new ConcatenationOptions(0, ActivationFunction.None));
        }

        TfliteTensor picked = new(name, TensorType.Int32, [places.Count]);
        Emit(BuiltinOperator.Gather, [all, Constant(name, Tensor.Vector<int>([.. places]))], [picked], new GatherOptions(0));
        return picked;
    }
}
