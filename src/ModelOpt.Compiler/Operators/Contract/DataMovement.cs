using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Copies elements from one arrangement to another, whatever their type.</summary>
internal static class DataMovement
{
    /// <summary>The distance between neighbours along each axis of a row-major tensor, in elements.</summary>
    public static int[] Strides(ReadOnlySpan<int> dims)
    {
        var strides = new int[dims.Length];
        int stride = 1;
        for (int i = dims.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(dims[i], 1);
        }

        return strides;
    }

    /// <summary>The tensor with axes permuted.</summary>
    /// <param name="order">Axis i of the result is axis order[i] of the source.</param>
    public static Tensor Transpose(Node node, Tensor source, ReadOnlySpan<int> order)
    {
        int[] strides = Strides(source.Dims);
        var dims = new int[order.Length];
        var permuted = new int[order.Length];
        for (int i = 0; i < order.Length; i++) (dims[i], permuted[i]) = (source.Dims[order[i]], strides[order[i]]);
        return View(node, source, dims, permuted, 0);
    }

    /// <summary>A row-major copy of a strided view: element (i, j, …) is source[offset + i·strides[0] + j·strides[1] + …].</summary>
    /// <param name="strides">The distance along each axis in elements; may be 0 or negative.</param>
    public static Tensor View(Node node, Tensor source, int[] dims, int[] strides, int offset)
    {
        Tensor result = node.Allocate(source.Type, dims);
        if (result.Count > 0) ElementDispatch.Bits(source.Type, new ViewAction(source, result, strides, offset));
        return result;
    }

    /// <summary>
    /// Adds elements to those of a strided view, the reverse of <see cref="View"/>: target[offset + i·strides[0] + …] += element
    /// (i, j, …), in the order of the elements.
    /// </summary>
    /// <param name="elements">float32, of the view's sizes.</param>
    /// <param name="target">float32.</param>
    /// <param name="strides">The distance along each axis in elements; may be 0 or negative.</param>
    public static void AddToView(Tensor elements, Tensor target, int[] strides, int offset)
    {
        ReadOnlySpan<float> from = elements.As<float>();
        Span<float> to = target.As<float>();
        ReadOnlySpan<int> dims = elements.Dims;
        var index = new int[dims.Length];
        int position = offset;
        foreach (float element in from)
        {
            to[position] += element;
            for (int axis = dims.Length - 1; axis >= 0; axis--)
            {
                position += strides[axis];
                if (++index[axis] < dims[axis]) break;
                position -= strides[axis] * dims[axis];
                index[axis] = 0;
            }
        }
    }

    /// <summary>The tensors one after the other along an axis.</summary>
    /// <param name="parts">At least one tensor; all have the same type and sizes but for <paramref name="axis"/>.</param>
    public static Tensor Concat(Node node, IReadOnlyList<Tensor> parts, int axis)
    {
        int[] dims = parts[0].Dims.ToArray();
        long length = 0;
        foreach (Tensor part in parts)
        {
            if (part.Type != parts[0].Type)
                throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"cannot join {parts[0].Type} and {part.Type}");
            dims[axis] = part.Rank == dims.Length ? part.Dims[axis] : 0;
            if (!part.Dims.SequenceEqual(dims))
                throw GraphDiagnostics.ShapeMismatch.Error(
                    node.Label, $"cannot join {parts[0].Shape} and {part.Shape} along axis {axis}");
            length += part.Dims[axis];
        }

        dims[axis] = (int)Math.Min(length, int.MaxValue);
        Tensor result = node.Allocate(parts[0].Type, dims);
        if (result.Count == 0) return result;
        int outer = Count(dims.AsSpan(0, axis)), row = result.Bytes.Length / outer, begin = 0;
        foreach (Tensor part in parts)
        {
            int block = part.Bytes.Length / outer;
            for (int i = 0; i < outer; i++)
                part.Bytes.Span.Slice(i * block, block).CopyTo(result.Bytes.Span[((i * row) + begin)..]);
            begin += block;
        }

        return result;
    }

    /// <summary>The product of sizes.</summary>
    /// <param name="dims">The sizes of a tensor that exists, or some of them.</param>
    public static int Count(ReadOnlySpan<int> dims)
    {
        int count = 1;
        foreach (int dim in dims) count *= dim;
        return count;
    }

    private readonly struct ViewAction(Tensor source, Tensor result, int[] strides, int offset) : IBitsAction
    {
        public void Run<T>() where T : unmanaged
        {
            ReadOnlySpan<T> from = source.As<T>();
            Span<T> to = result.As<T>();
            ReadOnlySpan<int> dims = result.Dims;
            int last = dims.Length - 1;
            if (last < 0)
            {
                to[0] = from[offset];
                return;
            }

            int inner = dims[last], step = strides[last], position = offset;
            var index = new int[last];
            for (int begin = 0; begin < to.Length; begin += inner)
            {
                Span<T> row = to.Slice(begin, inner);
                if (step == 1) from.Slice(position, inner).CopyTo(row);
                else if (step == 0) row.Fill(from[position]);
                else
                {
                    for (int i = 0; i < row.Length; i++) row[i] = from[position + (i * step)];
                }

                for (int axis = last - 1; axis >= 0; axis--)
                {
                    position += strides[axis];
                    if (++index[axis] < dims[axis]) break;
                    position -= strides[axis] * dims[axis];
                    index[axis] = 0;
                }
            }
        }
    }
}
