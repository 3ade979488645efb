using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>An operator that others express: reading a model puts these in its place, so nothing behind the reader meets it.</summary>
internal abstract class ComposedOperator : Operator
{
    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => int.MaxValue;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => throw NotComposed(node);

    /// <summary>Puts other nodes in the place of one of this operator.</summary>
    /// <param name="node">The node, as read; types and shapes are not known.</param>
    protected abstract void Compose(Graph graph, Node node);

    public sealed override void Normalize(Graph graph, Node node) => Compose(graph, node);

    public sealed override void InferShapes(Node node) => throw NotComposed(node);

    public sealed override void Forward(ForwardContext context) => throw NotComposed(context.Node);

    public sealed override void Lower(Lowering context, Node node) => throw NotComposed(node);

    /// <summary>Adds the inputs from left to right.</summary>
    /// <param name="node">A node of one or more inputs; the sums are inserted before it.</param>
    /// <param name="count">How many of the inputs to add.</param>
    protected static Value AddAll(Graph graph, Node node, int count)
    {
        Value sum = node.Input(0);
        for (int i = 1; i < count; i++)
        {
            Value next = new(graph.UniqueName($"{node.Output.Name}_sum"));
            graph.InsertBefore(node, new Node("Add", "", [sum, node.Input(i)], [next]));
            sum = next;
        }

        return sum;
    }

    /// <summary>Puts a node in the place of another, whose name and output it takes over.</summary>
    protected static void Replace(Graph graph, Node node, string type, params Value[] inputs)
    {
        Value output = node.Output;
        Node replacement = graph.InsertBefore(node, new Node(type, node.Name, inputs, []));
        graph.Remove(node);
        replacement.AddOutput(output);
    }

    private static CompilationException NotComposed(Node node) =>
        GraphDiagnostics.InvalidGraph.Error(node.Label, $"{node.Type} was not replaced when the model was read");
}
