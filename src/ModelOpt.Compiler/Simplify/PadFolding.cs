using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Folds a Pad along spatial axes into its reader: with zeros into a Conv or AveragePool, with a number that is never the largest into a
/// MaxPool. So a grid need not reach that number.
/// </summary>
internal sealed class PadFolding : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type is "Conv" or "AveragePool" or "MaxPool").ToArray())
        {
            Value padded = node.Input(0);
            if (padded is not { Producer: { Type: "Pad" } pad, Quantization: null } || PadsOf(pad) is not { } extra) continue;
            if (!IsNothingTo(node, pad.InputOrNull(2))) continue;
            if (node.String("auto_pad", "NOTSET") is not ("NOTSET" or "VALID")) continue;
            int spatial = extra.Length / 2;
            long[] pads = node.String("auto_pad", "NOTSET") == "VALID" ? new long[2 * spatial] : node.Ints("pads") ?? new long[2 * spatial];
            bool average = node.Type == "AveragePool", pools = node.Type != "Conv";
            // The pool may leave its own padding out of the average, but never the elements of a Pad.
            if (average && node.Int("count_include_pad", 0) == 0 && pads.Any(p => p != 0)) continue;
            if (pools && (node.Int("ceil_mode", 0) != 0 || node.Ints("dilations") is { } gaps && gaps.Any(d => d != 1))) continue;
            long[] sum = [.. pads.Zip(extra, (a, b) => a + b)];
            // A window that sees nothing but padding is not allowed.
            if (pools && node.Ints("kernel_shape") is { } kernel && sum.Where((p, i) => p >= kernel[i % spatial]).Any()) continue;

            node.Attributes["pads"] = sum;
            node.Attributes.Remove("auto_pad");
            if (average) node.Attributes["count_include_pad"] = 1L;
            node.SetInput(0, pad.Input(0));
            changes++;
        }

        return PassResult.Of(changes);
    }

    /// <summary>The spatial pads in Conv's order (all begins, then all ends), or null where Pad does something else.</summary>
    private static long[]? PadsOf(Node pad)
    {
        if (pad.String("mode", "constant") != "constant" || pad.InputOrNull(1)?.Constant is not { } constant) return null;
        if (pad.InputOrNull(3) is not null) return null;
        long[] pads = constant.ToInt64s();
        int rank = pads.Length / 2;
        if (rank < 3 || pads.Any(p => p < 0) || pads[0] != 0 || pads[1] != 0 || pads[rank] != 0 || pads[rank + 1] != 0) return null;
        return [.. pads[2..rank], .. pads[(rank + 2)..]];
    }

    /// <summary>Whether a layer's own padding counts as the number that a Pad adds: zero, and for a maximum the lowest there is.</summary>
    private static bool IsNothingTo(Node layer, Value? added)
    {
        if (layer.Type != "MaxPool") return added is null || Number(added) == 0;
        return added is not null && Number(added) <= float.MinValue;
    }

    private static float? Number(Value value) =>
        value.Constant is { Type: ElementType.Float32, Count: 1 } constant ? constant.Span<float>()[0] : null;
}
