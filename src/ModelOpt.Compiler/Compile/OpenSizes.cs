using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Input sizes that a model leaves open, besides the batch. They stay open; sizes that the model takes, as examples, are those of the
/// calibration data, or are found by trying.
/// </summary>
internal static class OpenSizes
{
    // Detectors want multiples of 32 or 64, tokens and samples many things. Inputs of several open sizes get different ones first.
    private static readonly long[] Tried =
        [64, 32, 96, 128, 160, 192, 224, 256, 320, 384, 416, 448, 512, 576, 640, 768, 1024, 1536, 48, 16, 100, 8, 4, 2, 1, 16000];

    // Models of some steps of time may take no two.
    private static readonly long[] SecondBatches = [2, 3, 4, 8, 16, 32, 64];

    private const int MostNames = 4;

    /// <summary>Finds examples of open sizes.</summary>
    /// <param name="options">The options that name the calibration data.</param>
    /// <exception cref="CompilationException">The data does not fit, or no sizes do.</exception>
    public static void Find(Graph graph, CompileOptions options)
    {
        WeightSizes.Fix(graph);
        var given = new Dictionary<string, long>(StringComparer.Ordinal);
        Value[] fed = [.. graph.FedInputs];
        IReadOnlyList<string>[]? data = SampleSizes.Divide(options.CalibrationData, fed.Length);
        foreach (Value input in graph.Inputs)
        {
            if (input.Shape is not { } shape || shape.Skip(1).All(d => d.IsKnown)) continue;
            bool hasData = data is not null && !graph.IsState(input);
            input.Shape = new Shape(shape.Select((d, axis) => d == Dim.Unknown && axis > 0 ? Dim.Named($"{input.Name}:{axis}") : d));
            if (!hasData) continue;
            using SampleSource source = SampleSource.Open(data![Array.IndexOf(fed, input)], options.Images);
            Shape sizes = SampleSizes.In(shape, source.SampleShape, options.DataLayout, source.Type == ElementType.UInt8)
                ?? throw GraphDiagnostics.DynamicShape.Error(input.Name, input.Name, shape);
            if (!SampleSizes.TryName(input.Shape, sizes, given)) input.Shape = sizes;
        }

        if (AreOpen(graph)) graph.Examples = Examples(graph, given);
    }

    /// <summary>
    /// Gives inputs the sizes of the first example: what compresses layers sees one size. <see cref="Open"/> takes that back.
    /// </summary>
    public static void Close(Graph graph)
    {
        if (graph.Examples is not [var sizes, ..]) return;
        graph.OpenShapes = graph.Inputs.ToDictionary(i => i.Name, i => i.Shape!, StringComparer.Ordinal);
        foreach (Value input in graph.Inputs) input.Shape = input.Shape!.At(sizes);
        ShapeInference.Run(graph);
    }

    /// <summary>Opens what <see cref="Close"/> closed.</summary>
    public static void Open(Graph graph)
    {
        if (graph.OpenShapes is not { } shapes) return;
        graph.OpenShapes = null;
        foreach (Value input in graph.Inputs) input.Shape = shapes[input.Name];
        ShapeInference.Run(graph);
    }

    /// <summary>Infers the shapes of a graph as it was read.</summary>
    /// <exception cref="CompilationException">They do not fit, or only do so for some sizes of those left open.</exception>
    public static void Infer(Graph graph)
    {
        try
        {
            ShapeInference.Run(graph, useStated: true);
        }
        catch (CompilationException e) when (graph.Examples is [var sizes, ..])
        {
            Value open = graph.Inputs.First(i => i.Shape is { } shape && shape.Skip(1).Any(d => !d.IsKnown));
            throw new CompilationException(GraphDiagnostics.NotForAllSizes.At(
                null, e.Diagnostic.Layer, open.Name, open.Shape, e.Diagnostic.Message.TrimEnd('.'), open.Shape!.At(sizes)), e);
        }
    }

    /// <summary>Whether inputs leave sizes besides the batch open, or the batch is a size like others.</summary>
    public static bool AreOpen(Graph graph) => graph.Inputs.Exists(i => i.Shape is { } shape
        && (shape.Skip(1).Any(d => !d.IsKnown) || (graph.HasBatchAsSize && shape.IsBatchOpen)));

