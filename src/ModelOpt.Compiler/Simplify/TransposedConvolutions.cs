using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Turns a transposed convolution of images or series into a convolution, which every technique and kernel has: one filter for each
/// position that an output has between two inputs (Shi et al., 2016), whose results are laid out as blocks of pixels. It multiplies by
/// no zero that strides put between inputs. A Relu or Clip behind it stays at the convolution.
/// </summary>
internal sealed class TransposedConvolutions : Pass
{
    // Where a length is open, what is cut off does not depend on it.
    private const int AnyLength = 1000;

    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type == "ConvTranspose" && Fits(n)).ToArray())
        {
            // It folds first.
            if (node.Output.Consumers is [{ Type: "BatchNormalization" or "Add" or "Mul" or "Sub" } next]
                && OutputAffine.FeederOf(graph, next) == node && next.Inputs.Skip(1).All(i => i is { IsConstant: true }))
                continue;
            Turn(graph, node);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static bool Fits(Node node)
    {
        if (node.Input(0).Shape is not { Rank: 3 or 4 } x || !node.Input(1).IsConstant || node.InputOrNull(2) is { IsConstant: false })
            return false;
        bool isOpen = x.Skip(2).Any(d => !d.IsKnown);
        return x.Skip(1).All(d => d.Size != 0) && (!isOpen || node.Ints("output_shape") is not { Length: > 0 });
    }

    private static void Turn(Graph graph, Node node)
    {
        Shape x = node.Input(0).Shape!;
        Tensor weights = node.Input(1).Constant!;
        int rank = x.Rank - 2, group = ConvTranspose.Group(node);
        Phases[] axes = [.. Enumerable.Range(0, rank).Select(i => Phases.Of(ConvTranspose.Axis(
            node, i, rank, x[i + 2].IsKnown ? x[i + 2].Size : AnyLength, weights.Dims[i + 2])))];
        // TFLite's blocks come pixel by pixel; groups keep their channels together.
        bool isPixelFirst = group == 1 && rank == 2 && axes[0].Stride == axes[1].Stride;
        var steps = new NodeReplacement(graph, node);
        Node? activation = node.Output is { Quantization: null, Consumers: [{ } next] } && !graph.IsOutput(node.Output)
            && FusedActivation.BoundsOf(next) is not null ? next : null;
        Quantization? grid = (activation ?? node).Output.Quantization;
        int pixels = axes.Aggregate(1, (product, a) => product * a.Stride);
        Value y = steps.Add("Conv", [node.Input(0), .. Constants(graph, node, axes, pixels, isPixelFirst)],
            activation is null ? grid : null, new Dictionary<string, object>
            {
                ["pads"] = (long[])[.. axes.Select(a => (long)a.PadBegin), .. axes.Select(a => (long)a.PadEnd)],
                ["dilations"] = axes.Select(a => (long)a.Dilation).ToArray(),
                ["group"] = (long)group,
            }, node.Label);
        if (activation is not null)
            y = steps.Add(activation.Type, [y, .. activation.Inputs.Skip(1)], grid, activation.Attributes, activation.Name);
        if (pixels > 1) y = Spread(steps, y, axes, weights.Dims[1] * group, isPixelFirst);
        steps.End(Cut(steps, graph, node, y, axes), (activation ?? node).Output);
    }

    /// <summary>The filters and biases, one for each output channel and pixel of a block.</summary>
    private static IEnumerable<Value> Constants(Graph graph, Node node, Phases[] axes, int pixels, bool isPixelFirst)
    {
        Value weight = node.Input(1);
        int group = ConvTranspose.Group(node), filters = weight.Constant!.Dims[1] * group;
        Value turned = graph.AddConstant(weight.Name, Filters(weight.Constant, group, axes, isPixelFirst));
        turned.Quantization = weight.Quantization is not { } grid || grid.IsPerTensor ? weight.Quantization
            : group == 1 && grid.Axis == 1 ? Repeated(grid) : null;
        yield return turned;
        if (node.InputOrNull(2) is not { } bias) yield break;
        Tensor numbers = Tensor.Zeros(bias.Type, [filters * pixels]);
        int size = bias.Constant!.Type.Size();
        for (int i = 0; i < filters * pixels; i++)
            bias.Constant.Bytes.Span.Slice(Source(i) * size, size).CopyTo(numbers.Bytes.Span[(i * size)..]);
        Value repeated = graph.AddConstant(bias.Name, numbers);
        repeated.Quantization = bias.Quantization is not { IsPerTensor: false } perChannel ? bias.Quantization : Repeated(perChannel);
        yield return repeated;

        int Source(int i) => isPixelFirst ? i % filters : i / pixels;

        Quantization Repeated(Quantization q)
        {
            int[] sources = [.. Enumerable.Range(0, filters * pixels).Select(Source)];
            return new Quantization(q.Type, [.. sources.Select(s => q.Scales[s])], [.. sources.Select(s => q.ZeroPoints[s])], 0);
        }
    }

    /// <summary>The weights [C, M/group, …] as filters [M·pixels, C/group, …].</summary>
    private static Tensor Filters(Tensor weights, int group, Phases[] axes, bool isPixelFirst)
    {
        int inputs = weights.Dims[0] / group, outputs = weights.Dims[1], size = weights.Type.Size();
        Phases v = axes.Length == 1 ? Phases.None : axes[0], h = axes[^1];
        (int height, int width) = (v.Taps, h.Taps);
        int pixels = v.Stride * h.Stride, plane = weights.Dims[^1] * (axes.Length == 1 ? 1 : weights.Dims[2]);
        Tensor result = Tensor.Zeros(weights.Type, [outputs * group * pixels, inputs, .. axes.Select(a => a.Taps)]);
        for (int i = 0; i < result.Count; i++)
        {
            (int tx, int ty, int c, int filter) = (i % width, i / width % height, i / width / height % inputs, i / width / height / inputs);
            (int pixel, int m) = isPixelFirst
                ? (filter / (outputs * group), filter % (outputs * group)) : (filter % pixels, filter / pixels);
            int ky = v.Source(pixel / h.Stride, ty), kx = h.Source(pixel % h.Stride, tx);
            if (ky < 0 || kx < 0) continue;
            int from = (((((m / outputs * inputs) + c) * outputs) + (m % outputs)) * plane) + (ky * weights.Dims[^1]) + kx;
            weights.Bytes.Span.Slice(from * size, size).CopyTo(result.Bytes.Span[(i * size)..]);
        }

        return result;
    }

    private static Value Spread(NodeReplacement steps, Value y, Phases[] axes, int channels, bool isPixelFirst)
    {
        if (axes.Length == 1)
        {
            y = steps.Reshape(y, 0, channels, axes[0].Stride, -1);
            return steps.Reshape(Transpose(0, 1, 3, 2), 0, channels, -1);
        }

        return axes[0].Stride == axes[1].Stride
            ? steps.Add("DepthToSpace", [y], y.Quantization,
                [new("blocksize", (long)axes[0].Stride), new("mode", isPixelFirst ? "DCR" : "CRD")])
            : Rectangles();

        Value Rectangles()
        {
            (int height, int width) = (axes[0].Rows, axes[1].Rows);
            y = steps.Reshape(y, 0, channels, axes[0].Stride, axes[1].Stride, height, width);
            return steps.Reshape(Transpose(0, 1, 4, 2, 5, 3), 0, channels, height * axes[0].Stride, width * axes[1].Stride);
        }

        Value Transpose(params long[] order) => steps.Add("Transpose", [y], y.Quantization, [new("perm", order)]);
    }

    /// <summary>Removes what the padding of the transposed convolution cuts off.</summary>
    private static Value Cut(NodeReplacement steps, Graph graph, Node node, Value y, Phases[] axes)
    {
        int[] cut = [.. Enumerable.Range(0, axes.Length).Where(i => axes[i].CutBegin > 0 || axes[i].CutEnd > 0)];
        if (cut.Length == 0) return y;
        return steps.Add("Slice",
        [
            y, Ints("starts", i => axes[i].CutBegin), Ints("ends", i => axes[i].CutEnd == 0 ? int.MaxValue : -axes[i].CutEnd),
            Ints("axes", i => i + 2),
        ], y.Quantization, []);

        Value Ints(string name, Func<int, long> of) => graph.AddConstant($"{node.Label}_{name}", Tensor.Vector<long>([.. cut.Select(of)]));
    }

    /// <summary>A transposed convolution along an axis as a convolution whose results come in blocks.</summary>
    /// <param name="Stride">The pixels of a block.</param>
    /// <param name="Taps">The convolution's window.</param>
    /// <param name="Dilation">The distance between its taps.</param>
    /// <param name="Step">The distance between the weights' taps, where they are spread over blocks.</param>
    /// <param name="Kernel">The number of the weights' taps.</param>
    /// <param name="Rows">The number of blocks.</param>
    private sealed record Phases(
        int Stride, int Taps, int Dilation, int Step, int Kernel, int PadBegin, int PadEnd, int Rows, int CutBegin, int CutEnd)
    {
        public static Phases None { get; } = new(1, 1, 1, 1, 1, 0, 0, 1, 0, 0);

        public static Phases Of(WindowAxis axis)
        {
            int stride = axis.Stride, reach = (axis.Extent - 1) / stride;
            bool isSpread = stride > 1;
            // Block q adds the inputs from q - reach to q.
            int first = Math.Min(axis.PadBegin / stride, reach);
            int end = Math.Max((axis.PadBegin + axis.Input + stride - 1) / stride, axis.Output);
            int cut = axis.PadBegin - (stride * first);
            return new Phases(
                stride, isSpread ? reach + 1 : axis.Kernel, isSpread ? 1 : axis.Dilation, isSpread ? axis.Dilation : 1, axis.Kernel,
                reach - first, end - axis.Output, end - first, cut, (stride * (end - first)) - cut - axis.Input);
        }

        /// <summary>The weights' tap that a tap of the convolution has for a pixel of a block; −1 where there is none.</summary>
        public int Source(int pixel, int tap)
        {
            int place = pixel + (Stride * (Taps - 1 - tap));
            return place % Step == 0 && place / Step < Kernel ? place / Step : -1;
        }
    }
}
