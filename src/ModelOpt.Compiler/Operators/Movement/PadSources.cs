using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>For each position of a padded axis the position of the input it comes from; -1 for the constant.</summary>
internal static class PadSources
{
    /// <summary>The sources along each axis.</summary>
    /// <param name="pads">What is added before each axis, negative for what is cut off.</param>
    public static int[][] Of(Node node, string mode, Tensor x, long[] pads, ReadOnlySpan<int> dims)
    {
        var sources = new int[x.Rank][];
        for (int i = 0; i < x.Rank; i++) sources[i] = Along(node, mode, x.Dims[i], (int)pads[i], dims[i]);
        return sources;
    }

    /// <summary>The sources along one axis.</summary>
    /// <param name="before">What is added before it, negative for what is cut off.</param>
    public static int[] Along(Node node, string mode, int size, int before, int padded)
    {
        var sources = new int[padded];
        for (int i = 0; i < padded; i++)
        {
            int from = i - before;
            if (from < 0 || from >= size)
            {
                if (mode != "constant" && size == 0)
                    throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "an empty axis has nothing to pad with");
                from = mode switch
                {
                    "edge" => Math.Clamp(from, 0, size - 1),
                    "reflect" => Reflect(from, size),
                    "wrap" => Wrap(from, Math.Max(0, -before), Math.Min(size, padded - before)),
                    _ => -1,
                };
            }

            sources[i] = from;
        }

        return sources;
    }

    // A negative pad at one end takes nothing back at the other.
    private static int Wrap(int position, int low, int high)
    {
        int length = Math.Max(1, high - low);
        return low + ((((position - low) % length) + length) % length);
    }

    private static int Reflect(int position, int size)
    {
        if (size == 1) return 0;
        int period = 2 * (size - 1), phase = ((position % period) + period) % period;
        return phase < size ? phase : period - phase;
    }
}
