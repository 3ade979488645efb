using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Recurrent layers of TFLite, by those that kernels compute: in float32, with their weights as the numbers that they stand for. State that
/// is stored as integers is rounded to these after each step.
/// </summary>
internal static class ForeignRecurrent
{
    private const int LstmInputs = 24;

    /// <summary>UNIDIRECTIONAL_SEQUENCE_LSTM with operands that are no floats.</summary>
    public static void SequenceLstm(Expansion at) => Lstm(
        at, at.Real(0), [.. Enumerable.Range(1, Math.Max(0, at.Node.Inputs.Length - 1)).Select(at.Node.OptionalInput)],
        SequenceLstmOptions.Read(at.Node.Options), at.Output, [.. at.Node.Outputs.Skip(1)]);

    /// <summary>Whether all operands of a UNIDIRECTIONAL_SEQUENCE_LSTM are as its kernel takes them.</summary>
    public static bool IsReal(Node node) => (node.Output.Type == TensorType.Float32 || node.Output.Quantization is null)
        && node.Inputs.Select((t, i) => (t, i)).All(p => p.i is 18 or 19 || p.t is null or { Type: TensorType.Float32 });

    /// <summary>LSTM: one step.</summary>
    public static void OneStep(Expansion at)
    {
        // The other kernel has 5 inputs.
        at.Node.Require(at.Node.Inputs.Length is 20 or LstmInputs && at.Node.Options.Byte(3) == 0, "its basic form is not supported");
        Tensor x = at.Real(0);
        at.Node.Require(x.Rank == 2 && at.Output.Rank == 2, "its input is no matrix");
        SequenceLstmOptions options = SequenceLstmOptions.Read(at.Node.Options) with { TimeMajor = false };
        Tensor y = at.Temporary(at.Output.Type, [at.Output.Shape[0], 1, at.Output.Shape[1]], at.Output.Quantization);
        Lstm(
            at, at.Reshaped(x, x.Shape[0], 1, x.Shape[1]),
            [.. Enumerable.Range(1, at.Node.Inputs.Length - 1).Select(at.Node.OptionalInput)], options, y, [.. at.Node.Outputs.Skip(1)]);
        at.Add(BuiltinOperator.Reshape, [y, at.Ints(at.Output.Shape)], at.Output);
    }

    /// <summary>BIDIRECTIONAL_SEQUENCE_LSTM: the second layer goes from the last step to the first.</summary>
    public static void BothLstm(Expansion at)
    {
        Node node = at.Node;
        node.Require(
            Enumerable.Range(39, Math.Max(0, node.Inputs.Length - 39)).All(i => node.OptionalInput(i) is null), "an auxiliary input");
        bool timeMajor = node.Options.Byte(4) != 0;
        var options = new SequenceLstmOptions(
            (ActivationFunction)node.Options.Byte(0), node.Options.Single(1), node.Options.Single(2), timeMajor);
        int after = node.Outputs.Length - 4;
        node.Require(after is 1 or 2 && node.Inputs.Length >= 39, "its states are no variables");
        Both(at, node.Options.Bool(3), timeMajor, (x, y, isSecond) =>
        {
            int first = isSecond ? 18 : 1, state = isSecond ? 37 : 35, kept = after + (isSecond ? 2 : 0);
            Tensor?[] operands =
                [.. Enumerable.Range(first, 17).Select(node.OptionalInput), node.Input(state), node.Input(state + 1)];
            Lstm(at, x, operands, options, y, [node.Outputs[kept], node.Outputs[kept + 1]]);
        });
    }

    /// <summary>RNN: one step.</summary>
    public static void OneStepRnn(Expansion at)
    {
        Tensor x = at.Real(0);
        at.Node.Require(x.Rank == 2 && at.Output.Rank == 2, "its input is no matrix");
        Tensor y = at.Temporary(TensorType.Float32, [at.Output.Shape[0], 1, at.Output.Shape[1]]);
        Rnn(at, at.Reshaped(x, x.Shape[0], 1, x.Shape[1]), 1, 4, at.Node.Options.Byte(0), false, y, at.Node.Outputs.ElementAtOrDefault(1));
        at.Add(BuiltinOperator.Reshape, [y, at.Ints(at.Output.Shape)], at.Output);
    }

