namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Two operands over an output shape, NumPy style, as rows: within a row each operand is contiguous or one repeated
/// element. Neighbouring dimensions in which both behave alike are merged, so equal shapes give a single row.
/// </summary>
internal sealed class BroadcastShape
{
    private readonly int[] _sizes;
    private readonly int[] _leftStrides;
    private readonly int[] _rightStrides;

    /// <exception cref="ArgumentException">The shapes do not broadcast to the output.</exception>
    public BroadcastShape(int[] left, int[] right, int[] output)
    {
        var groups = new List<(int Size, bool Left, bool Right)>(); // innermost first
        for (int i = 0; i < output.Length; i++)
        {
            int size = output[^(i + 1)];
            int l = i < left.Length ? left[^(i + 1)] : 1, r = i < right.Length ? right[^(i + 1)] : 1;
            if (Math.Max(left.Length, right.Length) > output.Length || (l != size && l != 1) || (r != size && r != 1))
                throw new ArgumentException($"[{string.Join(", ", left)}] and [{string.Join(", ", right)}] do not broadcast to "
                    + $"[{string.Join(", ", output)}]");
            if (size == 1)
                continue;
            var group = (Size: size, Left: l == size, Right: r == size);
            if (groups.Count > 0 && groups[^1].Left == group.Left && groups[^1].Right == group.Right)
                groups[^1] = (groups[^1].Size * size, group.Left, group.Right);
            else
                groups.Add(group);
        }
        if (groups.Count == 0)
            groups.Add((1, true, true));

        (Length, LeftRepeats, RightRepeats) = (groups[0].Size, !groups[0].Left, !groups[0].Right);
        _sizes = [.. groups.Skip(1).Select(g => g.Size)];
        _leftStrides = Strides(groups.ConvertAll(g => g.Left ? g.Size : 1));
        _rightStrides = Strides(groups.ConvertAll(g => g.Right ? g.Size : 1));
        Rows = _sizes.Aggregate(1, (a, b) => a * b);
    }

    public int Rows { get; }

    /// <summary>Elements of a row.</summary>
    public int Length { get; }

    /// <summary>Whether the left operand is one element repeated over the row.</summary>
    public bool LeftRepeats { get; }

    public bool RightRepeats { get; }

    /// <summary>Whether all rows meet one and the same row of the right operand, as a vector that is added to each pixel.</summary>
    public bool RightRowRepeats =>
        _sizes.Length == 1 && !LeftRepeats && !RightRepeats && _rightStrides[0] == 0 && _leftStrides[0] == Length;

    /// <summary>Where the operands of a row start.</summary>
    public (int Left, int Right) Offsets(int row)
    {
        int left = 0, right = 0;
        for (int i = 0; i < _sizes.Length; i++)
        {
            int index = row % _sizes[i];
            row /= _sizes[i];
            left += index * _leftStrides[i];
            right += index * _rightStrides[i];
        }
        return (left, right);
    }

    // Strides of all groups but the innermost; 0 where the operand repeats.
    private static int[] Strides(List<int> sizes)
    {
        int[] strides = new int[sizes.Count - 1];
        int stride = sizes[0];
        for (int i = 1; i < sizes.Count; i++)
        {
            strides[i - 1] = sizes[i] == 1 ? 0 : stride;
            stride *= sizes[i];
        }
        return strides;
    }
}
