using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A Gather of a constant of 4 or 8 bits in blocks along an axis, each with a scale and a zero point: one of the numbers that these stand
/// for. Bytes hold one or two numbers, the lower bits first, along the last axis.
/// </summary>
internal sealed class GatherBlockQuantized() : NodeRewrite("GatherBlockQuantized", new Arity(3, 4))
{
    private const long DefaultBlock = 128;

    protected override void Rewrite(Rewriting at)
    {
        Value table = at.Constant(Table(at));
        at.Finish("Gather", [table, at.Input(1)], ("axis", at.Node.Int("gather_axis", 0)));
    }

    private static Tensor Table(Rewriting at)
    {
        Tensor data = Constant(at, 0), given = Constant(at, 2);
        long bits = at.Node.Int("bits", 4), block = at.Node.Int("block_size", DefaultBlock);
        if (bits is not (4 or 8) || block < 1) throw at.Refusal($"{bits} bits in blocks of {block}");
        bool isBytes = data.Type == ElementType.UInt8;
        float[] stored = Numbers(data, isBytes && bits == 4), scales = Elements.ToFloats(given);
        float[]? zeros = at.InputOrNull(3) is null ? null : Numbers(Constant(at, 3), isBytes && bits == 4);
        int rank = data.Rank;
        if (rank == 0 || given.Rank != rank) throw at.Refusal($"scales of shape {given.Shape} for numbers of shape {data.Shape}");
        int[] dims = [.. data.Dims];
        if (isBytes && bits == 4) dims[^1] *= 2;
        int axis = (int)at.Node.Int("quantize_axis", 1);
        if (axis < 0) axis += rank;
        if (axis < 0 || axis >= rank) throw at.Refusal($"quantize_axis {axis}");
        int blocks = (int)((dims[axis] + block - 1) / block), inner = 1;
        for (int i = axis + 1; i < rank; i++) inner *= dims[i];
        // Zero points in bytes of two begin anew with each row.
        int zeroBlocks = zeros is null || zeros.Length == scales.Length ? blocks : (blocks + 1) / 2 * 2;
        if (scales.Length * (long)dims[axis] != (long)stored.Length * blocks
            || (zeros is not null && zeros.Length * (long)blocks != (long)scales.Length * zeroBlocks))
            throw at.Refusal($"{scales.Length} scales and {zeros?.Length ?? 0} zero points for numbers of shape {data.Shape}");
        Tensor result = Tensor.Zeros(ElementType.Float32, dims);
        Span<float> to = result.Span<float>();
        float middle = isBytes ? 1 << ((int)bits - 1) : 0;
        for (int i = 0; i < to.Length; i++)
        {
            int outer = i / inner / dims[axis], part = i / inner % dims[axis] / (int)block, rest = i % inner;
            float zero = zeros is null ? middle : zeros[(((outer * zeroBlocks) + part) * inner) + rest];
            to[i] = (stored[i] - zero) * scales[(((outer * blocks) + part) * inner) + rest];
        }

        return Casting.To(result, given.Type);
    }

    private static float[] Numbers(Tensor stored, bool isPacked)
    {
        if (!isPacked) return Elements.ToFloats(stored);
        float[] numbers = new float[stored.Count * 2];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = stored.Span<byte>()[i / 2] >> (i % 2 * 4) & 15;
        return numbers;
    }

    private static Tensor Constant(Rewriting at, int index) =>
        at.Input(index).Constant ?? throw at.Refusal($"its input {index} is not a constant");
}
