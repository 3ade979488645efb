using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// The sum of the embeddings of words, positions and segments, normalized over the last axis. Inputs: words, segments, the three tables,
/// factor, offset, mask, positions. The second output counts the words of each sample that the mask has, the third is the sum.
/// </summary>
internal sealed class EmbedLayerNormalization() : NodeRewrite("EmbedLayerNormalization", new Arity(1, 9, 3))
{
    private const int Segments = 1;
    private const int Mask = 7;
    private const int Positions = 8;
    private const int Count = 1;
    private const int Sum = 2;
    private const float Epsilon = 1e-12f;

    protected override void Rewrite(Rewriting at)
    {
        Value words = at.Input(0), table = at.Input(3);
        Value positions = at.InputOrNull(Positions) is { } given ? at.Add("Gather", [table, given], ("axis", 0L))
            : at.Add("Slice", [table, at.Longs(0), Length(at, words), at.Longs(0)]);
        Value sum = at.Add("Add", [at.Add("Gather", [at.Input(2), words], ("axis", 0L)), positions]);
        if (at.InputOrNull(Segments) is { } segments)
            sum = at.Add("Add", [sum, at.Add("Gather", [at.Input(4), segments], ("axis", 0L))]);
        if (at.Reads(Count))
        {
            if (at.Node.Int("mask_index_type", 1) != 1 || at.InputOrNull(Mask) is not { } mask) throw at.Refusal("its output of a mask");
            at.Make(Count, "ReduceSum", [mask, at.Longs(1)], ("keepdims", 0L));
        }

        if (at.Reads(Sum)) at.Make(Sum, "Identity", [sum]);
        at.Finish(
            "LayerNormalization", [sum, at.Input(5), at.Input(6)], ("axis", -1L), ("epsilon", at.Node.Float("epsilon", Epsilon)));
    }

    private static Value Length(Rewriting at, Value words) => at.Add("Shape", [words], ("start", 1L), ("end", 2L));
}
