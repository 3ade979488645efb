using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Selection;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Runs calibration samples through the graph as it is and through the float model, one at a time, and collects the
/// <see cref="LayerMoments"/> of layers: inputs from the one, outputs from the other. It limits the memory that it keeps for samples.
/// </summary>
internal sealed class MomentCollector : IDisposable
{
    /// <summary>At most how many positions of a sample are used, evenly spread; neighbours tell little new.</summary>
    private const int Positions = 1024;

    /// <summary>The same where each group has moments of its own, which are small.</summary>
    private const int GroupPositions = 256;

    private readonly Graph _graph;
    private readonly PassContext _context;
    private readonly Calibrator _calibrator;
    private readonly SampleFront _current;
    private readonly SampleFront _original;
    private readonly Dictionary<string, Value> _produced;
    private readonly Dictionary<Node, float[]> _offsets = [];

    /// <summary>Opens the data.</summary>
    /// <param name="graph">The graph as it is. What lies behind the layers whose moments were collected last may change.</param>
    /// <param name="reference">The float model; layers are found by the names of their outputs.</param>
    public MomentCollector(Graph graph, Graph reference, PassContext context)
    {
        (_graph, _context) = (graph, context);
        _calibrator = new Calibrator(graph, context);
        _current = new SampleFront(graph, _calibrator.Count, Read);
        _original = new SampleFront(reference, _calibrator.Count, Read);
        _produced = reference.Nodes.SelectMany(n => n.Outputs).OfType<Value>().ToDictionary(v => v.Name, StringComparer.Ordinal);

        Tensor[] Read(int sample) => _calibrator.Sample(sample, _calibrator.Count);
    }

    /// <summary>Collects moments.</summary>
    /// <param name="layers">
    /// Layers of the graph, in its order and not before those of the last call: Conv, or Gemm as <see cref="GemmCanonicalization"/> makes
    /// it.
    /// </param>
    /// <returns>
    /// The moments of those layers whose outputs the float model has. Layers that share a weight have them in common, as if they had the
    /// bias of the one that is given too.
    /// </returns>
    /// <exception cref="CompilationException">A value is not finite, or the data does not fit.</exception>
    public Dictionary<Node, LayerMoments> Collect(IReadOnlyList<Node> layers, string phase)
    {
        Dictionary<Node, LayerTargets> targets = [];
        Dictionary<Node, LayerMoments> moments = [];
        foreach (Node layer in layers)
        {
            if (LayerTargets.Of(layer, _graph, _produced) is not { } target) continue;
            LayerMoments common = Empty(layer, target.Wanted);
            (targets[layer], moments[layer]) = (target, common);
            foreach (Node other in SharedWeights.LayersOf(layer).Where(n => n != layer))
            {
                if (LayerTargets.Of(other, _graph, _produced) is not { } others) continue;
                (targets[other], moments[other]) = (others, common);
                float[] bias = SharedWeights.BiasOf(layer);
                _offsets[other] = [.. SharedWeights.BiasOf(other).Select((b, c) => bias[c] - b)];
            }
        }

        if (targets.Count > 0) Run(targets, moments, phase, false);
        return moments;
    }

    /// <summary>
    /// Collects moments of a layer again, with targets that depend on the following activation and the layer's present output.
    /// </summary>
    /// <param name="layer">The only layer of the last call.</param>
    /// <returns>The moments, of the same inputs; null where no activation forgives errors, or the weight is shared.</returns>
    /// <exception cref="CompilationException">A value is not finite.</exception>
    public LayerMoments? CollectAgain(Node layer, LayerMoments moments, string phase)
    {
        if (SharedWeights.IsShared(layer) || LayerTargets.Of(layer, _graph, _produced) is not { IsOneSided: true } target) return null;
        LayerMoments forgiving = moments.OfOtherOutputs();
        Run(new() { [layer] = target }, new() { [layer] = forgiving }, phase, true);
        return forgiving;
    }

    public void Dispose() => _calibrator.Dispose();

    private void Run(Dictionary<Node, LayerTargets> targets, Dictionary<Node, LayerMoments> moments, string phase, bool forgiving)
    {
        Dictionary<Value, Tensor> seen = [];
        int sample = 0;
        _original.MoveTo(targets.Values.Select(t => t.Layer), [.. targets.Values.Select(t => t.Wanted)], _context.Pool, See);
        _current.MoveTo(targets.Keys, [.. targets.Keys.Select(l => l.Input(0)), .. targets.Values.Select(t => t.Added).OfType<Value>(),
            .. forgiving ? targets.Keys.Select(l => l.Output) : []], _context.Pool, See);
        for (; sample < _calibrator.Count; sample++)
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            _context.Progress?.Report(new CompileProgress(phase, sample, _calibrator.Count));
            _original.Run(sample, _context.Cancellation);
            _current.Run(sample, _context.Cancellation);
            foreach ((Node layer, LayerTargets target) in targets)
                Add(moments[layer], layer, seen[layer.Input(0)], Offset(layer, target.Of(seen, forgiving ? seen[layer.Output] : null)),
                    sample, _context.Pool);
        }

