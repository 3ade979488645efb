namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>A tensor as lines along one dimension.</summary>
/// <param name="Lines">Their number.</param>
/// <param name="Length">Their length.</param>
/// <param name="Step">The distance between neighbours of a line.</param>
internal readonly record struct AxisLines(int Lines, int Length, int Step)
{
    /// <summary>The lines of a shape along a dimension.</summary>
    public static AxisLines Of(int[] shape, int axis)
    {
        int lines = 1, step = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            lines *= i == axis ? 1 : shape[i];
            step *= i > axis ? shape[i] : 1;
        }

        return new AxisLines(lines, shape[axis], step);
    }

    /// <summary>Where a line starts.</summary>
    public int Start(int line) => (line / Step * Step * Length) + (line % Step);
}
