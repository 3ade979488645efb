using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Turns a convolution of volumes into one of images, which every pass, kernel and runtime has: stacks the planes under the window's taps
/// along the depth as channels, and puts the planes of the result one below the other in an image. A ConvTranspose of volumes becomes a
/// Conv first.
/// </summary>
internal sealed class VolumeConvolutions : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type is "Conv" or "ConvTranspose" && IsOfVolumes(n)).ToArray())
        {
            if (node.Type == "Conv") Flatten(graph, node);
            else Turn(graph, node);
            changes++;
        }

        return PassResult.Of(changes);
    }

    /// <summary>Whether a layer has a window of three dimensions over volumes of known sizes, perhaps an open number of them.</summary>
    private static bool IsOfVolumes(Node node) =>
        node.Input(1).IsConstant && node.Input(0).Shape is { Rank: 5 } shape && shape.Skip(1).All(d => d.Size > 0);

    private static int[] Sizes(Node node) => [1, .. node.Input(0).Shape!.Skip(1).Select(d => (int)d.Size)];

    private static void Flatten(Graph graph, Node conv)
    {
        Tensor weights = conv.Input(1).Constant!;
        int[] sizes = Sizes(conv);
        WindowAxis[] axes = ConvGeometry.OfConv(conv, weights.Shape).Axes(sizes);
        (WindowAxis d, WindowAxis v, WindowAxis h) = (axes[0], axes[1], axes[2]);
        // A plane has as many rows as it takes for the next plane's windows to begin at a multiple of the stride.
        int rows = Math.Max(v.PadBegin + v.Input, ((v.Output - 1) * v.Stride) + v.Extent);
        rows = (rows + v.Stride - 1) / v.Stride * v.Stride;
        int pitch = rows / v.Stride, group = (int)Conv.Group(conv);
        var steps = new NodeReplacement(graph, conv);
        Value x = steps.Pad(
            conv.Input(0), 0, 0, d.PadBegin, v.PadBegin, 0, 0, 0, Math.Max(0, d.Reach), rows - v.PadBegin - v.Input, 0);
        x = Stack(steps, x, (group, sizes[1], rows * sizes[4]), d);
        x = steps.Reshape(x, 0, sizes[1] * d.Kernel, d.Output * rows, sizes[4]);
        Node? activation = FusedActivation.Of(graph, conv);
        Value images = Images(graph, conv.Input(1), weights);
        Value y = steps.Add("Conv", [x, images, .. conv.Inputs.Skip(2)], conv.Output.Quantization, new Dictionary<string, object>
        {
            ["strides"] = new long[] { v.Stride, h.Stride },
            ["dilations"] = new long[] { v.Dilation, h.Dilation },
            ["pads"] = new long[] { 0, h.PadBegin, Math.Max(0, v.Extent - v.Stride), Math.Max(0, h.Reach) },
            ["group"] = (long)group,
        }, conv.Label);
        if (activation is { Output: var bounded })
            y = steps.Add(activation.Type, [y, .. activation.Inputs.Skip(1)], bounded.Quantization, activation.Attributes, activation.Name);
        y = steps.Reshape(y, 0, weights.Dims[0], d.Output, pitch, h.Output);
        if (pitch > v.Output) y = steps.Slice(y, 3, 0, v.Output);
        steps.End(y, (activation ?? conv).Output);
    }

    /// <summary>The planes under the window's taps along the depth, tap by tap in each group of channels.</summary>
    private static Value Stack(NodeReplacement steps, Value x, (int Groups, int Channels, int Plane) sizes, WindowAxis d)
    {
        (int group, int channels, int plane) = sizes;
        int depth = d.PadBegin + d.Input + Math.Max(0, d.Reach);
        if (d.Kernel == 1 && d.Output == depth) return x;
        // Groups stay separate where their channels grow.
        bool isGrouped = group > 1 && d.Kernel > 1;
        int axis = isGrouped ? 3 : 2;
        if (isGrouped) x = steps.Reshape(x, 0, group, channels / group, depth, plane);
        Value[] taps = [.. Enumerable.Range(0, d.Kernel).Select(tap =>
            steps.Slice(x, axis, tap * d.Dilation, (tap * d.Dilation) + ((d.Output - 1) * d.Stride) + 1, d.Stride))];
        return taps is [var only] ? only : steps.Add("Concat", taps, x.Quantization, [new("axis", axis - 1L)]);
    }

    /// <summary>The weights [M, C/group, KD, KH, KW] as [M, KD·C/group, KH, KW].</summary>
    private static Value Images(Graph graph, Value value, Tensor weights)
    {
        ReadOnlySpan<int> dims = weights.Dims;
        Tensor stacked = AxisOrder.Permute(weights, [0, 2, 1, 3, 4]).Reshape([dims[0], dims[1] * dims[2], dims[3], dims[4]]);
        Value images = graph.AddConstant(value.Name, stacked);
        // The numbers are on the grid in any case.
        images.Quantization = value.Quantization is { IsPerTensor: true } or { Axis: 0 } ? value.Quantization : null;
        return images;
    }

    /// <summary>
    /// Zeros between the elements of X, padding (negative padding crops), and a convolution with the weights turned round.
    /// </summary>
    private static void Turn(Graph graph, Node node)
    {
        Value weights = node.Input(1);
        int[] sizes = Sizes(node);
        int group = ConvTranspose.Group(node);
        WindowAxis[] axes = ConvTranspose.Axes(node, node.Input(0).Shape!, weights.Shape!);
        var steps = new NodeReplacement(graph, node);
        Value x = node.Input(0);
        for (int i = 0; i < axes.Length; i++)
        {
            if (axes[i].Stride == 1) continue;
            int outer = sizes[1..(i + 3)].Aggregate(1, (a, b) => a * b), inner = sizes[(i + 3)..].Aggregate(1, (a, b) => a * b);
            x = steps.Pad(steps.Reshape(x, 0, outer, 1, inner), 0, 0, 0, 0, 0, 0, axes[i].Stride - 1, 0);
            sizes[i + 2] *= axes[i].Stride;
            x = steps.Reshape(x, [0, .. sizes[1..].Select(s => (long)s)]);
        }

        long[] begins = [.. axes.Select(a => (long)a.Extent - 1 - a.PadBegin)];
        x = steps.Pad(x, [0, 0, .. begins, 0, 0, .. axes.Select((a, i) => a.Input + a.Extent - 1 - sizes[i + 2] - begins[i])]);
        Value turned = graph.AddConstant(weights.Name, ConvVolumes.Turned(weights.Constant!, group));
        turned.Quantization = weights.Quantization is not { } grid || grid.IsPerTensor ? weights.Quantization
            : group == 1 && grid.Axis == 1 ? grid with { Axis = 0 } : null;
        Value y = steps.Add("Conv", [x, turned, .. node.Inputs.Skip(2)], node.Output.Quantization, new Dictionary<string, object>
        {
            ["dilations"] = axes.Select(a => (long)a.Dilation).ToArray(),
            ["group"] = (long)group,
        }, node.Label);
        steps.End(y, node.Output);
    }
}
