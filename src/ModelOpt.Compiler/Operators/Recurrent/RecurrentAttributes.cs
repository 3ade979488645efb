using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>The attributes that recurrent operators share.</summary>
internal static class RecurrentAttributes
{
    /// <summary>The form of a node.</summary>
    /// <param name="defaults">The activations of one direction where the node names none.</param>
    /// <exception cref="CompilationException">An attribute has no meaning.</exception>
    public static RecurrentOptions Read(Node node, RecurrentCell cell, GateFunction[] defaults)
    {
        string named = node.String("direction", "forward");
        RecurrentDirection direction = named switch
        {
            "forward" => RecurrentDirection.Forward,
            "reverse" => RecurrentDirection.Reverse,
            "bidirectional" => RecurrentDirection.Bidirectional,
            _ => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "direction", $"is '{named}'"),
        };
        float clip = node.Float("clip", 0);
        if (!(clip >= 0) || !float.IsFinite(clip)) throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "clip", $"is {clip}");
        return new RecurrentOptions(
            direction, clip, cell == RecurrentCell.Gru && node.Int("linear_before_reset", 0) != 0,
            cell == RecurrentCell.Lstm && node.Int("input_forget", 0) != 0,
            Activations(node, direction == RecurrentDirection.Bidirectional ? 2 : 1, defaults));
    }

    private static GateActivation[] Activations(Node node, int directions, GateFunction[] defaults)
    {
        GateFunction[] functions = [.. Enumerable.Repeat(defaults, directions).SelectMany(f => f)];
        if (node.Attributes.TryGetValue("activations", out object? given))
        {
            if (given is not string[] names || (names.Length > 0 && names.Length != functions.Length))
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "activations", $"are not {functions.Length} names");
            if (names.Length > 0) functions = Array.ConvertAll(names, name => Named(node, name));
        }

        // Each function takes the next number of a list, if it has such a factor.
        Queue<float> alphas = new(node.Floats("activation_alpha") ?? []), betas = new(node.Floats("activation_beta") ?? []);
        return Array.ConvertAll(functions, function =>
        {
            (float? alpha, float? beta) = Factors(function);
            return new GateActivation(
                function,
                alpha is null || !alphas.TryDequeue(out float a) ? alpha ?? 0 : a,
                beta is null || !betas.TryDequeue(out float b) ? beta ?? 0 : b);
        });
    }

    // ONNX does not tell upper from lower case here.
    private static GateFunction Named(Node node, string name) =>
        Enum.GetValues<GateFunction>().Where(f => name.Equals($"{f}", StringComparison.OrdinalIgnoreCase)).Cast<GateFunction?>()
            .FirstOrDefault() ?? throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "activations", $"has the unknown name '{name}'");

    /// <summary>The factors that a function has, with those of ONNX's operator of the name; null for none.</summary>
    private static (float? Alpha, float? Beta) Factors(GateFunction function) => function switch
    {
        GateFunction.Affine or GateFunction.ScaledTanh => (1, function == GateFunction.Affine ? 0 : 1),
        GateFunction.LeakyRelu => (0.01f, null),
        GateFunction.ThresholdedRelu or GateFunction.Elu => (1, null),
        GateFunction.HardSigmoid => (0.2f, 0.5f),
        _ => (null, null),
    };
}
