using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Calibration;

/// <summary>Runs calibration samples through the float graph, one at a time, and keeps statistics of activations.</summary>
internal sealed class Calibrator : IDisposable
{
    private readonly Graph _graph;
    private readonly PassContext _context;
    private readonly List<InputSamples> _inputs = [];
    private readonly CalibrationSamples _usable;

    /// <summary>Opens the calibration data of a graph's inputs.</summary>
    /// <exception cref="CompilationException">The data does not fit the inputs.</exception>
    public Calibrator(Graph graph, PassContext context)
    {
        _graph = graph;
        _context = context;
        CompileOptions options = context.Options;
        Value[] fed = [.. graph.FedInputs];
        if (SampleSizes.Divide(options.CalibrationData, fed.Length) is not { } data)
        {
            string names = string.Join(", ", fed.Select(i => i.Name));
            throw RecipeDiagnostics.WrongCalibrationCount.Error(null, options.CalibrationData.Count, fed.Length, names);
        }

        try
        {
            for (int i = 0; i < fed.Length; i++)
            {
                Value input = fed[i];
                // Samples may differ in what is open.
                Shape shape = graph.OpenShapes?.GetValueOrDefault(input.Name) ?? input.Shape!;
                // A model that owns its preprocessing is calibrated with the bytes it will see.
                _inputs.Add(InputSamples.Open(data[i], new(input.Name, input.Type, shape), SampleFormat.Of(options, input.Type)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        int available = Available = _inputs.Min(i => i.Count);
        if (_inputs.Exists(i => i.Count != available))
            throw RecipeDiagnostics.UnequalCalibration.Error(null, string.Join(", ", _inputs.Select(i => i.Count)));
        if (graph.OpenShapes is { } open) SampleSizes.Check(fed, open, _inputs);
        _usable = CalibrationSamples.Of(available, options, context.Model);
        Count = Math.Min(_usable.Count, options.CalibrationSamples);
    }

    /// <summary>How many samples are used.</summary>
    public int Count { get; }

    /// <summary>How many samples the data has.</summary>
    public int Available { get; }

    /// <summary>Runs all samples and collects statistics of the given values.</summary>
    public Dictionary<Value, ActivationStatistics> Observe(IEnumerable<Value> observed)
    {
        Dictionary<Value, ActivationStatistics> statistics = observed.ToDictionary(v => v, _ => new ActivationStatistics());
        Run(statistics.Keys, Count, "calibrate", (value, tensor) => statistics[value].Add(tensor));
        return statistics;
    }

    /// <summary>Runs samples, evenly spread over the data, and passes on the given values of each.</summary>
    /// <param name="visit">Called with each observed value of each sample, whose tensor it does not keep.</param>
    /// <exception cref="CompilationException">A value is not finite.</exception>
    public void Run(IEnumerable<Value> observed, int samples, string phase, Action<Value, Tensor> visit)
    {
        HashSet<Value> values = [.. observed];
        samples = Math.Min(samples, Count);
        int sample = 0;
        Interpreter interpreter = new(_graph, values)
        {
            Pool = _context.Pool,
            Reuses = true,
            IsWatched = true,
            Hook = (value, tensor) =>
            {
                if (!values.Contains(value)) return;
                if (tensor.Span<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
                    throw RecipeDiagnostics.NotFinite.Error(value.Producer?.Label, sample, value.Name);
                visit(value, tensor);
            },
        };
        for (; sample < samples; sample++)
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            _context.Progress?.Report(new CompileProgress(phase, sample, samples));
            interpreter.Run(Sample(sample, samples), _context.Cancellation);
        }

        _context.Progress?.Report(new CompileProgress(phase, samples, samples));
    }

    /// <summary>Samples, evenly spread over the data.</summary>
    /// <param name="bytes">At most how large an activation of all of them may be, as far as one sample allows.</param>
    /// <returns>For each sample a tensor for each graph input.</returns>
    public Tensor[][] Spread(int count, long bytes)
    {
        long largest = _graph.Values.Where(v => !v.IsConstant).Max(v => SampleBytes(v));
        count = (int)Math.Clamp(bytes / Math.Max(largest, 1), 1, Math.Min(count, Count));
        return [.. Enumerable.Range(0, count).Select(i => Sample(i, count))];
    }

    /// <summary>Some of the samples that are used, spread evenly over the data.</summary>
    /// <returns>Their numbers in the data.</returns>
    public int[] Used(int most) => _usable.Spread(Math.Min(most, Count));

    /// <summary>Some of the samples that neither calibration nor training uses, spread evenly over the data.</summary>
    /// <returns>Their numbers in the data; none where all are used.</returns>
    public int[] Unused(int most)
    {
        HashSet<int> used = [.. _usable.Chosen ?? _usable.Spread(Count)];
        int[] rest = [.. Enumerable.Range(0, Available).Where(i => !used.Contains(i))];
        return most >= rest.Length ? rest : [.. Enumerable.Range(0, most).Select(i => rest[(int)((long)i * rest.Length / most)])];
    }

    /// <summary>A sample of a model without states.</summary>
    /// <param name="sample">Its number in the data.</param>
    /// <returns>A tensor for each graph input.</returns>
    public Tensor[] At(int sample) => StateSequence.Sample(_graph, _inputs, sample, null);

    public void Dispose() => _inputs.ForEach(i => i.Dispose());

    /// <summary>One sample for each input. Data files are often sorted by class: the samples used are spread over all of it.</summary>
    public Tensor[] Sample(int index, int of)
    {
        int sample = _usable.Spread(index, of);
        if (_graph.States.Count == 0) return StateSequence.Sample(_graph, _inputs, sample, null);
        _context.States ??= StateSequence.Run(_context.Reference ?? _graph, _inputs, _context.Workers, _context.Progress);
        return StateSequence.Sample(_graph, _inputs, sample, _context.States[sample]);
    }

    private static long SampleBytes(Value value) =>
        value.Shape?.Aggregate((long)value.Type.Size(), (size, dim) => dim.IsKnown ? size * dim.Size : size) ?? 0;
}
