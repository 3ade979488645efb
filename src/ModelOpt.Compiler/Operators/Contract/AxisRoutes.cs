using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>The routes of families of operators.</summary>
internal static class AxisRoutes
{
    /// <summary>Axes of input 0 that every output has in the same place.</summary>
    public static IEnumerable<AxisRoute> Kept(Node node, IEnumerable<int> axes) =>
        axes.Select(a => new AxisRoute([AxisPlace.In(0, a), .. Outputs(node).Select(o => AxisPlace.Out(o, a))]));

    /// <summary>All axes of input 0, which every output has too.</summary>
    public static IEnumerable<AxisRoute> Kept(Node node) => Kept(node, Enumerable.Range(0, node.ShapeOf(0).Rank));

    /// <summary>The axes of input 0 that a reduction leaves.</summary>
    /// <param name="reduced">The axes that it does not leave.</param>
    /// <param name="keep">Whether these stay, with size 1.</param>
    public static IEnumerable<AxisRoute> Reduced(Node node, int[] reduced, bool keep) => Enumerable.Range(0, node.ShapeOf(0).Rank)
        .Where(a => !reduced.Contains(a))
        .Select(a => new AxisRoute(AxisPlace.In(0, a), AxisPlace.Out(0, keep ? a : a - reduced.Count(r => r < a))));

    /// <summary>The axes of output 0 in all inputs that are broadcast to it; one of size 1 that is repeated is on no route.</summary>
    /// <param name="node">The node, all of whose inputs are broadcast.</param>
    public static IEnumerable<AxisRoute> Broadcast(Node node)
    {
        Shape result = node.Output.Shape!;
        for (int axis = 0; axis < result.Rank; axis++)
        {
            if (BroadcastPlaces(node, Enumerable.Range(0, node.Inputs.Count), result, axis, 0) is { Count: > 0 } places)
                yield return new AxisRoute([.. places, AxisPlace.Out(0, axis)]);
        }
    }

    /// <summary>Where inputs that are broadcast to a shape have one of its axes.</summary>
    /// <param name="behind">How many axes the inputs have behind those that are broadcast.</param>
    /// <returns>The places; null if unknown.</returns>
    public static IReadOnlyList<AxisPlace>? BroadcastPlaces(Node node, IEnumerable<int> inputs, Shape result, int axis, int behind)
    {
        List<AxisPlace> places = [];
        foreach (int i in inputs)
        {
            if (node.InputOrNull(i)?.Shape is not { } shape) continue;
            int own = shape.Rank - behind - result.Rank + axis;
            if (own < 0) continue;
            if (IsSame(shape[own], result[axis])) places.Add(AxisPlace.In(i, own));
            else if (shape[own] != 1) return null;
        }

        return places;
    }

    /// <summary>
    /// The routes of a reshape. Axes that both shapes begin with are kept. An index of another axis counts steps of as many elements as
    /// lie behind the axis; two axes share what both count: from the least common multiple of their steps to the greatest common divisor
    /// of the lengths that they count to.
    /// </summary>
    /// <param name="from">The shape of input 0.</param>
    /// <param name="to">The shape of output 0.</param>
    /// <param name="isRigid">Whether the node cannot be told that elements are left out.</param>
    public static IEnumerable<AxisRoute> Reshaped(Shape from, Shape to, bool isRigid)
    {
        int same = 0;
        while (same < from.Rank && same < to.Rank && IsSame(from[same], to[same]))
        {
            yield return new AxisRoute(isRigid, AxisPlace.In(0, same), AxisPlace.Out(0, same));
            same++;
        }

        long p = 1;
        for (int a = from.Rank - 1; a >= same && from[a].Size > 0; p *= from[a].Size, a--)
        {
            long q = 1;
            for (int b = to.Rank - 1; b >= same && to[b].Size > 0; q *= to[b].Size, b--)
            {
                // A tensor has fewer elements than 2^31, so products of two counts fit.
                long step = p / Divisor(p, q) * q, end = Divisor(p * from[a].Size, q * to[b].Size);
                if (end % step != 0 || end == step) continue;
                yield return new AxisRoute(
                    isRigid, AxisPlace.In(0, a, Labels(from[a].Size, step / p, end / step)),
                    AxisPlace.Out(0, b, Labels(to[b].Size, step / q, end / step)));
            }
        }
    }

    /// <summary>Whether two sizes are known to be equal.</summary>
    public static bool IsSame(Dim a, Dim b) => a == b && (a.IsKnown || a.Expression is not null);

    /// <summary>Labels of an axis whose indices belong to elements in blocks: index i to element i / block.</summary>
    public static int[] Blocks(long size, long block) => Labels(size, block, size);

    /// <summary>Labels of an axis that begins with other elements: index i belongs to element i + first.</summary>
    /// <param name="first">The element of index 0.</param>
    public static int[] From(long size, int first) => [.. Enumerable.Range(first, (int)size)];

    private static long Divisor(long a, long b) => b == 0 ? a : Divisor(b, a % b);

    private static int[] Labels(long size, long block, long count) =>
        [.. Enumerable.Range(0, (int)size).Select(i => (int)(i / block % count))];

    private static IEnumerable<int> Outputs(Node node) => Enumerable.Range(0, node.Outputs.Count).Where(node.HasOutput);
}
