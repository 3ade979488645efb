using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>A TRANSPOSE of [batch, planes, pixels] to [batch, pixels, planes] with few planes.</summary>
internal readonly record struct PlaneShape(int Batch, int Planes, int Pixels)
{
    /// <summary>The shape of a transposition; null if it does something else.</summary>
    public static PlaneShape? Of(Node transpose)
    {
        Tensor input = transpose.Input(0);
        if (!transpose.Input(1).IsConstant || input.Elements == 0)
            return null;

        // Dimensions that stay neighbours, as one.
        var groups = new List<Group>();
        foreach (int dimension in TransposeOperator.Permutation(transpose))
        {
            if (input.Shape[dimension] == 1)
                continue;
            if (groups.Count > 0 && groups[^1].IsContinuedBy(dimension, input.Shape))
                groups[^1] = new Group(dimension, groups[^1].Size * input.Shape[dimension]);
            else
                groups.Add(new Group(dimension, input.Shape[dimension]));
        }

        PlaneShape? shape = groups switch
        {
            [var pixels, var planes] when pixels.Last > planes.Last => new PlaneShape(1, planes.Size, pixels.Size),
            [var batch, var pixels, var planes] when pixels.Last > planes.Last && planes.Last > batch.Last =>
                new PlaneShape(batch.Size, planes.Size, pixels.Size),
            _ => null,
        };
        return shape is { Planes: <= PlaneInterleaver.MaxPlanes } ? shape : null;
    }

    private sealed record Group(int Last, int Size)
    {
        /// <summary>Whether nothing but dimensions of 1 lies between the group and a dimension after it.</summary>
        public bool IsContinuedBy(int dimension, int[] shape)
        {
            if (dimension <= Last)
                return false;
            for (int between = Last + 1; between < dimension; between++)
            {
                if (shape[between] != 1)
                    return false;
            }
            return true;
        }
    }

    /// <param name="map">See <see cref="InterleaveKernel"/>.</param>
    public InterleaveKernel CreateKernel(PlaneMap? map) =>
        new(Batch, Planes, Pixels, map, new PlaneInterleaver(Planes, SimdTiers.Best));
}
