using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// STFT: Fourier transforms of frames of a signal, [batch, length, 1 or 2], each a step behind the one before, times a window: a
/// convolution by constants. Inputs: the signal, the step, the window, the length of a frame.
/// </summary>
internal sealed class ShortFourierTransform() : NodeRewrite("STFT", new Arity(2, 4))
{
    public override string Domain => "";

    public override int Since => 17;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        if (at.RankOf(x) != 3) throw at.Refusal($"a signal of shape {x.Shape}");
        int parts = FourierMatrix.Parts(at, x), step = FourierMatrix.Number(at, 1, "frame_step")!.Value;
        Tensor? window = at.InputOrNull(2) is not { } given ? null : given.Constant ?? throw at.Refusal("a computed window");
        int length = FourierMatrix.Number(at, 3, "frame_length") ?? window?.Count
            ?? AttentionParts.Length(at, x, 1, "a frame as long as the signal");
        if (window is not null && window.Count != length) throw at.Refusal($"a window of {window.Count} for frames of {length}");
        bool isOneSided = at.Node.Int("onesided", 1) != 0;
        if (isOneSided && parts == 2) throw at.Refusal("one side of complex signals");
        int frequencies = isOneSided ? (length / 2) + 1 : length;
        float[] weights = window is null ? [] : Casting.To(window, ElementType.Float32).Span<float>().ToArray();
        Tensor filters = Filters(FourierMatrix.Of(at, length, parts, length, frequencies, false, weights), length, parts);
        Value row = parts == 1 ? at.Add("Reshape", [x, at.Longs(0, 1, -1)])
            : at.Add("Transpose", [x], ("perm", new long[] { 0, 2, 1 }));
        Value weight = at.Constant(Casting.To(filters, x.Type.IsFloat() ? x.Type : ElementType.Float32));
        Value y = at.AddLayer("Conv", [row, weight], ("strides", new long[] { step }));
        Value frames = at.Add("Transpose", [y], ("perm", new long[] { 0, 2, 1 }));
        at.Finish("Reshape", [frames, at.Longs(0, 0, frequencies, 2)]);
    }

    /// <summary>A filter of [parts, length] for each column of a matrix.</summary>
    private static Tensor Filters(Tensor matrix, int length, int parts)
    {
        int columns = matrix.Dims[1];
        Tensor filters = Tensor.Zeros(ElementType.Float32, [columns, parts, length]);
        for (int i = 0; i < filters.Count; i++)
        {
            int n = i % length, part = i / length % parts, column = i / (length * parts);
            filters.Span<float>()[i] = matrix.Span<float>()[(((n * parts) + part) * columns) + column];
        }

        return filters;
    }
}
