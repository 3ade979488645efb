using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// A pool of volumes becomes two of images: along the depth, then over planes. The largest element of a box is the largest of its planes'
/// largest, its mean that of their means, as how many elements count is a product, and its norm that of their norms.
/// </summary>
internal sealed class VolumePools : Pass
{
    private static readonly string[] PerAxis = ["kernel_shape", "strides", "dilations", "pads"];

    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type is "MaxPool" or "AveragePool" or "LpPool" && !n.HasOutput(1)).ToArray())
        {
            if (node.Input(0).Shape is not { Rank: 5 } shape || shape.Skip(1).Any(d => d.Size <= 0)) continue;
            Flatten(graph, node, [1, .. shape.Skip(1).Select(d => (int)d.Size)]);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static void Flatten(Graph graph, Node node, int[] sizes)
    {
        WindowAxis[] axes = ConvGeometry.OfPool(node).Axes(sizes);
        (WindowAxis d, WindowAxis v, WindowAxis h) = (axes[0], axes[1], axes[2]);
        int channels = sizes[1];
        var steps = new NodeReplacement(graph, node);
        Value x = node.Input(0);
        if (d.Kernel > 1 || d.Output != d.Input)
        {
            x = steps.Reshape(x, 0, channels, d.Input, v.Input * h.Input);
            // On the grid of its input, a mean would be rounded to steps that may be larger than those of the result.
            x = steps.Add(node.Type, [x], node.Type == "MaxPool" ? x.Quantization : null, Attributes(node, 0, 1));
        }

        // Planes whose windows do not reach beyond them may lie one below the other; others are channels.
        bool isTiled = v.PadBegin == 0 && v.Extent <= v.Stride && v.Output * v.Stride == v.Input;
        x = isTiled ? steps.Reshape(x, 0, channels, d.Output * v.Input, h.Input)
            : steps.Reshape(x, 0, channels * d.Output, v.Input, h.Input);
        x = steps.Add(node.Type, [x], node.Output.Quantization, Attributes(node, 1, 2), node.Label);
        steps.End(steps.Reshape(x, 0, channels, d.Output, v.Output, h.Output), node.Output);
    }

    /// <summary>The attributes of a pool of images along some of the axes; along others it does nothing.</summary>
    private static Dictionary<string, object> Attributes(Node node, int first, int count)
    {
        var attributes = new Dictionary<string, object>(node.Attributes, StringComparer.Ordinal);
        foreach (string name in PerAxis)
        {
            if (node.Ints(name) is not { } values) continue;
            long[] begins = Pick(values[..3], name == "pads" ? 0 : 1);
            attributes[name] = name == "pads" ? [.. begins, .. Pick(values[3..], 0)] : begins;
        }

        return attributes;

        long[] Pick(long[] values, long fallback) => count == 1 ? [values[first], fallback] : values[first..(first + count)];
    }
}