    /// <summary>Makes the batch an open size like others: one sample in the first example, more in the second.</summary>
    /// <returns>Whether the model takes one sample, and several.</returns>
    public static bool TryOpenBatch(Graph graph)
    {
        string[] names = [.. graph.Inputs.Where(i => i.Shape is { IsBatchOpen: true }).SelectMany(i => i.Shape![0].Names).Distinct()];
        IReadOnlyDictionary<string, long> first = graph.Examples is [var own, ..] ? own : new Dictionary<string, long>();
        IReadOnlyDictionary<string, long>[] found =
            [With(first, 1), .. SecondBatches.Select(b => With(graph.Examples is [.., var last] ? last : first, b))];
        found = [.. found.Where(sizes => Takes(graph, sizes, [])).Take(2)];
        if (found.Length < 2 || names.Any(n => found[0][n] != 1)) return false;
        (graph.Examples, graph.HasBatchAsSize) = (found, true);
        return true;

        IReadOnlyDictionary<string, long> With(IReadOnlyDictionary<string, long> sizes, long batch) =>
            sizes.Where(s => !names.Contains(s.Key)).Concat(names.Select(n => KeyValuePair.Create(n, batch)))
                .ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Copies of a graph at sizes that it takes, of those that are tried, with one sample and with two.</summary>
    /// <param name="most">How many sizes are tried.</param>
    public static IEnumerable<Graph> Taken(Graph graph, int most)
    {
        if (graph.Examples is not [var example, ..]) yield break;
        HashSet<Dim> batch = graph.Batch;
        IEnumerable<IReadOnlyDictionary<string, long>> tried = [.. graph.Examples, .. Candidates([.. example.Keys])];
        foreach (IReadOnlyDictionary<string, long> sizes in tried.Take(most))
        {
            for (int samples = 1; samples <= (batch.Count > 0 ? 2 : 1); samples++)
                if (TryAt(graph, sizes, batch, samples) is { } copy) yield return copy;
        }
    }

    /// <summary>A copy of a graph whose inputs have the sizes of tensors.</summary>
    /// <exception cref="CompilationException">The model does not take them.</exception>
    public static Graph At(Graph graph, IReadOnlyList<Tensor> inputs)
    {
        Graph copy = graph.Clone();
        for (int i = 0; i < inputs.Count; i++) copy.Inputs[i].Shape = new Shape(inputs[i].Dims);
        ShapeInference.Run(copy);
        return copy;
    }

    /// <summary>Sizes to try: different ones, the same ones, and one beside ones (others may be batches by another name).</summary>
    private static IEnumerable<Dictionary<string, long>> Candidates(string[] names)
    {
        foreach (int step in names.Length > 1 ? (int[])[1, 0] : [0])
        {
            for (int first = 0; first < Tried.Length; first++)
                yield return names.Index().ToDictionary(n => n.Item, n => Tried[(first + (n.Index * step)) % Tried.Length]);
        }

        if (names.Length is < 2 or > MostNames) yield break;
        foreach (string alone in names)
            foreach (long size in Tried) yield return names.ToDictionary(n => n, n => n == alone ? size : 1);
    }

    /// <param name="given">Sizes that the data says.</param>
    private static List<IReadOnlyDictionary<string, long>> Examples(Graph graph, Dictionary<string, long> given)
    {
        HashSet<Dim> batch = graph.Batch;
        HashSet<string> batchNames = [.. batch.SelectMany(d => d.Names)];
        string[] names = [.. graph.Inputs.Where(i => i.Shape is not null).SelectMany(i => i.Shape!.Skip(1)).SelectMany(d => d.Names)
            .Where(n => !batchNames.Contains(n)).Distinct()];
        // The batch may be the only open size of other axes.
        if (names.Length == 0) return [];
        List<IReadOnlyDictionary<string, long>> found = given.Count > 0 && names.All(given.ContainsKey) ? [given] : [];
        CompilationException? last = null;
        foreach (Dictionary<string, long> sizes in Candidates(names))
        {
            if (found.Count == 2) break;
            if (found.Exists(f => sizes.All(s => f[s.Key] == s.Value))) continue;
            if (Takes(graph, sizes, batch, e => last = e)) found.Add(sizes);
        }

        if (found.Count > 0) return found;
        Value open = graph.Inputs.First(i => i.Shape is { } shape && shape.Skip(1).Any(d => !d.IsKnown));
        throw new CompilationException(
            GraphDiagnostics.NoSizes.At(null, open.Name, open.Name, open.Shape, last!.Diagnostic.Message.TrimEnd('.')), last);
    }

    /// <summary>Whether a model takes sizes, with one sample.</summary>
    private static bool Takes(
        Graph graph, IReadOnlyDictionary<string, long> sizes, HashSet<Dim> batch, Action<CompilationException>? refused = null) =>
        TryAt(graph, sizes, batch, 1, refused) is not null;

    /// <summary>A copy of a graph at sizes; null where it does not take them.</summary>
    private static Graph? TryAt(
        Graph graph, IReadOnlyDictionary<string, long> sizes, HashSet<Dim> batch, int samples, Action<CompilationException>? refused = null)
    {
        Graph copy = graph.Clone();
        foreach (Value input in copy.Inputs)
            input.Shape = input.Shape is { } shape ? new Shape(shape.At(sizes).Select(d => batch.Contains(d) ? samples : d)) : null;
        try
        {
            ShapeInference.Run(copy);
            return copy;
        }
        catch (CompilationException e)
        {
            refused?.Invoke(e);
            return null;
        }
    }
}
