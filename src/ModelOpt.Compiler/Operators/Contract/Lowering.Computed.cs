using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Sizes that are open or depend on values: TFLite operators that get them as inputs.</content>
internal sealed partial class Lowering
{
    private readonly HashSet<Dim> _batch;

    /// <summary>Whether a value has a size, besides the batch, that is known only when the model runs.</summary>
    public bool IsOpen(Value? value) => value?.Shape is { } shape && shape.Any(d => !d.IsKnown && !_batch.Contains(d));

    /// <summary>Whether a value has a size that depends on values.</summary>
    public static bool IsComputed(Value? value) => value?.Shape is { } shape && shape.Any(d => d.IsComputed);

    /// <summary>Stores a value as another under other sizes, some of which are known only when the model runs.</summary>
    /// <param name="target">The sizes, int32, where the operator computes them; −1 takes the rest.</param>
    public void ReshapeOpen(Node node, Value value, Value source, bool quantized, TfliteTensor? target)
    {
        TfliteTensor x = Demand(source, AxisOrder.Identity(Rank(source)), quantized);
        TfliteTensor result = new(value.Name, x.Type, Dims(value), OpenAxis(value), x.Quantization);
        if (result.Signature.Count(size => size < 0) <= 1)
        {
            EmitReshape(x, result);
        }
        else
        {
            target ??= new SizeSteps(this, node).Vector(value.Shape!, takesRest: true);
            Emit(BuiltinOperator.Reshape, [x, target], [result], new VectorOptions(BuiltinOptionsType.Reshape, result.Signature));
        }

        DefineAs(value, AxisOrder.Identity(result.Rank), result);
    }

    /// <summary>A stored value of the graph that has a size, and where it has it.</summary>
    /// <param name="node">The node that is being written, whose outputs are not computed yet.</param>
    public (TfliteTensor Tensor, int Axis)? Holder(Node node, Dim size)
    {
        foreach (Value value in _graph.Inputs.Concat(_graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>()))
        {
            Node? producer = value.Producer;
            if (producer == node || (producer is not null && _fused.Contains(producer) && producer.Input(0).Producer == node)) continue;
            if (value.IsConstant || !_views.TryGetValue(value, out View? view) || view.Storage.Materialize is not null) continue;
            int axis = value.Shape!.ToList().IndexOf(size);
            if (axis < 0) continue;
            return (view.Storage.Base, Array.IndexOf(view.Storage.Order, view.Axes[axis]));
        }

        return null;
    }
}
