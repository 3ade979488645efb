using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Dimensions of operands.</summary>
internal static class Axes
{
    /// <summary>The axis counted from the front; negative ones count from the back.</summary>
    public static int Normalize(Node node, int axis, int rank)
    {
        int normal = axis < 0 ? axis + rank : axis;
        node.Require((uint)normal < (uint)rank, $"axis {axis} does not exist in {rank} dimensions");
        return normal;
    }

    /// <summary>The shape with another size along an axis.</summary>
    public static int[] Resize(int[] shape, int axis, int size) => [.. shape[..axis], size, .. shape[(axis + 1)..]];

    /// <summary>The shape to which two shapes broadcast.</summary>
    public static int[] Broadcast(Node node, int[] left, int[] right)
    {
        var shape = new int[Math.Max(left.Length, right.Length)];
        for (int i = 1; i <= shape.Length; i++)
        {
            int l = i <= left.Length ? left[^i] : 1, r = i <= right.Length ? right[^i] : 1;
            node.Require(
                l == r || l == 1 || r == 1, $"[{string.Join(", ", left)}] and [{string.Join(", ", right)}] do not broadcast");
            shape[^i] = l == 1 ? r : l;
        }

        return shape;
    }

    public static int[] Remove(int[] values, int axis) => [.. values[..axis], .. values[(axis + 1)..]];
}
