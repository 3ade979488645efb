using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A layer of integers whose result is int32 (MatMulInteger, ConvInteger): float layers whose sums are integers below 2^24, which float32
/// holds exactly. Where the weight is too large for one, its digits have a layer each.
/// </summary>
/// <param name="layer">The layer of floats.</param>
internal sealed class IntegerProduct(string type, string layer) : NodeRewrite(type, new Arity(2, 4))
{
    private const int Exact = 1 << 24;
    private const int LargestInput = 255;

    public override string Domain => "";

    public override int Since => 10;

    protected override void Rewrite(Rewriting at)
    {
        if (layer == "MatMul" && !at.Input(1).IsConstant)
        {
            MultiplyComputed(at);
            return;
        }

        int[] weight = CenteredWeight(at, out int[] dims);
        int terms = layer == "MatMul" ? dims[^Math.Min(2, dims.Length)] : dims.Skip(1).Aggregate(1, (n, d) => checked(n * d));
        int most = terms == 0 ? Exact : Exact / LargestInput / terms;
        if (most < 1) throw at.Refusal($"sums of {terms} products");
        Value x = Centered(at, 0, 2);
        (string, object)[] attributes = [.. at.Node.Attributes.Select(a => (a.Key, a.Value))];
        Value? sum = null;
        // Digits of a power of two, each with the sign of its weight.
        int digits = 1 << (31 - int.LeadingZeroCount(most));
        bool isWhole = Array.TrueForAll(weight, w => Math.Abs(w) <= most);
        for (int place = 1; place == 1 || (!isWhole && Array.Exists(weight, w => w / place != 0)); place *= digits)
        {
            float[] part = Array.ConvertAll(weight, w => isWhole ? w : (float)(w / place % digits));
            Value product = Layer(at, [x, at.Constant(Tensor.Of<float>(dims, part))], place == 1, attributes);
            if (isWhole)
            {
                at.Finish("Cast", [product], ("to", (long)ElementType.Int32));
                return;
            }

            Value integers = at.Add("Cast", [product], ("to", (long)ElementType.Int32));
            if (place > 1) integers = at.Add("Mul", [integers, at.Constant(Tensor.Scalar(place))]);
            sum = sum is null ? integers : at.Add("Add", [sum, integers]);
        }

        at.Finish("Identity", [sum]);
    }

    /// <summary>Multiplies two factors that are both computed, as attention has them: few enough products for sums to be exact.</summary>
    private static void MultiplyComputed(Rewriting at)
    {
        Value a = at.Input(0), b = at.Input(1);
        bool isKnown = a.Type is ElementType.Int8 or ElementType.UInt8 && b.Type is ElementType.Int8 or ElementType.UInt8;
        if (!isKnown || b.Shape is not { Rank: > 0 } shape)
            throw at.Refusal("weights that are computed, of a type or shape that is not known");
        Dim terms = shape[^Math.Min(2, shape.Rank)];
        if (!terms.IsKnown || terms.Size > Exact / LargestInput / LargestInput)
            throw at.Refusal($"weights that are computed, and sums of more than {Exact / LargestInput / LargestInput} products");
        Value other = at.Add("Cast", [b], ("to", (long)ElementType.Float32));
        if (at.InputOrNull(3) is { } zero) other = at.Add("Sub", [other, at.Add("Cast", [zero], ("to", (long)ElementType.Float32))]);
        Value product = at.AddLayer("MatMul", [Centered(at, 0, 2), other]);
        at.Finish("Cast", [product], ("to", (long)ElementType.Int32));
    }

    private Value Layer(Rewriting at, Value[] inputs, bool isFirst, (string, object)[] attributes) =>
        isFirst ? at.AddLayer(layer, inputs, attributes) : at.Add(layer, inputs, attributes);

    /// <summary>The input minus its zero point, or those of its rows.</summary>
    private static Value Centered(Rewriting at, int index, int zeroIndex)
    {
        Value x = at.Add("Cast", [at.Input(index)], ("to", (long)ElementType.Float32));
        if (at.InputOrNull(zeroIndex) is not { } zero) return x;
        Value floats = at.Add("Cast", [zero], ("to", (long)ElementType.Float32));
        if (zero.Shape is { Rank: 1 } && zero.Constant is { Count: > 1 } several)
            floats = at.Constant(Casting.To(several, ElementType.Float32).Reshape([several.Count, 1]));
        return at.Add("Sub", [x, floats]);
    }

    /// <summary>The weight minus its zero point, or those of its outputs.</summary>
    private int[] CenteredWeight(Rewriting at, out int[] dims)
    {
        bool isKnown = at.InputOrNull(3) is not { IsConstant: false };
        if (at.Input(1).Constant is not { Type: ElementType.Int8 or ElementType.UInt8 } stored || !isKnown)
            throw at.Refusal("weights that are computed, or are not of 8 bits");
        dims = stored.Dims.ToArray();
        if (dims.Length == 0) throw at.Refusal("a weight that is a single number");
        int[] weight = Casting.To(stored, ElementType.Int32).Span<int>().ToArray();
        if (at.InputOrNull(3)?.Constant is not { } zero) return weight;
        int[] zeros = Casting.To(zero, ElementType.Int32).Span<int>().ToArray();
        int axis = layer == "MatMul" ? dims.Length - 1 : 0, run = 1;
        for (int i = axis + 1; i < dims.Length; i++) run *= dims[i];
        bool fits = zeros.Length == 1 || zeros.Length == dims[axis];
        if (!fits) throw at.Refusal($"{zeros.Length} zero points of its weight");
        for (int i = 0; i < weight.Length; i++) weight[i] -= zeros[zeros.Length == 1 ? 0 : i / run % zeros.Length];
        return weight;
    }
}
