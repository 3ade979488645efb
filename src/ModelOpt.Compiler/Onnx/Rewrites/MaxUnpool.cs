using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// The reverse of a MaxPool: zeros, with the elements of X where input 1 says, counted over all of the result. Input 2 says the sizes of a
/// larger result, which has zeros behind.
/// </summary>
internal sealed class MaxUnpool() : NodeRewrite("MaxUnpool", new Arity(2, 3))
{
    public override string Domain => "";

    public override int Since => 9;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        long[] kernel = at.Node.Ints("kernel_shape") ?? throw at.Invalid("kernel_shape", "is missing");
        int rank = kernel.Length;
        if (at.RankOf(x) != rank + 2) throw at.Invalid("kernel_shape", $"has {rank} numbers for an input of rank {at.RankOf(x)}");
        long[] strides = at.Each("strides", rank, 1), pads = at.Each("pads", 2 * rank, 0), sizes = new long[rank];
        for (int i = 0; i < rank; i++)
        {
            Dim size = x.Shape![i + 2];
            if (!size.IsKnown) throw at.Refusal($"axis {i + 2} has a size that is open");
            sizes[i] = checked(((size.Size - 1) * strides[i]) - pads[i] - pads[i + rank] + kernel[i]);
            if (sizes[i] < 1) throw at.Refusal($"a result of {sizes[i]} elements along axis {i + 2}");
        }

        Value front = at.Add("Slice", [at.Add("Shape", [x]), at.Longs(0), at.Longs(2)]), all = at.Longs(-1);
        Value shape = at.Add("Concat", [front, at.Longs(sizes)], ("axis", 0L));
        Value zeros = at.Add("ConstantOfShape", [shape], ("value", Casting.To(Tensor.Vector(0f), TypeOf(at, x))));
        Value flat = at.Add(
            "ScatterElements",
            [at.Add("Reshape", [zeros, all]), at.Add("Reshape", [at.Input(1), all]), at.Add("Reshape", [x, all])], ("axis", 0L));
        if (at.InputOrNull(2) is null)
        {
            at.Finish("Reshape", [flat, shape]);
            return;
        }

        long[] given = at.KnownInts(2, "output_shape");
        long[] behind = given.Length != rank + 2 ? [] : [.. given[2..].Zip(sizes, (g, size) => g - size)];
        if (behind.Length != rank || behind.Any(b => b < 0))
            throw at.Refusal($"an output_shape [{string.Join(", ", given)}] that is less than [{string.Join(", ", sizes)}]");
        at.Finish("Pad", [at.Add("Reshape", [flat, shape]), at.Longs([.. new long[rank + 4], .. behind])]);
    }

    private static ElementType TypeOf(Rewriting at, Value x) => x.Type != ElementType.Undefined ? x.Type
        : throw at.Refusal($"the file does not say which type '{x.Name}' has");
}
