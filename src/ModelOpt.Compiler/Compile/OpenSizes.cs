using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Fixes the input sizes that a model leaves open, except the batch: the compiled model has the calibration data's image size.
/// </summary>
internal static class OpenSizes
{
    /// <summary>Fixes the open sizes.</summary>
    /// <param name="options">The options that name the calibration data.</param>
    /// <exception cref="CompilationException">There is no data to take the sizes from.</exception>
    public static void Fix(Graph graph, CompileOptions options)
    {
        Value[] fed = [.. graph.FedInputs];
        foreach (Value input in graph.Inputs)
        {
            if (input.Shape is not { } shape || shape.Skip(1).All(d => d.IsKnown)) continue;
            if (options.CalibrationData.Count != fed.Length || graph.IsState(input))
                throw GraphDiagnostics.DynamicShape.Error(input.Name, input.Name, shape);
            using SampleSource source = SampleSource.Open(options.CalibrationData[Array.IndexOf(fed, input)]);
            input.Shape = Fixed(shape, source, options.DataLayout)
                ?? throw GraphDiagnostics.DynamicShape.Error(input.Name, input.Name, shape);
        }
    }

    private static Shape? Fixed(Shape shape, SampleSource source, DataLayout layout)
    {
        // Images in grey have no axis for it.
        int[] sample = source.SampleShape.Count == shape.Rank - 2 ? [1, .. source.SampleShape] : [.. source.SampleShape];
        bool isImage = shape.Rank == 4 && sample.Length == 3 && source.SampleShape.Count == 3;
        int[][] orders = !isImage || layout == DataLayout.Nchw ? [sample]
            : layout == DataLayout.Nhwc ? [[sample[2], sample[0], sample[1]]]
            : [sample, [sample[2], sample[0], sample[1]]];
        foreach (int[] sizes in orders)
        {
            bool fits = sizes.Length == shape.Rank - 1 && sizes.Zip(shape.Skip(1)).All(p => !p.Second.IsKnown || p.Second.Size == p.First);
            if (fits) return new Shape([shape[0], .. sizes.Select(size => new Dim(size))]);
        }

        return null;
    }
}
