using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>Operators that the compiler writes where TFLite lacks what ONNX has.</summary>
internal static class Own
{
    /// <summary>modelopt.LSTM, modelopt.GRU and modelopt.RNN: ONNX's, the samples first. Integer weights are multiplied in int8.</summary>
    public static Action<Lifting> Layer(string type, int outputs) => at =>
    {
        RecurrentOptions options = RecurrentOptions.Read(at.Options);
        string direction = options.Direction.ToString().ToLowerInvariant();
        List<(string, object)> attributes =
        [
            ("direction", direction), ("hidden_size", (long)at.Input(2).Shape[2]), ("layout", 1L), ("clip", options.Clip),
            ("activations", options.Activations.Select(a => $"{a.Function}").ToArray()),
            ("activation_alpha", options.Activations.Where(a => HasAlpha(a.Function)).Select(a => a.Alpha).ToArray()),
            ("activation_beta", options.Activations.Where(a => HasBeta(a.Function)).Select(a => a.Beta).ToArray()),
        ];
        if (type == "GRU") attributes.Add(("linear_before_reset", options.ResetAfter ? 1L : 0));
        if (type == "LSTM") attributes.Add(("input_forget", options.CoupledGates ? 1L : 0));
        Value?[] inputs = [.. Enumerable.Range(0, at.Count).Select(i => at.Has(i) ? at.Last(i) : null)];
        Value[] results = at.AddMany(type, inputs, outputs, [.. attributes]);
        results[0].Producer!.RoundsAtRun = LiftedValues.IsQuantized(at.Input(1)) && LiftedValues.IsQuantized(at.Input(2));
        for (int i = 0; i < at.Node.Outputs.Length; i++) at.Finish(results[i], output: i);
    };

    /// <summary>modelopt.NonMaxSuppression: as many rows as there may be, −1 in those that are not used.</summary>
    public static void NonMaxSuppression(Lifting at)
    {
        NonMaxSuppressionOptions options = NonMaxSuppressionOptions.Read(at.Options);
        Value limit = at.Has(2) ? at.LongsOf(2) : at.Constant(Tensor.Scalar((long)options.Most));
        Value rows = at.Add("NonMaxSuppression",
            [at.Last(0), at.Last(1), limit, at.Has(3) ? at.Last(3) : null, at.Has(4) ? at.Last(4) : null],
            ("center_point_box", options.IsCentered ? 1L : 0));
        at.Finish(Filled(at, rows, at.Output));
    }

    /// <summary>modelopt.Unique: where rows come first, which each row is, and how often each comes.</summary>
    public static void Unique(Lifting at)
    {
        bool isSorted = UniqueOptions.Read(at.Options).IsSorted;
        Value[] results = at.AddMany("Unique", [at.Last(0)], 4, ("axis", 0L), ("sorted", isSorted ? 1L : 0));
        at.Finish(Filled(at, results[1], at.Output));
        at.Finish(results[2], output: 1);
        Value counts = at.Add("Concat", [results[3], at.Constant(Constants(at.Node.Outputs[2], 0))], ("axis", 0L));
        at.Finish(Cut(at, counts, at.Node.Outputs[2]), output: 2);
    }

    /// <summary>RIGHT_SHIFT and modelopt.LeftShift of numbers without a sign, as ONNX has them.</summary>
    public static Action<Lifting> Shift(string direction) => at =>
    {
        if (at.Input(0).Type is not (TensorType.UInt8 or TensorType.UInt16 or TensorType.UInt32 or TensorType.UInt64))
            throw at.Refusal($"a shift of {at.Input(0).Type}");
        Elementwise.Binary("BitShift", ("direction", direction))(at);
    };

    /// <summary>ATAN2: the angle of (x, y), by the arctangent of y / x and the half in which x lies.</summary>
    public static void Arctangent(Lifting at)
    {
        bool first = at.PrefersFirst();
        Value y = at.Operand(0, first), x = at.Operand(1, first), zero = at.Number(0);
        Value angle = at.Add("Atan", [at.Add("Div", [y, x])]);
        Value half = at.Add("Where", [at.Add("Less", [y, zero]), at.Number(-MathF.PI), at.Number(MathF.PI)]);
        angle = at.Add("Where", [at.Add("Less", [x, zero]), at.Add("Add", [angle, half]), angle]);
        Value isNothing = at.Add("And", [at.Add("Equal", [x, zero]), at.Add("Equal", [y, zero])]);
        at.Finish(at.AddLayer("Where", [isNothing, zero, angle]), first);
    }

    /// <summary>RANDOM_UNIFORM and RANDOM_STANDARD_NORMAL: of the same distribution, not the same numbers.</summary>
    public static Action<Lifting> Random(string type) => at =>
    {
        RandomOptions options = RandomOptions.Read(at.Options);
        List<(string, object)> attributes = [];
        if (options != new RandomOptions(0, 0)) attributes.Add(("seed", (float)options.Seed));
        if (at.Values.Constant(at.Input(0)) is not null)
        {
            at.Finish(at.AddLayer(type, [], [("shape", at.Ints(0, "sizes")), .. attributes]));
            return;
        }

        at.Finish(at.AddLayer($"{type}Like", [at.Add("Expand", [at.Number(0), at.LongsOf(0)])], [.. attributes]));
    };

    /// <summary>FAKE_QUANT: bounds, moved so that zero is one of the numbers, and what lies between them rounded.</summary>
    public static void FakeQuant(Lifting at)
    {
        FakeQuantOptions options = FakeQuantOptions.Read(at.Options);
        if (!options.IsValid) throw at.Refusal($"{options.Bits} bits from {options.Min} to {options.Max}");
        bool first = at.PrefersFirst();
        Value bounded = at.Clipped(at.Operand(0, first), options.Low, options.High);
        Value zero = at.Constant(options.Bits > 8 ? Tensor.Scalar((ushort)options.ZeroPoint) : Tensor.Scalar((byte)options.ZeroPoint));
        Value scale = at.Constant(Tensor.Scalar(options.Scale));
        at.Finish(at.Add("DequantizeLinear", [at.Add("QuantizeLinear", [bounded, scale, zero]), scale, zero]), first);
    }

    private static bool HasAlpha(GateFunction function) => function is GateFunction.Affine or GateFunction.ScaledTanh
        or GateFunction.LeakyRelu or GateFunction.ThresholdedRelu or GateFunction.Elu or GateFunction.HardSigmoid;

    private static bool HasBeta(GateFunction function) =>
        function is GateFunction.Affine or GateFunction.ScaledTanh or GateFunction.HardSigmoid;

    /// <summary>Rows, and −1 behind them.</summary>
    private static Value Filled(Lifting at, Value rows, FileTensor like) =>
        Cut(at, at.Add("Concat", [rows, at.Constant(Constants(like, -1))], ("axis", 0L)), like);

    private static Value Cut(Lifting at, Value rows, FileTensor like)
    {
        Value cut = at.Add("Slice", [rows, at.Longs(0), at.Longs(like.Shape[0]), at.Longs(0)]);
        return at.Add("Reshape", [cut, at.Longs([.. like.Shape.Select(d => (long)d)])]);
    }

    private static Tensor Constants(FileTensor like, long number)
    {
        long[] numbers = new long[like.Elements];
        Array.Fill(numbers, number);
        return Tensor.Of<long>(like.Shape, numbers);
    }
}
