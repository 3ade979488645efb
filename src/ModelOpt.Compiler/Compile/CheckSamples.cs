using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>The inputs that written files are verified with: calibration samples, or else one that is made.</summary>
internal static class CheckSamples
{
    // The check is to cost little beside the work that it checks: at least one sample, and a second where that is cheap.
    private const int Most = 2;
    private const long MacsOfAll = 1L << 29;

    /// <summary>
    /// Samples for a graph's inputs, of batch 1 where the batch is open; of two sizes where others are, and the second a batch of 2.
    /// </summary>
    public static IReadOnlyList<Tensor[]> Of(Graph graph, PassContext context)
    {
        if (!context.IsCalibrated)
        {
            return graph.Examples.Count == 0 ? [[.. graph.Inputs.Select(i => Made(i, i.Shape!))]]
                : [.. Enumerable.Range(0, graph.Examples.Count).Select(i => OfExample(graph, i))];
        }


        graph = graph.AtExample();
        long macs = graph.Nodes.Sum(n => Operator.Of(n).Macs(n));
        using Calibrator calibrator = new(graph, context);
        int count = (int)Math.Clamp(MacsOfAll / Math.Max(macs, 1), 1, Math.Min(Most, calibrator.Count));
        return [.. Enumerable.Range(0, count).Select(i => calibrator.Sample(i, count))];
    }

    /// <summary>A sample of the sizes of an example, with a batch of 1, or of 2 for the second.</summary>
    public static Tensor[] OfExample(Graph graph, int index)
    {
        HashSet<Dim> batch = graph.Batch;
        return [.. graph.Inputs.Select(input => Made(
            input, new Shape(input.Shape!.At(graph.Examples[index]).Select(d => batch.Contains(d) ? index + 1 : d))))];
    }

    /// <summary>Floats in −1…1; all integers of 8 bits, of others 0 and 1, which most models take as indices too.</summary>
    private static Tensor Made(Value input, Shape shape)
    {
        int[] dims = [.. shape.Select(dim => dim.IsKnown ? checked((int)dim.Size) : 1)];
        Tensor tensor = Tensor.Zeros(input.Type, dims);
        var random = new Random(1);
        for (int i = 0; i < tensor.Count; i++)
        {
            double real = (2 * random.NextDouble()) - 1;
            switch (input.Type)
            {
                case ElementType.Float32: tensor.Span<float>()[i] = (float)real; break;
                case ElementType.Float16: tensor.Span<Half>()[i] = (Half)real; break;
                case ElementType.Float64: tensor.Span<double>()[i] = real; break;
                case ElementType.UInt8 or ElementType.Int8: tensor.Bytes.Span[i] = (byte)random.Next(256); break;
                default: Elements.Store(tensor, i, real < 0 ? 0 : 1); break;
            }
        }

        return tensor;
    }
}
