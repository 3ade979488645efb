using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Makes constants of the inputs whose values the options fix. Branches that other values would take are then never looked at.
/// </summary>
internal static class InputValues
{
    /// <summary>Fixes the values.</summary>
    /// <exception cref="CompilationException">A value is of no input, or does not fit its input.</exception>
    public static void Fix(Graph graph, CompileOptions options)
    {
        foreach (InputValue fixedValue in options.InputValues)
        {
            Value input = graph.Inputs.Find(i => i.Name == fixedValue.Input) ?? throw Misfit(null,
                $"the model has no input '{fixedValue.Input}' but {string.Join(", ", graph.Inputs.Select(i => $"'{i.Name}'"))}");
            if (graph.IsOutput(input)) throw Misfit(input, $"'{input.Name}' is an output, too");
            Tensor tensor = Made(input, fixedValue.Elements);
            graph.Declare(input.Name, null);
            graph.Inputs.Remove(input);
            (input.Constant, input.Shape) = (tensor, tensor.Shape);
        }
    }

    private static Tensor Made(Value input, IReadOnlyList<double> elements)
    {
        bool isFilled = elements.Count == 1;
        if (input.Shape is not { IsKnown: true } shape)
            throw Misfit(input, $"'{input.Name}' has the open shape {input.Shape}, which InputShape fixes");
        Tensor given = Tensor.Zeros(ElementType.Float64, [.. shape.Select(d => checked((int)d.Size))]);
        if (!isFilled && elements.Count != given.Count)
            throw Misfit(input, $"'{input.Name}' has the shape {shape}, and {elements.Count} values are given");
        for (int i = 0; i < given.Count; i++) given.Span<double>()[i] = elements[isFilled ? 0 : i];
        Tensor tensor = Casting.To(given, input.Type);
        ReadOnlySpan<double> held = Casting.To(tensor, ElementType.Float64).Span<double>();
        int same = held.CommonPrefixLength(given.Span<double>());
        if (!input.Type.IsFloat() && same < given.Count)
            throw Misfit(input, string.Create(
                CultureInfo.InvariantCulture, $"'{input.Name}' is {input.Type}, which has no {given.Span<double>()[same]}"));
        return tensor;
    }

    private static CompilationException Misfit(Value? input, string why) => OptionDiagnostics.InputValueMisfit.Error(input?.Name, why);
}
