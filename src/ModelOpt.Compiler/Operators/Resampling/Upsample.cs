using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>X resampled by scales, which became Resize in opset 10: reads as the Resize of that opset.</summary>
internal sealed class Upsample : ComposedOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } =
    [
        1, new(7, (_, node) => ToScales(node)) { Dropped = ["width_scale", "height_scale"] }, new(9, ToInput) { Dropped = ["scales"] }, 10,
    ];

    public override Arity Arity => new(2, 2);

    private static void ToScales(Node node)
    {
        float height = node.Float("height_scale", 0), width = node.Float("width_scale", 0);
        node.Attributes.Remove("height_scale");
        node.Attributes.Remove("width_scale");
        node.Attributes.TryAdd("scales", new[] { 1, 1, height, width });
    }

    private static void ToInput(Graph graph, Node node)
    {
        if (node.Floats("scales") is not { } scales) return;
        node.Attributes.Remove("scales");
        node.SetInput(1, graph.AddConstant($"{node.Label}_scales", Tensor.Vector<float>(scales)));
    }

    protected override void Compose(Graph graph, Node node)
    {
        string mode = node.String("mode", "nearest");
        Value output = node.Output;
        Node resize = graph.InsertBefore(node, new Node("Resize", node.Name, [node.Input(0), node.Input(1)], []));
        // The first opsets say bilinear.
        resize.Attributes["mode"] = mode == "bilinear" ? "linear" : mode;
        graph.Remove(node);
        resize.AddOutput(output);
        Resize.PlaceScales(graph, resize);
    }
}
