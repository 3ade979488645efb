namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>Which elements of a tensor are summed into which element of the result, dimension by dimension.</summary>
internal sealed class ReduceShape
{
    private readonly int[] _sizes;
    private readonly int[] _outputStrides;

    /// <param name="shape">Shape of the input.</param>
    /// <param name="reduced">Which of its dimensions are summed.</param>
    public ReduceShape(int[] shape, bool[] reduced)
    {
        int[] kept = new int[shape.Length];
        (Inputs, Outputs) = (1, 1);
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = reduced[i] ? 1 : shape[i];
            Inputs *= shape[i];
            Outputs *= kept[i];
        }

        _sizes = shape;
        _outputStrides = StridedCopy.DenseStrides(kept);
        for (int i = 0; i < kept.Length; i++)
            _outputStrides[i] = reduced[i] ? 0 : _outputStrides[i];
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>Elements summed into each result.</summary>
    public int Count => Outputs == 0 ? 0 : Inputs / Outputs;

    /// <summary>Where the row of innermost elements with this number goes, and the distance between its results (0 or 1).</summary>
    public (int Start, int Step) Row(int row)
    {
        int output = 0;
        for (int i = _sizes.Length - 2; i >= 0; i--)
        {
            output += row % _sizes[i] * _outputStrides[i];
            row /= _sizes[i];
        }
        return (output, _outputStrides[^1]);
    }

    public int RowLength => _sizes[^1];
}
