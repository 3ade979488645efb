using ModelOpt.Compiler.Graphs;
using ModelOpt.Fuzz.Operators;

namespace ModelOpt.Fuzz.Tests;

/// <summary>Tensors with some indices of an axis changed, left out or reordered.</summary>
internal static class TensorAxes
{
    public static Tensor Changed(Tensor tensor, int axis, int index, Draw random, bool isDivided)
    {
        // Beyond what is drawn, so that extremes change.
        Tensor other = random.Tensor(tensor.Type, [.. tensor.Dims], isDivided && !tensor.Type.IsFloat() ? 1 : -30, 30);
        return Mixed(tensor, axis, i => i == index ? other : tensor);
    }

    public static Tensor Zeroed(Tensor tensor, int axis, int[] kept)
    {
        Tensor zeros = Tensor.Zeros(tensor.Type, tensor.Dims);
        return Mixed(tensor, axis, i => kept.Contains(i) ? tensor : zeros);
    }

    private static Tensor Mixed(Tensor like, int axis, Func<int, Tensor> source)
    {
        int inner = Inner(like, axis), size = like.Dims[axis];
        Tensor result = Tensor.Zeros(like.Type, like.Dims);
        for (int block = 0; block < result.Bytes.Length / inner; block++)
            source(block % size).Bytes.Slice(block * inner, inner).CopyTo(result.Bytes[(block * inner)..]);
        return result;
    }

    public static Tensor Taken(Tensor tensor, int axis, int[] indices)
    {
        int inner = Inner(tensor, axis), size = tensor.Dims[axis];
        int[] dims = [.. tensor.Dims];
        dims[axis] = indices.Length;
        Tensor result = Tensor.Zeros(tensor.Type, dims);
        for (int block = 0; block < result.Bytes.Length / inner; block++)
        {
            int from = (block / indices.Length * size) + indices[block % indices.Length];
            tensor.Bytes.Slice(from * inner, inner).CopyTo(result.Bytes[(block * inner)..]);
        }

        return result;
    }

    private static int Inner(Tensor tensor, int axis)
    {
        int inner = tensor.Type.Size();
        foreach (int dim in tensor.Dims[(axis + 1)..]) inner *= dim;
        return inner;
    }

    public static void AddDifferences(Tensor before, Tensor after, int axis, HashSet<int> indices)
    {
        if (!before.Dims.SequenceEqual(after.Dims))
        {
            // As many as there are, as numbers say: all are others.
            indices.UnionWith(Enumerable.Range(0, before.Dims[axis]));
            return;
        }

        int inner = Inner(before, axis);
        for (int block = 0; block < before.Bytes.Length / inner; block++)
        {
            ReadOnlySpan<byte> was = before.Bytes.Span.Slice(block * inner, inner);
            if (!was.SequenceEqual(after.Bytes.Span.Slice(block * inner, inner))) indices.Add(block % before.Dims[axis]);
        }
    }

    public static IEnumerable<double> Numbers(Tensor tensor) =>
        Casting.To(tensor, ElementType.Float64).Span<double>().ToArray();

    public static Tensor Doubled(Tensor tensor) =>
        Tensor.Of<float>(tensor.Dims, Array.ConvertAll(tensor.Span<float>().ToArray(), x => 2 * x));
}
