using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Replaces a node by new ones. Nodes that only move elements keep their input's grid; inference finds the shapes.</summary>
internal sealed class NodeReplacement(Graph graph, Node old)
{
    /// <summary>Adds a node.</summary>
    /// <param name="quantization">The grid of its output, or null.</param>
    /// <param name="elements">The type of its output's elements; null for that of the old node's.</param>
    public Value Add(
        string type, IEnumerable<Value?> inputs, Quantization? quantization, IEnumerable<KeyValuePair<string, object>> attributes,
        string name = "", ElementType? elements = null)
    {
        Value output = new(graph.UniqueName($"{old.Label}_{type}"), elements ?? old.Output.Type) { Quantization = quantization };
        Node node = graph.InsertBefore(old, new Node(type, name, inputs, [output]));
        foreach ((string key, object value) in attributes) node.Attributes[key] = value;
        return output;
    }

    /// <summary>The same elements under other sizes.</summary>
    /// <param name="sizes">The sizes; 0 keeps one that may be open.</param>
    public Value Reshape(Value x, params ReadOnlySpan<long> sizes) => Add("Reshape", [x, Ints("shape", sizes)], x.Quantization, []);

    /// <summary>The elements with zeros around them, or without those that negative pads cut off.</summary>
    public Value Pad(Value x, params ReadOnlySpan<long> pads) =>
        pads.ContainsAnyExcept(0) ? Add("Pad", [x, Ints("pads", pads)], x.Quantization, []) : x;

    /// <summary>Every <paramref name="step"/>-th element along an axis.</summary>
    public Value Slice(Value x, long axis, long start, long end, long step = 1) =>
        Add("Slice", [x, Ints("starts", start), Ints("ends", end), Ints("axes", axis), Ints("steps", step)], x.Quantization, []);

    /// <summary>Removes the old node; the last added node produces its value instead.</summary>
    /// <param name="output">The value; the old node's output, or that of a node that is taken out as well.</param>
    public void End(Value last, Value output)
    {
        if (output.Producer != old) graph.Remove(output.Producer!);
        graph.Remove(old);
        last.Producer!.SetOutput(0, output);
    }

    private Value Ints(string stem, params ReadOnlySpan<long> values) => graph.AddConstant($"{old.Label}_{stem}", Tensor.Vector(values));
}
