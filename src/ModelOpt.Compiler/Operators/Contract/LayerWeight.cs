using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>A weight of a layer: one of its <see cref="Operator.Weights"/>.</summary>
/// <param name="Input">The position of the weight.</param>
/// <param name="Axis">The axis that counts output channels, or -1 where one scale must serve all of it.</param>
internal readonly record struct LayerWeight(Node Node, int Input = 1, int Axis = 0)
{
    /// <summary>The weight.</summary>
    public Value Value => Node.Input(Input);

    /// <summary>
    /// The dims of a constant weight as a matrix: [output channels, inputs, …]. Axes in front of the channels, as those of the directions
    /// of a recurrent layer, count as channels; a weight without channels is one.
    /// </summary>
    public int[] Dims
    {
        get
        {
            ReadOnlySpan<int> dims = Value.Constant!.Dims;
            int channels = 1;
            foreach (int dim in dims[..(Axis + 1)]) channels *= dim;
            return Axis < 0 ? [1, Value.Constant!.Count] : [channels, .. dims[(Axis + 1)..]];
        }
    }

    /// <summary>Whether a layer computes with a state, so that no least squares fit its weights.</summary>
    public static bool IsRecurrent(Node node) => Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Recurrent);

    /// <summary>The weights of recurrent layers that are constants of float32.</summary>
    public static IEnumerable<LayerWeight> OfRecurrent(Graph graph) => graph.Nodes.Where(IsRecurrent).SelectMany(OfRecurrent);

    /// <summary>The weights of a recurrent layer that are constants of float32.</summary>
    public static IEnumerable<LayerWeight> OfRecurrent(Node node) => Operator.Of(node).Weights(node)
        .Where(w => node.InputOrNull(w.Input) is { Constant.Type: ElementType.Float32 })
        .Select(w => new LayerWeight(node, w.Input, w.Axis));
}
