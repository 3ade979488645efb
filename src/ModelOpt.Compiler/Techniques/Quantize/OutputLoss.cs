using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Measures how far an annotated graph's outputs are from its own in float, on calibration samples.</summary>
internal sealed class OutputLoss
{
    private const int MostSamples = 32;
    private const long MostMacs = 1L << 33;

    private readonly PassContext _context;
    private readonly Tensor[][] _samples;
    private readonly Tensor[][] _wanted;

    /// <summary>Runs a graph that is not annotated yet.</summary>
    public OutputLoss(Graph graph, Calibrator calibrator, PassContext context)
    {
        _context = context;
        long macs = graph.Nodes.Sum(n => Operator.Of(n).Macs(n));
        int count = (int)Math.Clamp(MostMacs / Math.Max(1, macs), 1, Math.Min(MostSamples, calibrator.Count));
        _samples = [.. Enumerable.Range(0, count).Select(i => calibrator.Sample(i, count))];
        Interpreter interpreter = new(graph) { Pool = context.Pool };
        _wanted = [.. _samples.Select(s => interpreter.Run(s, context.Cancellation))];
    }

    /// <summary>The root of the mean, over samples and float outputs, of the squared error as a share of the output's square.</summary>
    /// <param name="graph">The graph, annotated; its outputs are those of the one in float.</param>
    public double Of(Graph graph)
    {
        Interpreter interpreter = new(graph) { Pool = _context.Pool, FakeQuantize = true };
        double sum = 0;
        int count = 0;
        for (int s = 0; s < _samples.Length; s++)
        {
            Tensor[] got = interpreter.Run(_samples[s], _context.Cancellation);
            for (int i = 0; i < got.Length; i++)
            {
                if (!got[i].Type.IsFloat() || !got[i].Dims.SequenceEqual(_wanted[s][i].Dims)) continue;
                sum += Share(Elements.ToFloats(_wanted[s][i]), Elements.ToFloats(got[i]));
                count++;
            }
        }

        return count == 0 ? 0 : Math.Sqrt(sum / count);
    }

    /// <summary>
    /// The squared error of an output as a share of its square: at most 1, which an output of zeros has, as the worst output is not to hide
    /// the others.
    /// </summary>
    public static double Share(ReadOnlySpan<float> wanted, ReadOnlySpan<float> got)
    {
        double error = 0, square = 0;
        for (int i = 0; i < wanted.Length; i++)
        {
            error += ((double)wanted[i] - got[i]) * ((double)wanted[i] - got[i]);
            square += (double)wanted[i] * wanted[i];
        }

        return error == 0 ? 0 : square > 0 && error < square ? error / square : 1;
    }
}
