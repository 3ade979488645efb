using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A MatMul by a weight of 2, 4 or 8 bits in blocks along its rows, each with a scale and a zero point: one by the numbers that these stand
/// for. A bias may follow.
/// </summary>
internal sealed class MatMulNBits() : NodeRewrite("MatMulNBits", new Arity(3, 6))
{
    private const int MostElements = 1 << 28;

    protected override void Rewrite(Rewriting at)
    {
        Value weight = at.Constant(Weight(at));
        if (at.InputOrNull(5) is { } bias) at.Finish("Add", [at.AddLayer("MatMul", [at.Input(0), weight]), bias]);
        else at.Finish("MatMul", [at.Input(0), weight]);
    }

    private static Tensor Weight(Rewriting at)
    {
        long k = at.Node.Int("K", 0), n = at.Node.Int("N", 0), bits = at.Node.Int("bits", 4), size = at.Node.Int("block_size", 0);
        if (bits is not (2 or 4 or 8)) throw at.Refusal($"{bits} bits");
        if (k <= 0 || n <= 0 || k > MostElements / n || size is < 16 or > 1 << 20) throw at.Refusal($"K {k}, N {n}, block_size {size}");
        if (at.InputOrNull(4) is not null) throw at.Refusal("groups in another order (g_idx)");
        int blocks = (int)((k + size - 1) / size), columns = (int)n;
        ReadOnlySpan<byte> packed = Constant(at, 1, ElementType.UInt8).Span<byte>();
        Tensor given = Constant(at, 2, at.Input(2).Type);
        ReadOnlySpan<float> scales = Casting.To(given, ElementType.Float32).Span<float>();
        long blob = size * bits / 8;
        if (packed.Length != n * blocks * blob || scales.Length != n * blocks)
            throw at.Refusal($"{packed.Length} bytes and {scales.Length} scales for K {k}, N {n}, block_size {size}");
        float[] zeros = ZeroPoints(at, columns, blocks, (int)bits);
        Tensor result = Tensor.Zeros(ElementType.Float32, [(int)k, columns]);
        Span<float> to = result.Span<float>();
        for (int column = 0; column < columns; column++)
        {
            for (int row = 0; row < (int)k; row++)
            {
                int block = (column * blocks) + (row / (int)size);
                int q = Unpack(packed[(block * (int)blob)..], row % (int)size, (int)bits);
                to[(row * columns) + column] = (q - zeros[block]) * scales[block];
            }
        }

        // The weight has the type that the scales, and the other factor, have.
        return Casting.To(result, given.Type);
    }

    private static float[] ZeroPoints(Rewriting at, int columns, int blocks, int bits)
    {
        var zeros = new float[columns * blocks];
        if (at.InputOrNull(3) is not { } input)
        {
            Array.Fill(zeros, 1 << (bits - 1));
            return zeros;
        }

        Tensor stored = Constant(at, 3, input.Type);
        if (stored.Type.IsFloat())
        {
            if (stored.Count != zeros.Length) throw at.Refusal($"{stored.Count} zero points");
            return Casting.To(stored, ElementType.Float32).Span<float>().ToArray();
        }

        // Those of a column begin with a byte of their own.
        int stride = ((blocks * bits) + 7) / 8;
        if (stored.Type != ElementType.UInt8 || stored.Count != columns * stride) throw at.Refusal($"zero points {stored}");
        for (int i = 0; i < zeros.Length; i++) zeros[i] = Unpack(stored.Span<byte>()[(i / blocks * stride)..], i % blocks, bits);
        return zeros;
    }

    private static int Unpack(ReadOnlySpan<byte> bytes, int index, int bits) =>
        (bytes[index * bits / 8] >> (index * bits % 8)) & ((1 << bits) - 1);

    private static Tensor Constant(Rewriting at, int index, ElementType type) =>
        at.Input(index).Constant is { } constant && constant.Type == type ? constant
            : throw at.Refusal($"its input {index} is not a constant of {type}");
}
