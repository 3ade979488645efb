using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Tflite.Lifts;
using FileGraph = ModelOpt.Runtime.Model.Graph;
using Graph = ModelOpt.Compiler.Graphs.Graph;

namespace ModelOpt.Compiler.Tflite;

/// <summary>Operators that run subgraphs: these become graphs inside nodes, which take and give real numbers.</summary>
internal static class BodyLifting
{
    /// <summary>IF: both subgraphs take all inputs behind the condition.</summary>
    public static void If(Lifting at)
    {
        Value[] inputs = Inputs(at, 0);
        (string, object)[] bodies = [.. new[] { "then_branch", "else_branch" }.Select((name, i) =>
        {
            FileGraph file = at.Node.Subgraphs[i];
            Graph body = new() { Captures = file.Inputs.Length };
            LiftedValues values = new(body, at.Values);
            foreach (Value result in Inline(at, file, values, Feed(at, body, file, values))) body.Outputs.Add(Copy(values, result));
            return (name, (object)body);
        })];
        Finish(at, at.AddMany("If", inputs, at.Node.Outputs.Length, bodies), 0);
    }

    /// <summary>WHILE: a Loop whose body ends with the condition of the next run; that of the first stands before it.</summary>
    public static void While(Lifting at)
    {
        (FileGraph condition, FileGraph step) = (at.Node.Subgraphs[0], at.Node.Subgraphs[1]);
        if (step.Outputs.Length != at.Count || condition.Outputs.Length != 1) throw at.Refusal("subgraphs of other values");
        Value[] inputs = Inputs(at, 0);
        Value begins = Inline(at, condition, at.Values, inputs)[0];
        Graph body = new();
        LiftedValues values = new(body, at.Values);
        body.Inputs.Add(new Value(values.NameOf("run"), ElementType.Int64));
        body.Inputs.Add(new Value(values.NameOf("holds"), ElementType.Bool));
        Value[] results = Inline(at, step, values, Feed(at, body, step, values));
        body.Outputs.Add(Copy(values, Inline(at, condition, values, results)[0]));
        foreach (Value result in results) body.Outputs.Add(Copy(values, result));
        Finish(at, at.AddMany("Loop", [null, begins, .. inputs], at.Count, ("body", body)), 0);
    }

    private static Value[] Inputs(Lifting at, int from) => [.. Enumerable.Range(from, at.Count - from).Select(at.Last)];

    private static void Finish(Lifting at, Value[] results, int from)
    {
        for (int i = from; i < results.Length; i++) at.Finish(results[i], output: i);
    }

    /// <summary>Inputs of a body for those of a subgraph.</summary>
    private static Value[] Feed(Lifting at, Graph body, FileGraph file, LiftedValues values)
    {
        if (file.InitialStates.Length > 0) throw at.Refusal("variables inside of it");
        Value[] fed = [.. file.Inputs.Select(t => new Value(values.NameOf(t), Lifting.RealType(t)))];
        body.Inputs.AddRange(fed);
        return fed;
    }

    /// <summary>The nodes of a subgraph on values.</summary>
    private static Value[] Inline(Lifting at, FileGraph file, LiftedValues values, Value[] fed)
    {
        if (file.Inputs.Length != fed.Length) throw at.Refusal($"a subgraph of {file.Inputs.Length} inputs");
        for (int i = 0; i < fed.Length; i++) values.Define(file.Inputs[i], fed[i], isFirst: false);
        TfliteReader.LiftNodes(file, values);
        return [.. file.Outputs.Select(values.Last)];
    }

    // An output of a body is no input or constant, and no other output.
    private static Value Copy(LiftedValues values, Value value) => values.Add(values.NameOf(value.Name), "Identity", "", [value]);
}
