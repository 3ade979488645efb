using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// A Conv of [batch, height, width, channels], whose weight is as ONNX has it; where it is fused, a value of the output's shape is added
/// (input 3), and an activation follows.
/// </summary>
internal sealed class ChannelsLastConv(string type, bool isFused) : NodeRewrite(type, new Arity(2, isFused ? 4 : 3))
{
    protected override void Rewrite(Rewriting at)
    {
        Value x = ChannelsLastPool.First(at, at.Input(0));
        Value y = at.AddLayer("Conv", [x, at.Input(1), at.InputOrNull(2)],
            [.. at.Node.Attributes.Where(a => a.Key is not ("activation" or "activation_params")).Select(a => (a.Key, a.Value))]);
        string activation = at.Node.String("activation", "");
        long[] back = ChannelsLastPool.Back(at);
        if (at.InputOrNull(3) is null && activation.Length == 0) at.Finish("Transpose", [y], ("perm", back));
        else
        {
            y = at.Add("Transpose", [y], ("perm", back));
            if (at.InputOrNull(3) is { } added)
            {
                if (activation.Length == 0)
                {
                    at.Finish("Add", [y, added]);
                    return;
                }

                y = at.Add("Add", [y, added]);
            }

            FusedActivations.Finish(at, y, activation, at.Node.Floats("activation_params") ?? []);
        }
    }
}
