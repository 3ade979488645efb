using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Turns the product of a tensor of more than two dimensions and a constant matrix, as attention and the dense layers of encoders have
/// it, into a dense layer of its rows, with the bias behind it: that has output channels, and what it computes can be fitted. Only where
/// sparsity, clusters or a decomposition are asked for, which need that; other models keep their form.
/// </summary>
internal sealed class DenseProducts : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type == "MatMul" && Fits(n) && IsAsked(n, context)).ToArray())
        {
            Turn(graph, node);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static bool IsAsked(Node node, PassContext context) =>
        context.OptionsOf(node) is { } own && (own.Sparsity > 0 || own.SparsityPattern is not null || own.Clusters is not null
            || own.Decomposition > 0);

    /// <summary>Whether its rows can be laid out one below the other: at most one size, the first, is open.</summary>
    private static bool Fits(Node node) =>
        node.Input(0) is { IsConstant: false, Shape: { Rank: > 2 } x } && x.Skip(1).All(d => d.IsKnown)
        && node.Input(1) is { Constant: { Type: ElementType.Float32, Rank: 2, Count: > 0 }, Quantization: null };

    private static void Turn(Graph graph, Node product)
    {
        Tensor matrix = product.Input(1).Constant!;
        (int inputs, int outputs) = (matrix.Dims[0], matrix.Dims[1]);
        Node? sum = BiasBehind(graph, product, outputs);
        Value result = (sum ?? product).Output;
        List<Value> terms =
        [
            Reshaped(graph, product, product.Input(0), [-1, inputs]), graph.AddConstant(product.Input(1).Name, Transposed(matrix)),
        ];
        if (sum is not null)
        {
            Value bias = sum.Inputs.First(i => i is { IsConstant: true })!;
            terms.Add(graph.AddConstant(bias.Name, bias.Constant!.Reshape([outputs])));
        }

        // The layer keeps its name, which rules match.
        Value rows = new(graph.UniqueName($"{result.Name}_rows"), ElementType.Float32);
        Node layer = graph.InsertBefore(product, new Node("Gemm", product.Label, terms, [rows]));
        layer.Attributes["transB"] = 1L;
        long[] dims = [.. result.Shape!.Select((d, i) => i == 0 && !d.IsKnown ? -1 : d.Size)];
        Value shape = graph.AddConstant($"{result.Name}_shape", Tensor.Vector<long>(dims));
        Node back = graph.InsertBefore(product, new Node("Reshape", "", [rows, shape], []));
        if (sum is not null) graph.Remove(sum);
        graph.Remove(product);
        back.AddOutput(result);
        ShapeInference.Run(graph);
    }

    /// <summary>The node behind that adds a number to each column, and nothing else reads the product; or null.</summary>
    private static Node? BiasBehind(Graph graph, Node product, int outputs)
    {
        Value y = product.Output;
        if (graph.IsOutput(y) || y.Quantization is not null || y.Consumers is not [{ Type: "Add" } sum]) return null;
        return sum.Inputs.Count(i => i == y) == 1 && sum.Output.Shape!.Equals(y.Shape)
            && sum.Inputs.First(i => i != y) is { Constant: { Type: ElementType.Float32 } bias, Quantization: null }
            && bias.Count == outputs && bias.Dims[^1] == outputs ? sum : null;
    }

    private static Value Reshaped(Graph graph, Node before, Value x, long[] dims)
    {
        Value rows = new(graph.UniqueName($"{x.Name}_rows"), x.Type) { Quantization = x.Quantization };
        graph.InsertBefore(before, new Node("Reshape", "", [x, graph.AddConstant($"{x.Name}_shape", Tensor.Vector<long>(dims))], [rows]));
        return rows;
    }

    private static Tensor Transposed(Tensor matrix)
    {
        (int rows, int columns) = (matrix.Dims[0], matrix.Dims[1]);
        ReadOnlySpan<float> values = matrix.Span<float>();
        float[] result = new float[values.Length];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) result[(c * rows) + r] = values[(r * columns) + c];
        }

        return Tensor.Of<float>([columns, rows], result);
    }
}
