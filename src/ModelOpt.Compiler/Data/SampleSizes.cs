using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Data;

/// <summary>The sizes that data has where an input leaves them open, and which of several files are an input's.</summary>
internal static class SampleSizes
{
    /// <summary>The files or folders of each input: one each, or all those of a model with one input.</summary>
    /// <param name="data">What an option names.</param>
    /// <param name="inputs">How many inputs take data.</param>
    /// <returns>A list for each input; null where there are more or fewer.</returns>
    public static IReadOnlyList<string>[]? Divide(IReadOnlyList<string> data, int inputs) =>
        data.Count == inputs ? [.. data.Select(path => (string[])[path])] : inputs == 1 && data.Count > 1 ? [data] : null;

    /// <summary>A shape with the sizes of a sample in place of open ones, the batch aside.</summary>
    /// <param name="shape">The input's; the first dimension is the batch.</param>
    /// <param name="stored">The sample's sizes as stored.</param>
    /// <param name="preferNhwc">Whether <see cref="DataLayout.Auto"/> takes what fits both orders as NHWC, as for images of bytes.</param>
    /// <returns>The shape; null where they do not fit.</returns>
    public static Shape? In(Shape shape, IReadOnlyList<int> stored, DataLayout layout, bool preferNhwc)
    {
        if (shape.Rank == 0 || shape.Skip(1).All(d => d.IsKnown)) return null;
        // Images in grey have no axis for it.
        int[] sample = stored.Count == shape.Rank - 2 ? [1, .. stored] : [.. stored];
        bool isImage = shape.Rank == 4 && sample.Length == 3 && stored.Count == 3;
        int[][] orders = !isImage || layout == DataLayout.Nchw ? [sample]
            : layout == DataLayout.Nhwc ? [[sample[2], sample[0], sample[1]]]
            : preferNhwc ? [[sample[2], sample[0], sample[1]], sample]
            : [sample, [sample[2], sample[0], sample[1]]];
        foreach (int[] sizes in orders)
        {
            bool fits = sizes.Length == shape.Rank - 1 && sizes.Zip(shape.Skip(1)).All(p => !p.Second.IsKnown || p.Second.Size == p.First);
            if (fits) return new Shape([shape[0], .. sizes.Select(size => new Dim(size))]);
        }

        return null;
    }

    /// <summary>Checks that the inputs of each sample agree in the sizes that they share.</summary>
    /// <param name="inputs">The inputs that take data, in order.</param>
    /// <param name="open">Their shapes as the model leaves them open, by name.</param>
    /// <param name="data">The data of each, of equal number.</param>
    /// <exception cref="CompilationException">In one they do not.</exception>
    public static void Check(IReadOnlyList<Value> inputs, IReadOnlyDictionary<string, Shape> open, IReadOnlyList<InputSamples> data)
    {
        if (data.All(d => d.IsOfOneSize)) return;
        var named = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int sample = 0; sample < data[0].Count; sample++, named.Clear())
        {
            for (int i = 0; i < inputs.Count; i++)
            {
                var sizes = new Shape(data[i].ShapeOf(sample).Select(size => (Dim)size));
                if (TryName(open[inputs[i].Name], sizes, named)) continue;
                throw DataDiagnostics.SizesDisagree.In(data[i].File, null, sample, sizes, inputs[i].Name, open[inputs[i].Name]);
            }
        }
    }

    /// <summary>Takes what sizes say of the names in a shape, the batch aside.</summary>
    /// <param name="named">What names are said to be; takes those that are new.</param>
    /// <returns>Whether the sizes say all, and do not contradict others.</returns>
    public static bool TryName(Shape shape, Shape sizes, Dictionary<string, long> named)
    {
        for (int axis = 1; axis < shape.Rank; axis++)
        {
            if (shape[axis].IsKnown) continue;
            if (shape[axis].Names.ToArray() is not [var name] || shape[axis] != Dim.Named(name)) return false;
            if (!named.TryAdd(name, sizes[axis].Size) && named[name] != sizes[axis].Size) return false;
        }

        return true;
    }
}
