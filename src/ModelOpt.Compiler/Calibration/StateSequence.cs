using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// The states that a model has before each sample of its data: the samples follow each other, and the first begins with zeros.
/// </summary>
internal static class StateSequence
{
    /// <summary>Runs all samples in order.</summary>
    /// <param name="graph">A graph with states.</param>
    /// <param name="inputs">The data of the inputs that are no states, in order.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <returns>For each sample a tensor for each state, in the order of <see cref="Graph.States"/>.</returns>
    public static Tensor[][] Run(
        Graph graph, IReadOnlyList<InputSamples> inputs, Workers workers, IProgress<CompileProgress>? progress = null)
    {
        Value[] ends = [.. graph.States.Select(s => graph.Outputs.First(o => o.Name == s.Output))];
        Interpreter interpreter = new(graph, ends) { Pool = workers.Pool };
        var states = new Tensor[inputs[0].Count][];
        Tensor[] state = [.. graph.States.Select(s => Zeros(graph.Inputs.First(i => i.Name == s.Input)))];
        for (int sample = 0; sample < states.Length; sample++)
        {
            workers.Cancellation.ThrowIfCancellationRequested();
            progress?.Report(new CompileProgress("carry states", sample, states.Length));
            states[sample] = state;
            state = interpreter.Run(Sample(graph, inputs, sample, state), workers.Cancellation);
        }

        return states;
    }

    /// <summary>One sample: a tensor for each graph input.</summary>
    /// <param name="inputs">The data of the inputs that are no states, in order.</param>
    /// <param name="state">A tensor for each state; null where the graph has none.</param>
    public static Tensor[] Sample(Graph graph, IReadOnlyList<InputSamples> inputs, int sample, Tensor[]? state)
    {
        int next = 0;
        return [.. graph.Inputs.Select(input => graph.States.FindIndex(s => s.Input == input.Name) is >= 0 and var index
            ? state![index] : inputs[next++].Read(sample))];
    }

    /// <summary>What a state begins with, of one sample.</summary>
    private static Tensor Zeros(Value input) =>
        Tensor.Zeros(input.Type, [.. input.Shape!.Select(d => d.IsKnown ? checked((int)d.Size) : 1)]);
}
