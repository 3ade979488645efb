namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>LSTM, GRU and RNN.</summary>
internal static class Recurrences
{
    private static readonly string[] _functions =
    [
        "Sigmoid", "Tanh", "Relu", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus",
    ];

    /// <summary>H = f(X·Wᵀ + H·Rᵀ).</summary>
    public static void Rnn(CaseBuilder c) => Layer(c, 1, 1, isLstm: false);

    /// <summary>Also with the reset gate behind the product.</summary>
    public static void Gru(CaseBuilder c)
    {
        c.Perhaps("linear_before_reset", c.Draw.Int(0, 1));
        Layer(c, 3, 2, isLstm: false);
    }

    /// <summary>Also with peepholes, and with input and forget gates that are one.</summary>
    public static void Lstm(CaseBuilder c)
    {
        if (c.Draw.Chance(0.2)) c.With("input_forget", c.Draw.Int(0, 1));
        Layer(c, 4, 3, isLstm: true);
    }

    private static void Layer(CaseBuilder c, int gates, int activations, bool isLstm)
    {
        int batch = Size(c), steps = Size(c), inputs = Size(c), hidden = c.Draw.Chance(0.1) ? 20 : Size(c);
        string direction = c.Draw.Pick("forward", "reverse", "bidirectional");
        int directions = direction == "bidirectional" ? 2 : 1;
        if (direction != "forward" || c.Draw.Chance(0.3)) c.With("direction", direction);
        bool first = c.Schema.HasAttribute("layout") && c.Draw.Chance(0.2);
        if (first) c.With("layout", 1);
        c.With("hidden_size", hidden);
        if (c.Draw.Chance(0.2)) c.With("clip", c.Draw.Real(0.2, 3));
        double most = 1;
        if (c.Draw.Chance(0.3))
        {
            Activations(c, directions * activations);
            // Functions without bounds would make numbers that ONNX Runtime's exponentials overflow with.
            (most, steps) = (0.5, Math.Min(steps, 3));
        }

        int[] state = first ? [batch, directions, hidden] : [directions, batch, hidden];
        c.Data(first ? [batch, steps, inputs] : [steps, batch, inputs], -2, 2);
        Weights([directions, gates * hidden, inputs]);
        Weights([directions, gates * hidden, hidden]);
        if (c.Draw.Chance(0.7)) Weights([directions, 2 * gates * hidden]);
        else c.Omit();
        if (c.Draw.Chance(0.3)) c.Parameter(Lengths(c, batch, steps), 0.5);
        else c.Omit();
        State();
        if (!isLstm) c.Outputs(c.Draw.Int(1, 2));
        if (!isLstm) return;
        State();
        if (c.Draw.Chance(0.2)) Weights([directions, 3 * hidden]);
        c.Outputs(c.Draw.Int(1, 3));

        void Weights(int[] dims) => c.Parameter(c.Draw.Tensor(c.Type(), dims, -most, most), 0.1);

        void State()
        {
            if (c.Draw.Chance(0.4)) c.Data(state, -1, 1);
            else c.Omit();
        }
    }

    private static int Size(CaseBuilder c) => Math.Max(1, c.Draw.Size());

    private static Tensor Lengths(CaseBuilder c, int batch, int steps) =>
        Tensor.Vector<int>([.. Enumerable.Range(0, batch).Select(_ => c.Draw.Int(1, steps))]);

    private static void Activations(CaseBuilder c, int count)
    {
        string[] names = [.. Enumerable.Range(0, count).Select(_ => c.Draw.Pick(_functions))];
        c.With("activations", names);
        // All factors or none, so that each belongs to the function that it was drawn for.
        // Large enough that what is scaled shows, and a threshold that some numbers pass.
        float[] alphas = [.. names.Where(n => n is "Affine" or "LeakyRelu" or "ThresholdedRelu" or "ScaledTanh" or "HardSigmoid" or "Elu")
            .Select(n => n == "ThresholdedRelu" ? c.Draw.Real(0.02, 0.1) : c.Draw.Real(0.5, 1))];
        float[] betas = [.. names.Where(n => n is "Affine" or "ScaledTanh" or "HardSigmoid").Select(_ => c.Draw.Real(0.3, 0.6))];
        bool hasAlphas = alphas.Length > 0 && c.Draw.Chance(0.8), hasBetas = betas.Length > 0 && c.Draw.Chance(0.8);
        if (hasAlphas) c.With("activation_alpha", alphas);
        if (hasBetas) c.With("activation_beta", betas);
        // ONNX Runtime takes 0 where ONNX's operator of the name has 1.
        c.Disputed(!hasAlphas && names.Any(n => n is "Affine" or "ScaledTanh" or "ThresholdedRelu"));
        c.Disputed(!hasBetas && names.Contains("ScaledTanh"));
    }
}
