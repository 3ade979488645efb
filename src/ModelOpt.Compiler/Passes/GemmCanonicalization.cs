using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes;

/// <summary>
/// Brings dense layers to one form: a Gemm with <c>transA = 0</c>, <c>transB = 1</c> (weights [out, in]),
/// <c>α = β = 1</c> and a bias of rank 1. A MatMul of a matrix by a constant matrix becomes such a Gemm.
/// </summary>
internal sealed class GemmCanonicalization : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Simplify;

    /// <summary>Whether a Gemm has constant weights and the form above.</summary>
    /// <param name="gemm">A Gemm.</param>
    public static bool IsCanonical(Node gemm) =>
        gemm.Int("transA", 0) == 0 && gemm.Int("transB", 0) == 1 && gemm.Float("alpha", 1) == 1 && gemm.Float("beta", 1) == 1
        && gemm.Input(1).Constant is { Type: ElementType.Float32 } weight
        && (gemm.InputOrNull(2) is null || (gemm.InputOrNull(2)!.Constant is { Rank: 1 } bias && bias.Count == weight.Dims[0]));

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        List<string> notes = [];
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type == "MatMul") changes += FromMatMul(graph, node) ? 1 : 0;
            else if (node.Type == "Gemm" && !IsCanonical(node))
            {
                string? reason = Canonicalize(graph, node);
                if (reason is null) changes++;
                else notes.Add($"{node.Label}: {reason}");
            }
        }

        return new PassResult(changes, notes);
    }

    private static bool FromMatMul(Graph graph, Node matMul)
    {
        if (matMul.Input(0).Shape is not { Rank: 2 } || matMul.Input(0).IsConstant) return false;
        if (matMul.Input(1) is not { Constant: { Type: ElementType.Float32, Rank: 2 } weight, Quantization: null } value) return false;
        Value transposed = graph.AddConstant(value.Name, Transposed(weight, 1));
        Value output = matMul.Output;
        Node gemm = new("Gemm", matMul.Name, [matMul.Input(0), transposed], []);
        gemm.Attributes["transB"] = 1L;
        graph.InsertBefore(matMul, gemm);
        graph.Remove(matMul);
        gemm.AddOutput(output);
        return true;
    }

    private static string? Canonicalize(Graph graph, Node gemm)
    {
        if (gemm.Int("transA", 0) != 0) return "its input is transposed";
        if (gemm.Input(1) is not { Constant: { Type: ElementType.Float32 } weight, Quantization: null }) return "its weight is not constant";
        float alpha = gemm.Float("alpha", 1), beta = gemm.Float("beta", 1);
        int outputs = weight.Dims[gemm.Int("transB", 0) != 0 ? 0 : 1];
        Tensor? bias = null;
        if (gemm.InputOrNull(2) is { } c)
        {
            if (c is not { Constant: { Type: ElementType.Float32 } constant, Quantization: null }) return "its bias is not constant";
            if (constant.Count != 1 && (constant.Count != outputs || constant.Dims[^1] != outputs)) return "its bias differs within the batch";
            float[] values = new float[outputs];
            for (int i = 0; i < outputs; i++) values[i] = beta * constant.Span<float>()[constant.Count == 1 ? 0 : i];
            bias = Tensor.Vector<float>(values);
        }

        Tensor canonical = gemm.Int("transB", 0) != 0 ? Scaled(weight, alpha) : Transposed(weight, alpha);
        graph.ReplaceConstant(gemm, 1, canonical);
        if (bias is not null) graph.ReplaceConstant(gemm, 2, bias);
        gemm.Attributes.Remove("alpha");
        gemm.Attributes.Remove("beta");
        gemm.Attributes["transB"] = 1L;
        return null;
    }

    private static Tensor Scaled(Tensor matrix, float factor)
    {
        float[] values = matrix.Span<float>().ToArray();
        for (int i = 0; i < values.Length; i++) values[i] *= factor;
        return Tensor.Of<float>(matrix.Dims, values);
    }

    private static Tensor Transposed(Tensor matrix, float factor)
    {
        (int rows, int columns) = (matrix.Dims[0], matrix.Dims[1]);
        ReadOnlySpan<float> values = matrix.Span<float>();
        float[] result = new float[values.Length];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) result[(c * rows) + r] = factor * values[(r * columns) + c];
        }

        return Tensor.Of<float>([columns, rows], result);
    }
}
