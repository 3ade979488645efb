using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Operators.Reduction;

namespace ModelOpt.Compiler.Training;

/// <summary>Whether the samples of a batch are computed independently of each other, so that a batch may be computed in parts.</summary>
internal static class SampleIndependence
{
    /// <summary>
    /// Whether every node maps each sample by itself, samples lying along axis 0 of all that depends on the inputs. What is not known
    /// to be so is not.
    /// </summary>
    /// <param name="graph">The graph, with shapes.</param>
    /// <param name="nodes">The nodes, in order.</param>
    public static bool Of(Graph graph, IReadOnlyList<Node> nodes)
    {
        if (graph.Inputs.Count == 0 || graph.Inputs[0].Shape is not { Rank: > 0 } first || first[0] is not { IsKnown: false, Symbol: not null } batch)
            return false;
        HashSet<Value> samples = [.. graph.Inputs];
        if (!graph.Inputs.All(IsBatch)) return false;
        foreach (Node node in nodes)
        {
            if (!node.Inputs.OfType<Value>().Any(samples.Contains)) continue;
            if (!IsIndependent(node, samples) || !node.Outputs.OfType<Value>().All(IsBatch)) return false;
            samples.UnionWith(node.Outputs.OfType<Value>());
        }

        return true;

        bool IsBatch(Value value) => value.Shape is { Rank: > 0 } shape && shape[0] == batch;
    }

    /// <summary>Whether a node whose outputs have the batch along axis 0 does not mix samples.</summary>
    private static bool IsIndependent(Node node, HashSet<Value> samples) => node.Type switch
    {
        "Identity" or "Dropout" or "Cast" or "Clip" or "Flatten" or "Reshape" or "Squeeze" or "Unsqueeze" => OnlyFirst(node, samples),
        "Conv" or "ConvTranspose" or "BatchNormalization" or "MaxPool" or "AveragePool" or "GlobalAveragePool" => OnlyFirst(node, samples),
        "ReduceMean" or "ReduceSum" or "Resize" => OnlyFirst(node, samples),
        "Gemm" => OnlyFirst(node, samples) && node.Int("transA", 0) == 0 && Broadcasts(node, samples, 2),
        "MatMul" => node.Input(0).Shape is { Rank: > 1 } a && samples.Contains(node.Input(0)) && node.Input(1).Shape is { } b
            && (samples.Contains(node.Input(1)) ? a.Rank > 2 && a.Rank == b.Rank : b.Rank <= 2),
        "Softmax" or "LayerNormalization" => OnlyFirst(node, samples) && Axis(node, -1) > 0,
        "Concat" => Axis(node, 0) > 0 && node.Inputs.All(v => samples.Contains(v!)),
        "Split" => OnlyFirst(node, samples) && Axis(node, 0) > 0,
        "Gather" => OnlyFirst(node, samples) && Axis(node, 0) > 0,
        "Transpose" => node.Ints("perm") is [0, ..],
        "Slice" => OnlyFirst(node, samples) && node.InputOrNull(3)?.Constant is { } axes && !axes.ToInt64s().Any(a => a == 0 || a == -node.Input(0).Shape!.Rank),
        "Pad" => OnlyFirst(node, samples) && node.InputOrNull(3) is null && node.Input(1).Constant is { } pads
            && pads.ToInt64s() is { } sizes && sizes[0] == 0 && sizes[sizes.Length / 2] == 0,
        "Add" or "Sub" or "Mul" or "Div" or "Max" or "Min" or "Pow" or "PRelu" =>
            Enumerable.Range(0, node.Inputs.Count).All(i => Broadcasts(node, samples, i)),
        _ => Operator.Of(node) is UnaryOperator,
    };

    private static bool OnlyFirst(Node node, HashSet<Value> samples) => !node.Inputs.Skip(1).OfType<Value>().Any(samples.Contains);

    /// <summary>Whether an operand has the batch where the result has it, or is the same for all samples.</summary>
    private static bool Broadcasts(Node node, HashSet<Value> samples, int index)
    {
        if (node.InputOrNull(index) is not { } operand) return true;
        int rank = node.Output.Shape!.Rank;
        if (operand.Shape is not { } shape) return false;
        return samples.Contains(operand) ? shape.Rank == rank : shape.Rank < rank || shape[0] == 1;
    }

    private static int Axis(Node node, long fallback)
    {
        long axis = node.Int("axis", fallback);
        return (int)(axis < 0 ? axis + node.Input(0).Shape!.Rank : axis);
    }
}
