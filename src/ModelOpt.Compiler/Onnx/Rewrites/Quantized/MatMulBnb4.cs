using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A MatMul by a weight of 4 bits that stand for numbers of a table (bitsandbytes' FP4 and NF4), times the largest magnitude of their
/// block: one by the numbers that they stand for.
/// </summary>
internal sealed class MatMulBnb4() : NodeRewrite("MatMulBnb4", new Arity(3, 3))
{
    private const int MostElements = 1 << 28;

    // A sign, and floats of two bits of exponent and one of mantissa (Dettmers et al., QLoRA).
    private static readonly float[] Fp4 =
        [0, 0.005208333333f, 0.66666667f, 1, 0.33333333f, 0.5f, 0.16666667f, 0.25f,
        -0f, -0.005208333333f, -0.66666667f, -1, -0.33333333f, -0.5f, -0.16666667f, -0.25f];

    // Quantiles of the normal distribution.
    private static readonly float[] Nf4 =
        [-1, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1];

    protected override void Rewrite(Rewriting at) => at.Finish("MatMul", [at.Input(0), at.Constant(Weight(at))]);

    private static Tensor Weight(Rewriting at)
    {
        long k = at.Node.Int("K", 0), n = at.Node.Int("N", 0), size = at.Node.Int("block_size", 0), table = at.Node.Int("quant_type", 0);
        if (at.Node.Int("transB", 1) != 1 || at.Node.Int("training_mode", 0) != 0)
            throw at.Refusal("training, or a weight of inputs × outputs");
        if (table is not (0 or 1) || k <= 0 || n <= 0 || k > MostElements / n || size is < 16 or > 1 << 20)
            throw at.Refusal($"K {k}, N {n}, block_size {size}, quant_type {table}");
        if (at.Input(1).Constant is not { Type: ElementType.UInt8 } stored || at.Input(2).Constant is not { } given)
            throw at.Refusal("weights that are no constants");
        ReadOnlySpan<byte> packed = stored.Span<byte>();
        ReadOnlySpan<float> largest = Casting.To(given, ElementType.Float32).Span<float>(), numbers = table == 0 ? Fp4 : Nf4;
        long count = n * k, blocks = (count + size - 1) / size;
        if (packed.Length != (count + 1) / 2 || largest.Length != blocks)
            throw at.Refusal($"{packed.Length} bytes and {largest.Length} scales for K {k}, N {n}, block_size {size}");
        Tensor result = Tensor.Zeros(ElementType.Float32, [(int)k, (int)n]);
        Span<float> to = result.Span<float>();
        for (int i = 0; i < count; i++)
        {
            // The first of two is in the upper bits.
            int q = i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 15;
            to[(int)((i % k * n) + (i / k))] = numbers[q] * largest[i / (int)size];
        }

        return Casting.To(result, given.Type);
    }
}
