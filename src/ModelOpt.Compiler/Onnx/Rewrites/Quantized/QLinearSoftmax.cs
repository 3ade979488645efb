using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>Softmax of integers; attribute <c>opset</c> says whose Softmax it was.</summary>
internal sealed class QLinearSoftmax() : NodeRewrite("QLinearSoftmax", new Arity(2, 5))
{
    private const int OverOneAxis = 13;

    protected override void Rewrite(Rewriting at)
    {
        bool isOld = at.Node.Int("opset", OverOneAxis) < OverOneAxis;
        // Behind the last axis there is nothing to sum over as well.
        long axis = at.Node.Int("axis", isOld ? 1 : -1);
        if (isOld && axis != -1 && axis != at.RankOf(at.Input(0)) - 1) throw at.Refusal("Softmax over several axes");
        Value y = at.AddLayer("Softmax", [at.Dequantize(0)], ("axis", axis));
        at.FinishQuantized(y, at.Input(3), at.InputOrNull(4), at.Input(0));
    }
}
