using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// A constant factor or summand behind a LayerNormalization or InstanceNormalization becomes a part of its scale or shift.
/// </summary>
internal sealed class NormalizationAffine : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type is not ("Mul" or "Add") || Operands(graph, node) is not var (normalization, constant)) continue;
            int[]? sizes = Sizes(normalization);
            if (sizes is null || Fitting(normalization, constant, sizes) is not { } fitting) continue;
            Tensor operand = Broadcasting.Expand(node, fitting, sizes);
            if (node.Type == "Mul")
            {
                Combine(graph, normalization, 1, operand, sizes, (a, b) => a * b);
                if (normalization.InputOrNull(2) is not null) Combine(graph, normalization, 2, operand, sizes, (a, b) => a * b);
            }
            else if (normalization.InputOrNull(2) is not null)
            {
                Combine(graph, normalization, 2, operand, sizes, (a, b) => a + b);
            }
            else
            {
                normalization.SetInput(2, graph.AddConstant($"{normalization.Label}_shift", operand));
            }

            Value output = node.Output;
            graph.Remove(node);
            normalization.SetOutput(0, output);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static (Node Normalization, Tensor Constant)? Operands(Graph graph, Node node)
    {
        foreach ((Value x, Value constant) in new[] { (node.Input(0), node.Input(1)), (node.Input(1), node.Input(0)) })
        {
            if (x is { Quantization: null, Consumers.Count: 1,
                Producer: { Type: "LayerNormalization" or "InstanceNormalization" } producer }
                && x == producer.Output && !graph.IsOutput(x) && constant is { Quantization: null, Constant.Type: ElementType.Float32 }
                && Array.TrueForAll([1, 2], i => producer.InputOrNull(i) is null or
                    { Quantization: null, Constant.Type: ElementType.Float32 }))
                return (producer, constant.Constant!);
        }

        return null;
    }

    /// <summary>The sizes that scale and shift are repeated to.</summary>
    private static int[]? Sizes(Node node)
    {
        Shape x = node.Input(0).Shape!;
        if (node.Type == "InstanceNormalization") return x[1].IsKnown ? [(int)x[1].Size] : null;
        int axis = (int)node.Int("axis", -1);
        return new Shape(x.Skip(axis < 0 ? axis + x.Rank : axis)).ToSizes();
    }

    /// <summary>The constant under the axes of scale and shift; null where it differs along others.</summary>
    private static Tensor? Fitting(Node node, Tensor constant, int[] sizes)
    {
        int rank = node.Input(0).Shape!.Rank, behind = node.Type == "InstanceNormalization" ? rank - 2 : 0;
        if (constant.Rank > rank) return null;
        int[] dims = [.. Enumerable.Repeat(1, rank - constant.Rank), .. constant.Dims];
        int begin = rank - behind - sizes.Length;
        for (int i = 0; i < rank; i++)
        {
            bool isOwn = i >= begin && i < begin + sizes.Length;
            if (dims[i] != 1 && (!isOwn || dims[i] != sizes[i - begin])) return null;
        }

        return constant.Reshape(dims.AsSpan(begin, sizes.Length));
    }

    private static void Combine(Graph graph, Node node, int index, Tensor operand, int[] sizes, Func<float, float, float> function)
    {
        ReadOnlySpan<float> given = Broadcasting.Expand(node, node.Input(index).Constant!, sizes).Span<float>(),
            other = operand.Span<float>();
        float[] result = new float[given.Length];
        for (int i = 0; i < result.Length; i++) result[i] = function(given[i], other[i]);
        graph.ReplaceConstant(node, index, Tensor.Of<float>(sizes, result));
    }
}
