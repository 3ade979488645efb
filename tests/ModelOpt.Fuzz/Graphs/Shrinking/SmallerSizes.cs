using ModelOpt.Compiler.Onnx;
using ModelOpt.Fuzz.Graphs.Checks;

namespace ModelOpt.Fuzz.Graphs.Shrinking;

/// <summary>
/// Replaces a size by a smaller one wherever it stands: in inputs, in constants, and among the numbers that constants hold.
/// </summary>
internal static class SmallerSizes
{
    /// <summary>The models with one size smaller.</summary>
    public static IEnumerable<ModelProto> Of(Subject subject)
    {
        ModelProto model = subject.Model;
        long[] sizes = [.. model.Graph.Input.SelectMany(i => i.Type.TensorType.Shape.Dim.Select(d => d.DimValue))
            .Concat(model.Graph.Initializer.SelectMany(i => i.Dims)).Where(d => d > 1).Distinct().OrderDescending()];
        foreach (long size in sizes)
        {
            foreach (long smaller in new[] { 1, 2, size / 2, size - 1 }.Where(s => s > 0 && s < size).Distinct())
            {
                ModelProto edited = model.Clone();
                Replace(edited, size, smaller);
                yield return edited;
            }
        }
    }

    private static void Replace(ModelProto model, long size, long smaller)
    {
        foreach (ValueInfoProto info in model.Graph.Input.Concat(model.Graph.Output))
        {
            foreach (TensorShapeProto.Types.Dimension dim in info.Type.TensorType.Shape.Dim)
                if (dim.DimValue == size) dim.DimValue = smaller;
        }

        for (int i = 0; i < model.Graph.Initializer.Count; i++)
        {
            TensorProto proto = model.Graph.Initializer[i];
            Tensor tensor = OnnxTensors.Read(proto, new ExternalData(null), proto.Name);
            if (tensor.Type == ElementType.Int64 && tensor.Count <= 8)
            {
                tensor = Tensor.Of<long>(tensor.Dims, [.. tensor.ToInt64s().Select(n => n == size ? smaller : n)]);
            }
            else if (proto.Dims.Contains(size))
            {
                tensor = Cut(tensor, [.. tensor.Dims.ToArray().Select(d => d == size ? (int)smaller : d)]);
            }
            else
            {
                continue;
            }

            model.Graph.Initializer[i] = OnnxTensors.Write(proto.Name, tensor);
        }
    }

    /// <summary>The elements at the beginning of each axis.</summary>
    private static Tensor Cut(Tensor tensor, int[] dims)
    {
        Tensor result = Tensor.Zeros(tensor.Type, dims);
        int size = tensor.Count == 0 ? 0 : tensor.Bytes.Length / tensor.Count;
        for (int i = 0; i < result.Count; i++)
        {
            int from = 0, rest = i, stride = 1;
            for (int axis = dims.Length - 1; axis >= 0; axis--)
            {
                from += rest % dims[axis] * stride;
                rest /= dims[axis];
                stride *= tensor.Dims[axis];
            }

            tensor.Bytes.Span.Slice(from * size, size).CopyTo(result.Bytes.Span[(i * size)..]);
        }

        return result;
    }
}
