using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>
/// Recurrent layers as ONNX's. Their state is an input and an output of the graph. Integers of their weights become the numbers that they
/// stand for, and what the file rounds inside of a layer is not rounded.
/// </summary>
internal static class Recurrent
{
    /// <summary>UNIDIRECTIONAL_SEQUENCE_LSTM.</summary>
    public static void SequenceLstm(Lifting at)
    {
        bool timeMajor = at.Options.Bool(3);
        Value y = Lstm(at, Steps(at, at.Last(0), timeMajor), 1, 18, 1, "forward");
        at.Finish(Rows(at, y, timeMajor));
    }

    /// <summary>LSTM: one step.</summary>
    public static void LstmStep(Lifting at)
    {
        if (at.Count < 20 || at.Options.Byte(3) != 0) throw at.Refusal("its basic form");
        Value y = Lstm(at, at.Add("Unsqueeze", [at.Last(0), at.Longs(0)]), 1, 18, 1, "forward");
        at.Finish(at.Add("Squeeze", [y, at.Longs(0, 1)]));
    }

    /// <summary>BIDIRECTIONAL_SEQUENCE_LSTM.</summary>
    public static void BothLstm(Lifting at)
    {
        if (Enumerable.Range(39, Math.Max(0, at.Count - 39)).Any(at.Has)) throw at.Refusal("an auxiliary input");
        bool timeMajor = at.Options.Bool(4);
        Value x = Steps(at, at.Last(0), timeMajor);
        int after = at.Node.Outputs.Length - 4;
        Value[] results = [Lstm(at, x, 1, 35, after, "forward"), Lstm(at, x, 18, 37, after + 2, "reverse")];
        Finish(at, results, at.Options.Bool(3), timeMajor);
    }

    /// <summary>RNN: one step.</summary>
    public static void RnnStep(Lifting at)
    {
        Value y = Rnn(at, at.Add("Unsqueeze", [at.Last(0), at.Longs(0)]), 1, 1, at.Options.Byte(0), "forward");
        at.Finish(at.Add("Squeeze", [y, at.Longs(0, 1)]));
    }

    /// <summary>UNIDIRECTIONAL_SEQUENCE_RNN.</summary>
    public static void SequenceRnn(Lifting at)
    {
        bool timeMajor = at.Options.Bool(0);
        at.Finish(Rows(at, Rnn(at, Steps(at, at.Last(0), timeMajor), 1, 1, at.Options.Byte(1), "forward"), timeMajor));
    }

    /// <summary>BIDIRECTIONAL_SEQUENCE_RNN.</summary>
    public static void BothRnn(Lifting at)
    {
        if (Enumerable.Range(9, Math.Max(0, at.Count - 9)).Any(at.Has)) throw at.Refusal("an auxiliary input");
        bool timeMajor = at.Options.Bool(0);
        Value x = Steps(at, at.Last(0), timeMajor);
        int after = at.Node.Outputs.Length - 2;
        Value[] results =
            [Rnn(at, x, 1, after, at.Options.Byte(1), "forward"), Rnn(at, x, 5, after + 1, at.Options.Byte(1), "reverse")];
        Finish(at, results, at.Options.Bool(2), timeMajor);
    }

    /// <summary>SVDF: each unit sums what filters of the input gave in the last steps, by weights of the steps.</summary>
    public static void Svdf(Lifting at)
    {
        Tensor features = at.Reals(1, "weights"), times = at.Reals(2, "weights");
        int filters = features.Dims[0], steps = times.Dims[1], rank = at.Options.Int32(0, 1), batch = at.Input(0).Shape[0];
        if (rank < 1 || filters % rank != 0 || times.Dims[0] != filters) throw at.Refusal($"rank {rank} of {filters} filters");
        Value news = at.AddLayer("Gemm", [at.Last(0), at.Constant(features)], ("transB", 1L));
        Value old = at.Add("Reshape", [at.Last(4), at.Longs(batch, filters, steps)]);
        Value kept = at.Add("Slice", [old, at.Longs(1), at.Longs(steps), at.Longs(2)]);
        Value now = at.Add("Concat", [kept, at.Add("Unsqueeze", [news, at.Longs(2)])], ("axis", 2L));
        if (at.Node.Outputs.Length > 1) at.Finish(at.Add("Reshape", [now, at.Longs(batch, filters * steps)]), output: 1);
        Value sums = at.Add("ReduceSum", [at.Add("Mul", [now, at.Constant(times)]), at.Longs(2)], ("keepdims", 0L));
        Value units = at.Add("Reshape", [sums, at.Longs(batch, filters / rank, rank)]);
        Value y = at.Add("ReduceSum", [units, at.Longs(2)], ("keepdims", 0L));
        if (at.Has(3)) y = at.Add("Add", [y, at.Constant(at.Reals(3, "a bias"))]);
        at.Finish(y, false, (ActivationFunction)at.Options.Byte(1));
    }

    /// <summary>[batch, time, inputs], or time first, as [time, batch, inputs].</summary>
    private static Value Steps(Lifting at, Value x, bool timeMajor) => timeMajor ? x
        : at.Add("Transpose", [x], ("perm", new[] { 1L, 0, 2 }));

    /// <summary>[time, 1, batch, outputs] as the file has it.</summary>
    private static Value Rows(Lifting at, Value y, bool timeMajor)
    {
        Value rows = at.Add("Squeeze", [y, at.Longs(1)]);
        return timeMajor ? rows : at.Add("Transpose", [rows], ("perm", new[] { 1L, 0, 2 }));
    }

