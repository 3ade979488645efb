using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Measures how far an annotated graph's outputs are from its own in float, on calibration samples.</summary>
/// <param name="exact">What it made of them before it was annotated.</param>
internal sealed class OutputLoss(FloatOutputs exact, PassContext context)
{
    /// <summary>The root of the mean, over samples and float outputs, of the squared error as a share of the output's square.</summary>
    /// <param name="graph">The graph, annotated; its outputs are those of the one in float.</param>
    public double Of(Graph graph)
    {
        Interpreter interpreter = new(graph) { Pool = context.Pool, FakeQuantize = true, Reuses = true };
        double sum = 0;
        int count = 0;
        foreach ((Tensor[] inputs, Tensor[] outputs) in exact.Spread(exact.Count))
        {
            Tensor[] got = interpreter.Run(inputs, context.Cancellation);
            for (int i = 0; i < got.Length; i++)
            {
                if (!got[i].Type.IsFloat() || !got[i].Dims.SequenceEqual(outputs[i].Dims)) continue;
                sum += Share(Elements.ToFloats(outputs[i]), Elements.ToFloats(got[i]));
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
