using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>Samples that are trained with or evaluated on together.</summary>
/// <param name="Inputs">A tensor for each graph input, the batch first.</param>
/// <param name="Labels">The class of each sample; empty where there are no labels.</param>
/// <param name="Targets">What the model's first output should be, the batch first; null where that is not known.</param>
internal sealed record TrainingBatch(Tensor[] Inputs, int[] Labels, Tensor? Targets = null)
{
    /// <summary>Some of the samples.</summary>
    /// <param name="first">The first, from 0.</param>
    public TrainingBatch Slice(int first, int count) => new(
        Array.ConvertAll(Inputs, i => Slice(i, first, count)),
        Labels.Length == 0 ? [] : Labels[first..(first + count)],
        Targets is null ? null : Slice(Targets, first, count));

    /// <summary>Some of the samples of a tensor, which shares its memory.</summary>
    /// <param name="first">The first, from 0.</param>
    public static Tensor Slice(Tensor tensor, int first, int count)
    {
        int sample = tensor.Bytes.Length / tensor.Dims[0];
        return new Tensor(tensor.Type, [count, .. tensor.Dims[1..]], tensor.Bytes.Slice(first * sample, count * sample));
    }
}

/// <summary>Samples of a graph's inputs and perhaps their labels or targets, read batch by batch.</summary>
internal sealed class TrainingSet : IDisposable
{
    private readonly List<InputSamples> _inputs = [];
    private readonly Graph _graph;
    private Tensor[][]? _states;
    private readonly int[] _labels = [];
    private readonly string? _labelFile;
    private readonly InputSamples? _targets;

    /// <summary>Opens data.</summary>
    /// <param name="name">The option that names the data, for diagnostics.</param>
    /// <param name="data">A file or folder for each input.</param>
    /// <param name="labels">The labels, or null.</param>
    /// <param name="takesTargets">Whether floats are taken as what the first output should be; without, they are no labels.</param>
    /// <exception cref="CompilationException">The data does not fit the inputs, or the labels do not fit the data.</exception>
    public TrainingSet(
        Graph graph, CompileOptions options, string name, IReadOnlyList<string> data, string? labels, bool takesTargets = false)
    {
        // Passes change the graph before it says what the states are.
        _graph = graph.States.Count > 0 ? graph.Clone() : graph;
        Value[] fed = [.. graph.FedInputs];
        if (SampleSizes.Divide(data, fed.Length) is not { } divided)
            throw FineTuningDiagnostics.WrongCount.Error(
                null, name, data.Count, fed.Length, string.Join(", ", fed.Select(i => i.Name)));
        try
        {
            SampleFormat format = SampleFormat.Of(options);
            foreach ((IReadOnlyList<string> paths, Value input) in divided.Zip(fed))
                _inputs.Add(InputSamples.Open(paths, Signature(input), format));
            Count = _inputs[0].Count;
            if (_inputs.Exists(i => i.Count != Count))
                throw FineTuningDiagnostics.UnequalCount.Error(null, name, string.Join(", ", _inputs.Select(i => i.Count)));
            _labelFile = labels;
            if (labels is null) return;
            if (takesTargets && LabelSource.AreFloats(labels))
                _targets = InputSamples.Open([labels], Signature(graph.Outputs[0]),
                    SampleFormat.Default with { Layout = options.DataLayout });
            else
                _labels = LabelSource.Read(labels);
            int count = _targets?.Count ?? _labels.Length;
            if (count != Count) throw DataDiagnostics.LabelCountMismatch.In(labels, null, count, Count);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The number of samples.</summary>
    public int Count { get; }

    /// <summary>Whether samples have labels.</summary>
    public bool HasLabels => _labels.Length > 0;

    /// <summary>Whether each sample has a target for the model's first output.</summary>
    public bool HasTargets => _targets is not null;

    /// <summary>The first input with a fixed batch of more than one sample, or null.</summary>
    public static Value? FixedBatch(Graph graph) =>
        graph.Inputs.Find(i => i.Shape is not { Rank: > 0 } shape || (!shape.IsBatchOpen && shape[0] != 1));

    /// <summary>Checks that labels are classes of a model.</summary>
    /// <exception cref="CompilationException">One is not.</exception>
    public void CheckLabels(int classes)
    {
        int wrong = Array.FindIndex(_labels, l => l >= classes);
        if (wrong >= 0) throw new CompilationException(
            FineTuningDiagnostics.LabelOutside.At(_labelFile, null, wrong, _labels[wrong], classes));
    }

    /// <summary>Reads samples as they are.</summary>
    /// <param name="indices">Which, from 0.</param>
    /// <param name="pool">Threads, or null.</param>
    public TrainingBatch Batch(ReadOnlySpan<int> indices, WorkerPool? pool) =>
        Batch(indices.ToArray(), new ImageVariation[indices.Length], pool);

    /// <summary>Reads samples and varies images.</summary>
    /// <param name="chosen">Which, from 0.</param>
    /// <param name="variations">How the images of each are varied.</param>
    /// <param name="pool">Threads, or null.</param>
    public TrainingBatch Batch(int[] chosen, ImageVariation[] variations, WorkerPool? pool) => new(
        Inputs(chosen, variations, pool),
        HasLabels ? Array.ConvertAll(chosen, i => _labels[i]) : [],
        _targets is null ? null : Read(_targets, chosen, new ImageVariation[chosen.Length], pool));

    public void Dispose()
    {
        _inputs.ForEach(i => i.Dispose());
        _targets?.Dispose();
    }

    /// <summary>A tensor for each graph input; states are those of the samples in their order, whichever are chosen.</summary>
    private Tensor[] Inputs(int[] chosen, ImageVariation[] variations, WorkerPool? pool)
    {
        IEnumerable<Tensor> fed = _inputs.Select(i => Read(i, chosen, variations, pool));
        if (_graph.States.Count == 0) return [.. fed];
        Tensor[][] states = _states ??= StateSequence.Run(_graph, _inputs, new Workers(pool));
        var next = new Queue<Tensor>(fed);
        return [.. _graph.Inputs.Select(input => _graph.States.FindIndex(s => s.Input == input.Name) is >= 0 and var index
            ? Join([.. chosen.Select(i => states[i][index])]) : next.Dequeue())];
    }

    private static Tensor Join(Tensor[] samples)
    {
        Tensor batch = Tensor.Zeros(samples[0].Type, [samples.Length, .. samples[0].Dims[1..]]);
        for (int i = 0; i < samples.Length; i++) samples[i].Bytes.CopyTo(batch.Bytes[(i * samples[i].Bytes.Length)..]);
        return batch;
    }

    private static TensorSignature Signature(Value value) => new(value.Name, value.Type, value.Shape!);

    private static Tensor Read(InputSamples samples, int[] chosen, ImageVariation[] variations, WorkerPool? pool)
    {
        Tensor first = samples.Read(chosen[0]);
        Tensor batch = Tensor.Zeros(first.Type, [chosen.Length, .. first.Dims[1..]]);
        int bytes = first.Bytes.Length;
        new PlaneJob(chosen.Length, s =>
        {
            Tensor sample = s == 0 ? first : samples.Read(chosen[s]);
            variations[s].Apply(sample).Bytes.CopyTo(batch.Bytes[(s * bytes)..]);
        }).Run(pool);
        return batch;
    }
}
