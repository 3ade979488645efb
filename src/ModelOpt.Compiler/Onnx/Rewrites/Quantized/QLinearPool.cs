using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>A pool of integers: x with scale and zero point, and those of the output. The channels may be the last axis.</summary>
/// <param name="function">The pool of the numbers that they stand for.</param>
internal sealed class QLinearPool(string type, string function) : NodeRewrite(type, new Arity(2, 5))
{
    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Dequantize(0);
        bool isLast = at.Node.Int("channels_last", 0) != 0;
        int rank = !isLast ? 0 : at.Node.Ints("kernel_shape") is { } kernel ? kernel.Length + 2 : at.RankOf(at.Input(0));
        if (isLast) x = at.Add("Transpose", [x], ("perm", Enumerable.Range(0, rank).Select(a => Moved(a, rank)).ToArray()));
        Value y = at.AddLayer(
            function, [x], [.. at.Node.Attributes.Where(a => a.Key != "channels_last").Select(a => (a.Key, a.Value))]);
        if (isLast) y = at.Add("Transpose", [y], ("perm", Enumerable.Range(0, rank).Select(a => Restored(a, rank)).ToArray()));
        at.FinishQuantized(y, at.Input(3), at.InputOrNull(4), at.Input(0));
    }

    private static long Moved(int axis, int rank) => axis == 0 ? 0 : axis == 1 ? rank - 1 : axis - 1;

    private static long Restored(int axis, int rank) => axis == 0 ? 0 : axis == rank - 1 ? 1 : axis + 1;
}
