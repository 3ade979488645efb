namespace ModelOpt.Runtime;

/// <summary>An input or output of a model.</summary>
public sealed class TensorInfo
{
    internal TensorInfo(Model.Tensor tensor, bool dynamicBatch, bool dependsOnValues = false, bool isOpen = false)
    {
        HasOpenSizes = isOpen && tensor.Signature?.Contains(-1) != false;
        Name = tensor.Name;
        ElementType = ElementTypes.ToClr(tensor.Type);
        int[] shape = tensor.Shape.AsSpan().ToArray();
        if (dynamicBatch)
            shape[0] = -1;
        Shape = Array.AsReadOnly(shape);
        FileShape = tensor.Shape;
        ElementsPerSample = FileElements = tensor.Elements;
        if (dependsOnValues && (tensor.Signature is null || tensor.Signature.Contains(-1)))
        {
            DependsOnValues = true;
            ElementsPerSample = 0;
            Shape = Array.AsReadOnly(tensor.Signature ?? shape);
        }

        if (HasOpenSizes)
        {
            ElementsPerSample = 0;
            Shape = Array.AsReadOnly(tensor.Signature ?? shape);
        }

        if (tensor.IsQuantized8 && tensor.Quantization!.Count == 1)
            (Scale, ZeroPoint) = (tensor.Scale, tensor.ZeroPoint);
    }

    /// <summary>Name of the tensor in the file.</summary>
    public string Name { get; }

    /// <summary>Type of an element, for example <see cref="float"/> or <see cref="sbyte"/>.</summary>
    public Type ElementType { get; }

    /// <summary>
    /// The dimensions. A first dimension of −1 is the batch, of any size. Where the tensor <see cref="HasOpenSizes"/>, any may be −1:
    /// each call gives sizes to those of inputs. In an output that <see cref="DependsOnValues"/>, sizes of −1 are known when the model
    /// has run.
    /// </summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Whether sizes follow those of the inputs, which a call gives: see <see cref="TfliteModel.HasOpenSizes"/>.</summary>
    public bool HasOpenSizes { get; }

    /// <summary>Whether the sizes of an output depend on the values of the inputs: each call says them.</summary>
    public bool DependsOnValues { get; }

    /// <summary>
    /// Elements of one sample, or of the whole tensor where the batch is fixed; 0 where sizes are open or depend on values.
    /// </summary>
    public int ElementsPerSample { get; }

    /// <summary>The sizes that stand in the file: an example where they are open.</summary>
    internal int[] FileShape { get; }

    /// <summary>Elements of the sizes that stand in the file.</summary>
    internal int FileElements { get; }

    /// <summary>Scale of a quantized tensor: real = (stored − <see cref="ZeroPoint"/>)·Scale. 0 when not quantized.</summary>
    public float Scale { get; }

    /// <summary>The stored value that stands for 0.</summary>
    public int ZeroPoint { get; }

    /// <summary>Name, type and shape, for example "input: Single[-1, 32, 32, 3]".</summary>
    public override string ToString() => $"{Name}: {ElementType.Name}[{string.Join(", ", Shape)}]";
}
