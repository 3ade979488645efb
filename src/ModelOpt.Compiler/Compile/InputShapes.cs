using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>Gives inputs the sizes that the options name. Sizes that the file calls by one name are one size.</summary>
internal static class InputShapes
{
    /// <summary>Fixes the sizes.</summary>
    /// <exception cref="CompilationException">A shape is of no input, or does not fit its input.</exception>
    public static void Fix(Graph graph, CompileOptions options)
    {
        var named = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (InputShape wanted in options.InputShape)
        {
            Value input = Input(graph, wanted);
            Shape shape = input.Shape ?? new Shape(wanted.Sizes.Select(_ => Dim.Unknown));
            if (shape.Rank != wanted.Sizes.Count)
                throw Misfit(input, $"has the shape {shape}, of {shape.Rank} sizes, not {wanted.Sizes.Count}");
            for (int axis = 0; axis < shape.Rank; axis++)
            {
                long size = wanted.Sizes[axis];
                if (size < 0) continue;
                if (shape[axis].IsKnown && shape[axis].Size != size)
                    throw Misfit(input, $"has the shape {shape}: size {axis} is not {size}");
                if (shape[axis].Symbol is { } symbol && named.TryAdd(symbol, size) is false && named[symbol] != size)
                    throw Misfit(input, $"has the shape {shape}, and {symbol} is {named[symbol]} elsewhere, not {size}");
            }

            input.Shape = new Shape(shape.Select((d, i) => wanted.Sizes[i] < 0 ? d : (Dim)wanted.Sizes[i]));
        }

        foreach (Value input in graph.Inputs.Where(i => i.Shape is not null))
            input.Shape = new Shape(input.Shape!.Select(d => d.Symbol is { } s && named.TryGetValue(s, out long size) ? size : d));
    }

    private static Value Input(Graph graph, InputShape shape)
    {
        string names = string.Join(", ", graph.Inputs.Select(i => $"'{i.Name}'"));
        if (shape.Input is null)
        {
            return graph.Inputs.Count == 1 ? graph.Inputs[0]
                : throw OptionDiagnostics.InputShapeMisfit.Error(null, $"{shape} has no name, and the model has the inputs {names}");
        }

        return graph.Inputs.FirstOrDefault(i => i.Name == shape.Input)
            ?? throw OptionDiagnostics.InputShapeMisfit.Error(null, $"the model has no input '{shape.Input}' but {names}");
    }

    private static CompilationException Misfit(Value input, string why) =>
        OptionDiagnostics.InputShapeMisfit.Error(input.Name, $"'{input.Name}' {why}");
}
