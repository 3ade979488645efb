namespace ModelOpt.Runtime;

/// <content>Sizes that the file leaves open, besides the batch.</content>
public sealed partial class TfliteModel
{
    /// <summary>
    /// Whether the file leaves sizes of inputs besides the batch open, such as height and width: <see cref="Begin(ReadOnlySpan{int})"/>
    /// takes them. The model is planned anew for each shape, and keeps the last eight plans.
    /// </summary>
    public bool HasOpenSizes { get; }

    internal OpenPlans? Open => _open;

    private static int ElementsBehindBatch(TensorInfo input) =>
        input.Shape is [-1, ..] ? input.Shape.Skip(1).Aggregate(1, (count, size) => count * size) : 0;

    private ModelCall BeginBatch(int batch)
    {
        const int Usual = 64;
        int count = _open!.SizeCount;
        Span<int> sizes = count <= Usual ? stackalloc int[Usual] : new int[count];
        sizes = sizes[..count];
        _open.PutSizes(batch, sizes);
        return Begin(sizes);
    }

    /// <summary>Starts a call of a model with open sizes, or of another with the sizes that it has.</summary>
    /// <param name="sizes">The sizes of all inputs, one input after another: [1, 3, 480, 640]. Zero is a size.</param>
    /// <exception cref="ArgumentException">The model does not take these sizes.</exception>
    public ModelCall Begin(scoped ReadOnlySpan<int> sizes) => Start(sizes, null);

    private ModelCall Start(scoped ReadOnlySpan<int> sizes, ModelState? state)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_open is not null)
        {
            Session session = _open.For(sizes, out int samples).Rent();
            return new ModelCall(this, session, _plan.Graph.Inputs is [{ HasDynamicBatch: true }, ..] ? sizes[0] : 1, samples, state);
        }

        int batch = HasDynamicBatch && sizes is [> 0, ..] ? sizes[0] : 1, at = 0;
        foreach (TensorInfo input in Inputs)
        {
            for (int i = 0; i < input.Shape.Count; i++, at++)
            {
                if (at >= sizes.Length || sizes[at] != (input.Shape[i] < 0 ? batch : input.Shape[i]))
                    throw new ArgumentException($"Input '{input.Name}' has shape [{string.Join(", ", input.Shape)}].", nameof(sizes));
            }
        }

        if (at != sizes.Length)
            throw new ArgumentException($"{sizes.Length} sizes were given, not {at}.", nameof(sizes));
        return state is null ? Begin(batch) : Begin(state);
    }

    /// <summary>Puts the shape of an input to its place among the sizes of all inputs.</summary>
    /// <param name="sizes">The sizes of all inputs, for <see cref="Begin(ReadOnlySpan{int})"/>.</param>
    /// <exception cref="ArgumentException">The input has more or fewer dimensions.</exception>
    public void PutShape(int input, ReadOnlySpan<int> shape, Span<int> sizes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(input);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(input, Inputs.Count);
        if (shape.Length != Inputs[input].Shape.Count)
            throw new ArgumentException($"Input {Inputs[input]} does not have {shape.Length} dimensions.", nameof(shape));
        int start = 0;
        for (int i = 0; i < input; i++)
            start += Inputs[i].Shape.Count;
        shape.CopyTo(sizes[start..]);
    }

    /// <summary>The shape of the only input, by its length: where one size is open, it follows.</summary>
    private int[] SizesOf(int length)
    {
        TensorInfo input = Inputs[0];
        long known = 1;
        foreach (int size in input.Shape)
            known *= size < 0 ? 1 : size;
        bool isOne = input.Shape.Count(s => s < 0) == 1 && known > 0 && length % known == 0;
        return isOne ? [.. input.Shape.Select(size => size < 0 ? (int)(length / known) : size)]
            : _plan.Graph.Inputs[0].Elements == length ? _plan.Graph.Inputs[0].Shape
            : throw new ArgumentException($"Input '{input.Name}' has shape [{string.Join(", ", input.Shape)}], and {length} elements "
                + $"were given: say its sizes by {nameof(Begin)}.");
    }
}