        void See(Value value, Tensor tensor) =>
            seen[value] = !tensor.Span<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue) ? tensor
            : throw RecipeDiagnostics.NotFinite.Error(value.Producer?.Label, sample, value.Name);
    }

    private Tensor Offset(Node layer, Tensor target)
    {
        if (!_offsets.TryGetValue(layer, out float[]? offset) || Array.TrueForAll(offset, o => o == 0)) return target;
        float[] values = target.Span<float>().ToArray();
        int inner = Math.Max(1, values.Length / (target.Dims[0] * offset.Length));
        for (int i = 0; i < values.Length; i++) values[i] += offset[i / inner % offset.Length];
        return Tensor.Of<float>(target.Dims, values);
    }

    private static LayerMoments Empty(Node layer, Value target)
    {
        Tensor weight = layer.Input(1).Constant!;
        int outputs = target.Shape is { Rank: > 1 } shape && shape[1].IsKnown ? (int)shape[1].Size : weight.Dims[0];
        return new LayerMoments((int)layer.Int("group", 1), weight.Count / weight.Dims[0], outputs);
    }

    private static void Add(LayerMoments moments, Node layer, Tensor x, Tensor y, int sample, WorkerPool? pool)
    {
        if (layer.Type == "Gemm")
        {
            // Rows of a dense layer's input are its positions.
            int rows = x.Dims[0];
            moments.Add(0, Transposed(x.Span<float>(), rows), Transposed(y.Span<float>(), rows), rows, pool);
            return;
        }

        Window2D window = ConvGeometry.OfConv(layer, layer.Input(1).Constant!.Shape).ToWindow(x.Dims, y.Dims[1]);
        int[] positions = Chosen(window.OutputHeight * window.OutputWidth, moments.Groups == 1 ? Positions : GroupPositions, sample);
        int channels = window.InputChannels / moments.Groups, outputs = moments.Outputs / moments.Groups;
        int[] offsets = Offsets(window, positions);
        using Rented patches = new(moments.Inputs * positions.Length), wanted = new(outputs * positions.Length);
        int plane = window.InputHeight * window.InputWidth, outputPlane = window.OutputHeight * window.OutputWidth;
        for (int n = 0; n < window.Batch; n++)
        {
            for (int g = 0; g < moments.Groups; g++)
            {
                Gather(x.Span<float>().Slice(((n * window.InputChannels) + (g * channels)) * plane, channels * plane), plane, offsets,
                    patches.Span);
                Gather(y.Span<float>().Slice(((n * moments.Outputs) + (g * outputs)) * outputPlane, outputs * outputPlane), outputPlane,
                    positions, wanted.Span);
                moments.Add(g, patches.Span, wanted.Span, positions.Length, pool);
            }
        }
    }

    /// <summary>Positions at equal distances, with a different start for each sample.</summary>
    private static int[] Chosen(int count, int most, int sample)
    {
        int step = (count + most - 1) / most;
        return [.. Enumerable.Range(0, count).Where(p => p % step == sample % step)];
    }

    /// <summary>Where in its plane the input under the window lies, [tap, position] (im2col); -1 in the padding.</summary>
    private static int[] Offsets(in Window2D w, int[] positions)
    {
        int[] offsets = new int[w.KernelHeight * w.KernelWidth * positions.Length];
        int at = 0;
        for (int ky = 0; ky < w.KernelHeight; ky++)
        for (int kx = 0; kx < w.KernelWidth; kx++)
        {
            foreach (int p in positions)
            {
                int y = (p / w.OutputWidth * w.StrideHeight) - w.PadTop + (ky * w.DilationHeight);
                int x = (p % w.OutputWidth * w.StrideWidth) - w.PadLeft + (kx * w.DilationWidth);
                offsets[at++] = (uint)y < (uint)w.InputHeight && (uint)x < (uint)w.InputWidth ? (y * w.InputWidth) + x : -1;
            }
        }

        return offsets;
    }

    /// <summary>The elements at offsets of each plane, one plane after the other.</summary>
    private static void Gather(ReadOnlySpan<float> planes, int plane, int[] offsets, Span<float> result)
    {
        for (; !planes.IsEmpty; planes = planes[plane..], result = result[offsets.Length..])
        {
            ReadOnlySpan<float> from = planes[..plane];
            Span<float> to = result[..offsets.Length];
            for (int i = 0; i < to.Length; i++)
            {
                int offset = offsets[i];
                to[i] = offset < 0 ? 0 : from[offset];
            }
        }
    }

    private static float[] Transposed(ReadOnlySpan<float> matrix, int rows)
    {
        int columns = matrix.Length / rows;
        float[] result = new float[matrix.Length];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) result[(c * rows) + r] = matrix[(r * columns) + c];
        }

        return result;
    }
}
