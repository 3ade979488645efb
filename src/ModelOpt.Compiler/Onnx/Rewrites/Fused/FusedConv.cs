using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>A Conv, a value that is added to it (input 3), and an activation.</summary>
internal sealed class FusedConv() : NodeRewrite("FusedConv", new Arity(2, 4))
{
    protected override void Rewrite(Rewriting at)
    {
        (string, object)[] attributes =
            [.. at.Node.Attributes.Where(a => a.Key is not ("activation" or "activation_params")).Select(a => (a.Key, a.Value))];
        string activation = at.Node.String("activation", "");
        Value?[] inputs = [at.Input(0), at.Input(1), at.InputOrNull(2)];
        if (activation.Length == 0 && at.InputOrNull(3) is null)
        {
            at.Finish("Conv", inputs, attributes);
            return;
        }

        Value y = at.AddLayer("Conv", inputs, attributes);
        if (activation.Length == 0) at.Finish("Add", [y, at.Input(3)]);
        else
        {
            if (at.InputOrNull(3) is { } added) y = at.Add("Add", [y, added]);
            FusedActivations.Finish(at, y, activation, at.Node.Floats("activation_params") ?? []);
        }
    }
}