    /// <summary>UNIDIRECTIONAL_SEQUENCE_RNN.</summary>
    public static void SequenceRnn(Expansion at) => Rnn(
        at, at.Real(0), 1, 4, at.Node.Options.Byte(1), at.Node.Options.Bool(0), at.Output, at.Node.Outputs.ElementAtOrDefault(1));

    /// <summary>BIDIRECTIONAL_SEQUENCE_RNN.</summary>
    public static void BothRnn(Expansion at)
    {
        Node node = at.Node;
        node.Require(
            Enumerable.Range(9, Math.Max(0, node.Inputs.Length - 9)).All(i => node.OptionalInput(i) is null), "an auxiliary input");
        int after = node.Outputs.Length - 2;
        node.Require(after is 1 or 2, "its states are no variables");
        bool timeMajor = node.Options.Bool(0);
        Both(at, node.Options.Bool(2), timeMajor, (x, y, isSecond) => Rnn(
            at, x, isSecond ? 5 : 1, isSecond ? 8 : 4, node.Options.Byte(1), timeMajor, y, node.Outputs[after + (isSecond ? 1 : 0)]));
    }

    /// <summary>SVDF: each unit sums what filters of the input gave in the last steps, by weights of the steps.</summary>
    public static void Svdf(Expansion at)
    {
        Tensor x = at.Real(0), features = at.Real(1), times = at.Real(2), state = at.Input(4), y = at.Output;
        at.Node.Require(x.Rank == 2 && features.Rank == 2 && times.Rank == 2 && y.Rank == 2, "its operands are no matrices");
        int batch = x.Shape[0], filters = features.Shape[0], steps = times.Shape[1], units = y.Shape[1];
        at.Node.Require(
            times.Shape[0] == filters && units > 0 && filters % units == 0 && steps > 0 && state.Elements == (long)batch * filters * steps
                && at.Node.Options.Int32(0, 1) == filters / units,
            "its sizes contradict each other");
        Tensor news = at.Temporary(TensorType.Float32, [batch, filters]);
        at.Add(BuiltinOperator.FullyConnected, [x, features, null], news, new FullyConnectedOptions(ActivationFunction.None));
        Tensor stored = at.Stored(at.Reshaped(news, batch, filters, 1), state);
        Tensor old = at.Reshaped(state, batch, filters, steps),
            kept = at.Temporary(state.Type, [batch, filters, steps - 1], state.Quantization);
        Tensor now = at.Temporary(state.Type, [batch, filters, steps], state.Quantization);
        at.Sliced(old, [0, 0, 1], kept);
        at.Add(BuiltinOperator.Concatenation, [kept, stored], now, new ConcatenationOptions(2, ActivationFunction.None));
        if (at.Node.Outputs.Length > 1)
            at.Add(BuiltinOperator.Reshape, [now, at.Ints(at.Node.Outputs[1].Shape)], at.Node.Outputs[1]);
        Tensor weighed = at.Temporary(TensorType.Float32, now.Shape), sums = at.Temporary(TensorType.Float32, [batch, filters]);
        at.Add(BuiltinOperator.Mul, [at.Real(now), times], weighed);
        at.Add(BuiltinOperator.Sum, [weighed, at.Ints(2)], sums, new ReducerOptions(false));
        Tensor result = at.Temporary(TensorType.Float32, [batch, units]);
        at.Add(BuiltinOperator.Sum, [at.Reshaped(sums, batch, units, filters / units), at.Ints(2)], result, new ReducerOptions(false));
        Tensor bias = at.Node.OptionalInput(3) is null ? at.Constant(0) : at.Real(3);
        at.InReals(y, real => at.Add(
            BuiltinOperator.Add, [result, bias], real,
            new ArithmeticOptions(BuiltinOptionsType.Add, (ActivationFunction)at.Node.Options.Byte(1))));
    }

