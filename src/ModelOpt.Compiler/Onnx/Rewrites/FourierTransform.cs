using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// DFT, the discrete Fourier transform along an axis of [batch, …, 1 or 2], the last being real numbers or complex ones: a product with a
/// constant matrix.
/// </summary>
internal sealed class FourierTransform() : NodeRewrite("DFT", new Arity(1, 3))
{
    private const int AxisAsInput = 20;

    public override string Domain => "";

    public override int Since => 17;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        int rank = at.RankOf(x), parts = FourierMatrix.Parts(at, x), axis = Axis(at, rank);
        int samples = AttentionParts.Length(at, x, axis, "a transform");
        bool inverse = at.Node.Int("inverse", 0) != 0, isOneSided = at.Node.Int("onesided", 0) != 0, isReal = inverse && isOneSided;
        int length = FourierMatrix.Number(at, 1, "dft_length") ?? (isReal ? 2 * (samples - 1) : samples);
        if (isReal && (parts != 2 || length < 1)) throw at.Refusal($"the inverse of {samples} numbers of one side");
        int frequencies = isReal ? length : isOneSided ? (length / 2) + 1 : length;
        // The axis comes before the last, and both are one.
        long[] order = [.. Enumerable.Range(0, rank - 1).Where(a => a != axis).Select(a => (long)a), axis, rank - 1];
        long[] back = [.. Enumerable.Range(0, rank).Select(a => (long)Array.IndexOf(order, a))];
        bool isMoved = axis != rank - 2;
        long[] kept = new long[rank - 2];
        Value rows = at.Add("Reshape", [isMoved ? at.Add("Transpose", [x], ("perm", order)) : x, at.Longs([.. kept, -1])]);
        Value matrix = at.Constant(Casting.To(
            isReal ? FourierMatrix.OfOneSide(at, samples, length)
                : FourierMatrix.Of(at, samples, parts, length, frequencies, inverse), x.Type.IsFloat() ? x.Type : ElementType.Float32));
        Value y = at.AddLayer("MatMul", [rows, matrix]), shape = at.Longs([.. kept, frequencies, isReal ? 1 : 2]);
        if (isMoved) at.Finish("Transpose", [at.Add("Reshape", [y, shape])], ("perm", back));
        else at.Finish("Reshape", [y, shape]);
    }

    private static int Axis(Rewriting at, int rank)
    {
        bool isInput = at.Opset >= AxisAsInput;
        long axis = isInput ? -2 : at.Node.Int("axis", 1);
        if (isInput && at.InputOrNull(2) is { } given)
            axis = ShapeContents.Tensor(given) is { Count: 1 } known ? known.ToInt64s()[0] : throw at.Refusal("a computed axis");
        if (axis < 0) axis += rank;
        return rank >= 3 && axis >= 0 && axis < rank - 1 ? (int)axis : throw at.Refusal($"axis {axis} of {rank}");
    }
}
