using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>Finds the two ends of the states that the options name.</summary>
internal static class States
{
    /// <summary>Options whose states are those of the recipe, where it has any.</summary>
    public static CompileOptions In(CompileOptions options, Recipe recipe) => options with { State = recipe.Over(options).State };

    /// <summary>
    /// Finds the inputs and outputs by name, and closes sizes besides the batch; their types and shapes are checked by <see cref="Check"/>.
    /// </summary>
    /// <exception cref="CompilationException">There is no such input or output, or it has a state already.</exception>
    public static void Find(Graph graph, CompileOptions options)
    {
        foreach (string text in options.State ?? [])
        {
            StatePair pair = Pair(graph, text);
            // A TFLite file says itself what its states are.
            if (graph.States.Contains(pair)) continue;
            if (graph.States.Exists(s => s.Input == pair.Input)) throw Misfit($"'{pair.Input}' has two outputs");
            if (graph.States.Exists(s => s.Output == pair.Output)) throw Misfit($"'{pair.Output}' has two inputs");
            graph.States.Add(pair);
            // A stream is one conversation: what is open in its state counts conversations.
            Value input = graph.Inputs.First(i => i.Name == pair.Input);
            if (input.Shape is not { } shape) continue;
            HashSet<Dim> closed = [.. shape.Skip(1).Where(d => !d.IsKnown && d != Dim.Unknown)];
            input.Shape = new Shape(shape.Select((d, axis) => axis == 0 || d.IsKnown ? d : 1));
            foreach (Value other in graph.Inputs.Where(i => i.Shape is not null))
                other.Shape = new Shape(other.Shape!.Select(d => closed.Contains(d) ? 1 : d));
        }

        if (graph.States.Count > 0 && !graph.FedInputs.Any()) throw Misfit("every input is a state");
    }

    /// <summary>Checks that what an output gives is what its input takes.</summary>
    /// <param name="graph">The graph, types and shapes inferred.</param>
    /// <exception cref="CompilationException">Types or shapes differ.</exception>
    public static void Check(Graph graph)
    {
        foreach (StatePair pair in graph.States)
        {
            Value input = graph.Inputs.First(i => i.Name == pair.Input), output = graph.Outputs.First(o => o.Name == pair.Output);
            string takes = Describe(graph, input), gives = Describe(graph, output);
            // The batch may have a name of its own at each end.
            bool fits = input.Type == output.Type && graph.DeclaredType(input) == graph.DeclaredType(output)
                && input.Shape!.Rank == output.Shape!.Rank
                && input.Shape.Zip(output.Shape).Select((p, i) => (p.First, p.Second, i))
                    .All(p => p.First == p.Second || (p.i == 0 && !p.First.IsKnown && !p.Second.IsKnown));
            if (!fits) throw Misfit($"'{input.Name}' is {takes}, and '{output.Name}' is {gives}");
        }
    }

    private static StatePair Pair(Graph graph, string text)
    {
        var pairs = text.Select((c, i) => c == ':' && i > 0 && i < text.Length - 1 ? i : -1).Where(i => i > 0)
            .Select(i => new StatePair(text[..i].Trim(), text[(i + 1)..].Trim())).ToList();
        if (pairs.Find(p => HasInput(p) && HasOutput(p)) is { } found) return found;
        StatePair meant = pairs.Find(HasInput) ?? pairs.Find(HasOutput) ?? pairs[0];
        throw HasInput(meant)
            ? Misfit($"the model has no output '{meant.Output}' but {Names(graph.Outputs)}")
            : Misfit($"the model has no input '{meant.Input}' but {Names(graph.Inputs)}");

        bool HasInput(StatePair pair) => graph.Inputs.Exists(i => i.Name == pair.Input);

        bool HasOutput(StatePair pair) => graph.Outputs.Exists(o => o.Name == pair.Output);
    }

    private static string Describe(Graph graph, Value value) => $"{graph.DeclaredType(value) ?? value.Type}{value.Shape}";

    private static string Names(IEnumerable<Value> values) => string.Join(", ", values.Select(v => $"'{v.Name}'"));

    private static CompilationException Misfit(string why) => OptionDiagnostics.StateMisfit.Error(null, why);
}
