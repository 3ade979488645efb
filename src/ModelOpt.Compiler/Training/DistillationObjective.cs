using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The float model as the teacher: class scores by <see cref="ClassLosses.Distillation"/>, other outputs and, if options ask for it, the
/// outputs of layers by <see cref="SquaredError"/>, so that blocks learn from their own results (the last and the mean of the others
/// count alike). Needs no labels.
/// </summary>
internal sealed class DistillationObjective : IObjective
{
    // Softens scores so that scores of wrong classes teach too.
    private const int DefaultTemperature = 4;

    private readonly GradientTape _teacher;
    private readonly int _results;
    private readonly bool _areClasses;
    private readonly float _temperature;
    private readonly WorkerPool? _pool;

    /// <summary>Pairs the values of a model with those of its teacher.</summary>
    /// <param name="graph">The model; it may be quantized and smaller.</param>
    /// <param name="areClasses">Whether the first output is known to be class scores.</param>
    /// <param name="options">What to learn, and at which temperature.</param>
    /// <param name="pool">Threads, or null.</param>
    public DistillationObjective(Graph graph, Graph reference, bool areClasses, ModelOptions options, WorkerPool? pool)
    {
        _pool = pool;
        _temperature = options.Temperature ?? DefaultTemperature;
        Value scores = ClassScores.Of(graph, out bool isSoftmax), wanted = ClassScores.Of(reference, out _);
        _areClasses = areClasses || isSoftmax;
        List<(Value Own, Value Teacher)> pairs = [(scores, wanted), .. graph.Outputs.Zip(reference.Outputs).Skip(1)];
        _results = pairs.Count;
        Dictionary<string, Value> named = reference.Values.Where(v => !v.IsConstant).ToDictionary(v => v.Name, StringComparer.Ordinal);
        HashSet<Value> paired = [.. pairs.Select(p => p.Own)];
        IEnumerable<Node> layers = options.Distillation == Distillation.Outputs ? [] : graph.Nodes;
        foreach (Node node in layers.Where(n => Operator.Of(n).Quantization == QuantizationRule.Weighted))
        {
            // The value between a layer and its fused activation is never stored, so it need not match.
            Value value = (FusedActivation.Of(graph, node) ?? node).Output;
            if (named.TryGetValue(value.Name, out Value? same) && Equals(same.Shape, value.Shape) && paired.Add(value))
                pairs.Add((value, same));
        }

        Values = [.. pairs.Select(p => p.Own)];
        _teacher = new GradientTape(reference, [.. pairs.Select(p => p.Teacher)], isForwardOnly: true) { Pool = pool };
    }

    public IReadOnlyList<Value> Values { get; }

    public (double Loss, Tensor[] Gradients) Evaluate(ReadOnlySpan<Tensor> computed, TrainingBatch batch, CancellationToken cancellation)
    {
        Tensor[] wanted = _teacher.Forward(batch.Inputs, cancellation);
        var gradients = new Tensor[computed.Length];
        double loss = 0;
        for (int i = 0; i < gradients.Length; i++)
        {
            LossGradient part = i == 0 && _areClasses
                ? ClassLosses.Distillation(computed[0], wanted[0], _temperature) : SquaredError.Of(computed[i], wanted[i], _pool);
            float share = i < _results ? 1 : 1f / (gradients.Length - _results);
            loss += share * part.Loss;
            gradients[i] = part.Gradient;
            if (share == 1) continue;
            ElementRanges.Run(part.Gradient.Count, _pool, (start, length) =>
            {
                foreach (ref float g in part.Gradient.Span<float>().Slice(start, length)) g *= share;
            });
        }

        return (loss, gradients);
    }
}
