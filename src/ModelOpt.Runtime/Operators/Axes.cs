using ModelOpt.Runtime.Plan;

namespace ModelOpt.Runtime.Operators;

internal static class Axes
{
    /// <summary>The axis counted from the front; negative ones count from the back.</summary>
    public static int Normalize(Node node, int axis, int rank)
    {
        int normal = axis < 0 ? axis + rank : axis;
        node.Require((uint)normal < (uint)rank, $"axis {axis} does not exist in {rank} dimensions");
        return normal;
    }

    public static int[] Remove(int[] values, int axis) => [.. values[..axis], .. values[(axis + 1)..]];
}