    /// <summary>An LSTM whose operands are real numbers, or become these; operands[0] is input 1.</summary>
    private static void Lstm(Expansion at, Tensor x, Tensor?[] operands, SequenceLstmOptions options, Tensor y, Tensor[] after)
    {
        var inputs = new Tensor?[1 + operands.Length];
        inputs[0] = x;
        for (int i = 0; i < operands.Length; i++)
            inputs[i + 1] = i is 17 or 18 || operands[i] is null ? operands[i] : at.Real(operands[i]!);
        if (inputs.Length == 20)
            inputs = [.. inputs, null, null, null, null];
        at.InReals(y, real => at.Add(BuiltinOperator.UnidirectionalSequenceLstm, inputs, [real, .. after], options));
    }

    private static void Rnn(Expansion at, Tensor x, int first, int state, byte activation, bool timeMajor, Tensor y, Tensor? after)
    {
        Tensor w = at.Real(first), r = at.Real(first + 1), b = at.Real(first + 2), h = at.Real(state);
        at.Node.Require(
            x.Rank == 3 && w.Rank == 2 && r.Rank == 2 && b.Rank == 1 && h.Rank == 2 && y.Rank == 3 && b.Elements == r.Shape[0],
            "its operands do not fit");
        int hidden = r.Shape[0];
        if (timeMajor)
            x = at.Transposed(x, 1, 0, 2);
        (int batch, int steps) = (x.Shape[0], x.Shape[1]);
        GateActivation function = (ActivationFunction)activation switch
        {
            ActivationFunction.None => new(GateFunction.Affine, 1, 0),
            ActivationFunction.Relu => new(GateFunction.Relu, 0, 0),
            ActivationFunction.Tanh => new(GateFunction.Tanh, 0, 0),
            _ => throw at.Node.Error("its activation is not supported"),
        };
        Tensor biases = at.Padded(at.Reshaped(b, 1, hidden), 0, 0, 0, hidden);
        Tensor all = at.Temporary(TensorType.Float32, [batch, steps, 1, hidden]),
            last = at.Temporary(TensorType.Float32, [batch, 1, hidden]);
        at.Add(
            BuiltinOperator.RNN,
            [x, at.Reshaped(w, [1, .. w.Shape]), at.Reshaped(r, [1, .. r.Shape]), biases, null,
                at.Reshaped(h, [h.Shape[0], 1, h.Shape[1]])],
            [all, last], new RecurrentOptions(RecurrentDirection.Forward, 0, false, false, [function]));
        Tensor rows = at.Reshaped(all, batch, steps, hidden);
        at.Add(BuiltinOperator.Transpose, [rows, timeMajor ? at.Ints(1, 0, 2) : at.Ints(0, 1, 2)], y);
        if (after is null)
            return;
        at.InReals(after, real => at.Add(BuiltinOperator.Reshape, [last, at.Ints(after.Shape)], real));
    }

    /// <summary>Two layers, the second on the steps in reverse.</summary>
    private static void Both(Expansion at, bool merges, bool timeMajor, Action<Tensor, Tensor, bool> layer)
    {
        Tensor x = at.Real(0), first = at.Output;
        int time = timeMajor ? 0 : 1, outputs = merges ? first.Shape[^1] / 2 : first.Shape[^1];
        at.Node.Require(x.Rank == 3 && first.Rank == 3, "its input is no sequence");
        int[] shape = [x.Shape[0], x.Shape[1], outputs];
        // Directions that are merged may have different sizes; then the file does not say which.
        Tensor forward = merges ? at.Temporary(first.Type, shape, first.Quantization) : first;
        layer(x, forward, false);
        Tensor second = merges ? forward : at.Node.Outputs[1], backward = at.Temporary(second.Type, second.Shape, second.Quantization);
        layer(Reversed(x), backward, true);
        if (merges)
            at.Add(
                BuiltinOperator.Concatenation, [forward, Reversed(backward)], first, new ConcatenationOptions(2, ActivationFunction.None));
        else
            at.Add(BuiltinOperator.Gather, [backward, Order(backward)], second, new GatherOptions(time));

        Tensor Reversed(Tensor steps)
        {
            Tensor result = at.Temporary(steps.Type, steps.Shape, steps.Quantization);
            at.Add(BuiltinOperator.Gather, [steps, Order(steps)], result, new GatherOptions(time));
            return result;
        }

        Tensor Order(Tensor steps) => at.Ints([.. Enumerable.Range(0, steps.Shape[time]).Reverse()]);
    }
}
