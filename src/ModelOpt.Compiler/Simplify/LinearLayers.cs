using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Turns a product of a tensor of more than two axes and a constant matrix, as Linear layers of transformers are, into a Gemm of the
/// tensor's rows between two reshapes. A bias that is added behind it, and a Relu or Clip, go to the Gemm: it has a scale for each output
/// channel, and in int8 sums are rounded once.
/// </summary>
internal sealed class LinearLayers : Pass
{
    // A summand as large as that is a mask, of which a sum of products has no need.
    private const float LeastMask = 1000;

    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type == "MatMul" && Fits(n)).ToArray())
        {
            Turn(graph, node);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static bool Fits(Node node) =>
        node.Input(0) is { IsConstant: false, Quantization: null, Shape: { Rank: > 2 } x } && x.All(d => d.Size != 0)
        && node.Input(1).Constant is { Rank: 2 } && OutputAffine.IsFree(node.Input(1)) && node.Output.Quantization is null;

    private static void Turn(Graph graph, Node node)
    {
        Value x = node.Input(0), weight = node.Input(1);
        (int inputs, int outputs) = (weight.Constant!.Dims[0], weight.Constant.Dims[1]);
        List<Node> old = [node];
        Tensor? bias = null;
        if (Next(graph, node) is { Type: "Add" } add && BiasOf(add, node, outputs) is { } summands)
        {
            bias = summands;
            old.Add(add);
        }

        Node? activation = Next(graph, old[^1]) is { } next && FusedActivation.BoundsOf(next) is not null ? next : null;
        if (activation is not null) old.Add(activation);
        Value result = old[^1].Output;
        var steps = new NodeReplacement(graph, node);
        Value rows = x.Consumers.FirstOrDefault(c => AreRows(c, inputs))?.Output ?? steps.Reshape(x, -1, inputs);
        List<Value> operands = [rows, graph.AddConstant(weight.Name, GemmCanonicalization.Transposed(weight.Constant, 1))];
        if (bias is not null) operands.Add(graph.AddConstant($"{node.Label}_bias", bias));
        Value y = steps.Add("Gemm", operands, null, new Dictionary<string, object> { ["transB"] = 1L }, node.Label);
        if (activation is not null)
            y = steps.Add(activation.Type, [y, .. activation.Inputs.Skip(1)], null, activation.Attributes, activation.Name);
        y = steps.Add("Reshape", [y, Sizes(graph, steps, node, outputs)], null, []);
        foreach (Node replaced in Enumerable.Reverse(old)) graph.Remove(replaced);
        y.Producer!.SetOutput(0, result);
    }

    /// <summary>The only reader of a result that nobody else gets.</summary>
    private static Node? Next(Graph graph, Node node) =>
        node.Output is { Quantization: null, Consumers: [{ } next] } && !graph.IsOutput(node.Output) ? next : null;

    /// <summary>The summands of an Add that has one for each output channel, or one for all.</summary>
    private static Tensor? BiasOf(Node add, Node layer, int outputs)
    {
        Value other = add.Input(add.Input(0) == layer.Output ? 1 : 0);
        if (!OutputAffine.IsFree(other) || other.Constant is not { } constant || constant.Rank > layer.Output.Shape!.Rank) return null;
        if (constant.Span<float>().ContainsAnyExceptInRange(-LeastMask, LeastMask)) return null;
        if (constant.Count == outputs && constant.Rank > 0 && constant.Dims[^1] == outputs) return constant.Reshape([outputs]);
        if (constant.Count != 1) return null;
        float[] same = new float[outputs];
        Array.Fill(same, constant.Span<float>()[0]);
        return Tensor.Vector<float>(same);
    }

    /// <summary>Whether a node makes the rows of a tensor, as another layer that reads it wants them.</summary>
    private static bool AreRows(Node node, int inputs) => node is { Type: "Reshape", Output.Quantization: null }
        && node.Input(1).Constant is { Type: ElementType.Int64 } sizes && sizes.Span<long>().SequenceEqual([-1, inputs]);

    /// <summary>The sizes of the result: computed where more than one is open.</summary>
    private static Value Sizes(Graph graph, NodeReplacement steps, Node node, int outputs)
    {
        Shape x = node.ShapeOf(0);
        long[] outer = [.. x.SkipLast(1).Select(d => d.IsKnown ? d.Size : -1)];
        string name = $"{node.Label}_shape";
        if (outer.Count(s => s < 0) <= 1) return graph.AddConstant(name, Tensor.Vector<long>([.. outer, outputs]));
        Value taken = steps.Add(
            "Shape", [node.Input(0)], null, new Dictionary<string, object> { ["end"] = (long)(x.Rank - 1) }, elements: ElementType.Int64);
        return steps.Add("Concat", [taken, graph.AddConstant(name, Tensor.Vector<long>(outputs))], null,
            new Dictionary<string, object> { ["axis"] = 0L }, elements: ElementType.Int64);
    }
}
