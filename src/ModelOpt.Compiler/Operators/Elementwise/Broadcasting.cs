using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>ONNX's (NumPy's) broadcasting: shapes are aligned at the end, and an axis of size 1 is repeated.</summary>
internal static class Broadcasting
{
    /// <summary>The shape that several shapes are broadcast to.</summary>
    public static Shape Combine(Node node, params ReadOnlySpan<Shape> shapes)
    {
        int rank = 0;
        foreach (Shape shape in shapes) rank = Math.Max(rank, shape.Rank);
        var dims = new Dim[rank];
        Array.Fill(dims, 1);
        foreach (Shape shape in shapes)
        {
            for (int i = 0; i < shape.Rank; i++)
            {
                int axis = rank - shape.Rank + i;
                dims[axis] = Combine(dims[axis], shape[i]) ?? throw GraphDiagnostics.ShapeMismatch.Error(
                    node.Label, $"cannot broadcast {string.Join(" and ", shapes.ToArray().AsEnumerable())}");
            }
        }

        return new Shape(dims);
    }

    /// <summary>The tensor repeated to a shape that it broadcasts to; itself where it has it already.</summary>
    public static Tensor Expand(Node node, Tensor tensor, int[] dims)
    {
        if (tensor.Dims.SequenceEqual(dims)) return tensor;
        int[] own = DataMovement.Strides(tensor.Dims);
        var strides = new int[dims.Length];
        for (int i = 0, axis = dims.Length - tensor.Rank; i < tensor.Rank; i++, axis++)
            strides[axis] = tensor.Dims[i] == 1 ? 0 : own[i];
        return DataMovement.View(node, tensor, dims, strides, 0);
    }

    /// <summary>
    /// Sums over the axes that <see cref="Expand"/> repeats: the gradient of the tensor from that of the repeated one. Sums in double
    /// precision in the order of the elements.
    /// </summary>
    /// <param name="tensor">float32, of the repeated tensor's sizes.</param>
    public static Tensor Reduce(Node node, Tensor tensor, ReadOnlySpan<int> dims)
    {
        if (tensor.Dims.SequenceEqual(dims)) return tensor;
        var axes = new List<int>();
        for (int axis = 0, own = dims.Length - tensor.Rank; axis < tensor.Rank; axis++, own++)
        {
            if (own < 0 || dims[own] != tensor.Dims[axis]) axes.Add(axis);
        }

        return MeanReduction.Sum(node, tensor, axes.ToArray(), keep: true).Reshape(dims);
    }

    // Of two sizes that are not known to be equal, one that is known and not 1 must be the result. Else the larger is: they are equal, or
    // the smaller is 1.
    private static Dim? Combine(Dim a, Dim b) =>
        a == (Dim)1 ? b
        : b == (Dim)1 || (a == b && a.Symbol is not null) ? a
        : a.IsKnown && b.IsKnown ? a == b ? a : null
        : a.IsKnown ? a
        : b.IsKnown ? b
        : Dim.Max(a, b);
}