    private static void Finish(Lifting at, Value[] directions, bool merges, bool timeMajor)
    {
        Value[] rows = [.. directions.Select(y => Rows(at, y, timeMajor))];
        if (merges)
        {
            at.Finish(at.Add("Concat", rows, ("axis", 2L)));
            return;
        }

        for (int i = 0; i < 2; i++) at.Finish(rows[i], output: i);
    }

    /// <summary>An LSTM of weights that begin at an input, with state and cell at another.</summary>
    /// <param name="after">The output that is the state afterwards.</param>
    private static Value Lstm(Lifting at, Value x, int first, int state, int after, string direction)
    {
        if (at.Has(first + 15)) throw at.Refusal("a projection");
        if (at.Count > 20 && state == 18 && Enumerable.Range(20, at.Count - 20).Any(at.Has)) throw at.Refusal("layer normalization");
        bool isCoupled = !at.Has(first);
        // In ONNX's order: input, output and forget gates, candidates. A gate that is what another leaves has its weights turned round.
        int[] gates = isCoupled ? [1, 3, 1, 2] : [0, 3, 1, 2];
        Value w = at.Constant(Joined(i => at.Reals(first + i, "weights"))),
            r = at.Constant(Joined(i => at.Reals(first + 4 + i, "weights")));
        int cells = r.Constant!.Dims[2];
        Tensor biases = Joined(i => at.Has(first + 11 + i) ? at.Reals(first + 11 + i, "a bias")
            : Tensor.Zeros(ElementType.Float32, [cells]));
        Tensor bias = Tensor.Of<float>([1, 8 * cells], [.. biases.Span<float>(), .. new float[4 * cells]]);
        Value? peepholes = null;
        if (at.Has(first + 9))
        {
            float[] forget = at.Reals(first + 9, "peepholes").Span<float>().ToArray();
            float[] input = isCoupled ? [.. forget.Select(v => -v)] : at.Reals(first + 8, "peepholes").Span<float>().ToArray();
            peepholes = at.Constant(Tensor.Of<float>(
                [1, 3 * cells], [.. input, .. at.Reals(first + 10, "peepholes").Span<float>(), .. forget]));
        }

        List<(string, object)> attributes = [("hidden_size", (long)cells), ("direction", direction)];
        string activation = Name(at, at.Options.Byte(0));
        attributes.Add(("activations", new[] { "Sigmoid", activation, activation }));
        if (isCoupled) attributes.Add(("input_forget", 1L));
        Value[] results = at.AddMany(
            "LSTM", [x, w, r, at.Constant(bias), null, State(at, state), State(at, state + 1), peepholes], 3, [.. attributes]);
        if (at.Node.Outputs.Length > after + 1)
        {
            at.Finish(at.Add("Squeeze", [results[1], at.Longs(0)]), output: after);
            Value cell = at.Add("Squeeze", [results[2], at.Longs(0)]);
            at.Finish(Clipped(at, cell, x), output: after + 1);
        }

        return results[0];

        Tensor Joined(Func<int, Tensor> of)
        {
            Tensor[] parts = [.. gates.Select((gate, place) => isCoupled && place == 0 ? Turned(of(gate)) : of(gate))];
            return Tensor.Of<float>(
                [1, parts.Sum(p => p.Dims[0]), .. parts[0].Dims[1..]], [.. parts.SelectMany(p => p.Span<float>().ToArray())]);
        }
    }

    private static Tensor Turned(Tensor tensor) => Tensor.Of<float>(tensor.Dims, [.. tensor.Span<float>().ToArray().Select(v => -v)]);

    /// <summary>The cell as the next call finds it. ONNX has no bound within a sequence.</summary>
    private static Value Clipped(Lifting at, Value cell, Value x)
    {
        float bound = at.Options.Single(1);
        if (!(bound > 0)) return cell;
        bool isOneStep = x.Producer is { Type: "Unsqueeze" } || at.Output is { Rank: 3 } y && y.Shape[at.Options.Bool(3) ? 0 : 1] == 1;
        if (!isOneStep) at.Values.Graph.Remarks.Add(TfliteDiagnostics.CellBound.At(null, at.Output.Name, bound));
        return at.Clipped(cell, -bound, bound);
    }

    private static Value Rnn(Lifting at, Value x, int first, int after, byte activation, string direction)
    {
        Tensor w = at.Reals(first, "weights"), r = at.Reals(first + 1, "weights"), b = at.Reals(first + 2, "a bias");
        int units = r.Dims[0];
        List<(string, object)> attributes =
            [("hidden_size", (long)units), ("direction", direction), ("activations", new[] { Name(at, activation) })];
        Value[] results = at.AddMany("RNN",
            [
                x, at.Constant(w.Reshape([1, .. w.Dims])), at.Constant(r.Reshape([1, .. r.Dims])),
                at.Constant(Tensor.Of<float>([1, 2 * units], [.. b.Span<float>(), .. new float[units]])), null, State(at, first + 3),
            ],
            2, [.. attributes]);
        if (at.Node.Outputs.Length > after) at.Finish(at.Add("Squeeze", [results[1], at.Longs(0)]), output: after);
        return results[0];
    }

    /// <summary>[batch, units] as ONNX has it, the direction first.</summary>
    private static Value State(Lifting at, int index)
    {
        FileTensor state = at.Input(index);
        if (state.Rank != 2) throw at.Refusal($"state {new Shape(state.Shape)}");
        return at.Add("Unsqueeze", [at.Last(index), at.Longs(0)]);
    }

    private static string Name(Lifting at, byte activation) => (ActivationFunction)activation switch
    {
        ActivationFunction.Tanh => "Tanh",
        ActivationFunction.Relu => "Relu",
        ActivationFunction.None => "Affine",
        _ => throw at.Refusal($"the activation {(ActivationFunction)activation}"),
    };
}
