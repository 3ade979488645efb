using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Brings dense layers to one form: a Gemm with <c>transA = 0</c>, <c>transB = 1</c> (weights [out, in]),
/// <c>α = β = 1</c> and a bias of rank 1. A MatMul of a matrix by a constant matrix becomes such a Gemm; a C that is no bias
/// is added behind it, and an input to be transposed is transposed before it.
/// </summary>
internal sealed class GemmCanonicalization : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    /// <summary>Whether a Gemm has constant weights and the form above.</summary>
    public static bool IsCanonical(Node gemm) =>
        gemm.Int("transA", 0) == 0 && gemm.Int("transB", 0) == 1 && gemm.Float("alpha", 1) == 1 && gemm.Float("beta", 1) == 1
        && gemm.Input(1).Constant is { Type: ElementType.Float32 } weight
        && (gemm.InputOrNull(2) is null || (gemm.InputOrNull(2)!.Constant is { Rank: 1 } bias && bias.Count == weight.Dims[0]));

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        List<PassNote> notes = [];
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type == "MatMul") changes += FromMatMul(graph, node) ? 1 : 0;
            else if (node.Type == "Gemm" && !IsCanonical(node))
            {
                string? reason = Canonicalize(graph, node);
                if (reason is null) changes++;
                else notes.Add(new(node, reason));
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
        if (gemm.Input(1) is not { Constant: { Type: ElementType.Float32 } weight, Quantization: null })
            return "its weight is not constant";
        float alpha = gemm.Float("alpha", 1), beta = gemm.Float("beta", 1);
        int outputs = weight.Dims[gemm.Int("transB", 0) != 0 ? 0 : 1];
        Tensor? bias = null;
        if (gemm.InputOrNull(2) is { } c)
        {
            if (c.Type != ElementType.Float32 || c.Quantization is not null) return "its bias is quantized";
            if (c.Constant is { } constant && (constant.Count == 1 || (constant.Count == outputs && constant.Dims[^1] == outputs)))
            {
                float[] values = new float[outputs];
                for (int i = 0; i < outputs; i++) values[i] = beta * constant.Span<float>()[constant.Count == 1 ? 0 : i];
                bias = Tensor.Vector<float>(values);
            }
            else
            {
                AddBehind(graph, gemm, c, beta);
            }
        }

        if (gemm.Int("transA", 0) != 0) TransposeBefore(graph, gemm);
        if (gemm.Int("transB", 0) == 0) graph.ReplaceConstant(gemm, 1, Transposed(weight, alpha));
        else if (alpha != 1) graph.ReplaceConstant(gemm, 1, Scaled(weight, alpha));
        if (bias is not null) graph.ReplaceConstant(gemm, 2, bias);
        gemm.Attributes.Remove("alpha");
        gemm.Attributes.Remove("beta");
        gemm.Attributes["transB"] = 1L;
        return null;
    }

    private static void AddBehind(Graph graph, Node gemm, Value c, float beta)
    {
        Value output = gemm.Output, product = new(graph.UniqueName($"{output.Name}_product"), output.Type, output.Shape);
        // The layer is called as it was, also where its output was its name.
        gemm.Name = gemm.Label;
        gemm.TruncateInputs(2);
        gemm.SetOutput(0, product);
        Node sum = graph.InsertAfter(gemm, new Node("Add", "", [product, c], [output]));
        if (beta == 1) return;
        Value scaled = new(graph.UniqueName($"{output.Name}_scaled"), c.Type, c.Shape);
        graph.InsertBefore(sum, new Node("Mul", "", [c, graph.AddConstant($"{output.Name}_beta", Tensor.Scalar(beta))], [scaled]));
        sum.SetInput(1, scaled);
    }

    private static void TransposeBefore(Graph graph, Node gemm)
    {
        Value input = gemm.Input(0);
        Value turned = new(graph.UniqueName($"{gemm.Output.Name}_transposed"), input.Type, new Shape(input.Shape![1], input.Shape[0]));
        Node transpose = graph.InsertBefore(gemm, new Node("Transpose", "", [input], [turned]));
        transpose.Attributes["perm"] = new long[] { 1, 0 };
        gemm.SetInput(0, turned);
        gemm.Attributes.Remove("transA");
    }

    private static Tensor Scaled(Tensor matrix, float factor)
    {
        float[] values = matrix.Span<float>().ToArray();
        for (int i = 0; i < values.Length; i++) values[i] *= factor;
        return Tensor.Of<float>(matrix.Dims, values);
    }

    /// <summary>A matrix with its axes exchanged, times a factor.</summary>
    public static Tensor Transposed(Tensor matrix, float factor)
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
