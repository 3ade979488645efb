using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// The sum of input, skip and a bias, normalized over the last axis; the fourth output is the sum. The mean and its like are not read.
/// </summary>
/// <param name="hasOffset">Whether it has an offset beside its factor (beta beside gamma).</param>
internal sealed class SkipNormalization(string type, string function, bool hasOffset)
    : NodeRewrite(type, new Arity(3, hasOffset ? 5 : 4, 4))
{
    private const int Sum = 3;
    private const float Epsilon = 1e-12f;

    protected override void Rewrite(Rewriting at)
    {
        if (at.Reads(1) || at.Reads(2)) throw at.Refusal("its outputs of mean and deviation");
        Value? bias = at.InputOrNull(hasOffset ? 4 : 3), sum = at.Input(0);
        Value[] added = bias is null ? [at.Input(1)] : [bias, at.Input(1)];
        foreach (Value value in added)
        {
            if (value != added[^1] || !at.Reads(Sum)) sum = at.Add("Add", [sum, value]);
            else
            {
                at.Make(Sum, "Add", [sum, value]);
                sum = at.Node.Outputs[Sum]!;
            }
        }

        at.Finish(
            function, [sum, at.Input(2), hasOffset ? at.InputOrNull(3) : null],
            ("axis", -1L), ("epsilon", at.Node.Float("epsilon", Epsilon)));
    }
}
