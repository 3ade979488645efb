using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// The loss of logarithms of probabilities [N, C, …] by classes [N, …], with weights of classes: NegativeLogLikelihoodLoss; and
/// SoftmaxCrossEntropyLoss, which takes scores and may return their logarithms as output 1.
/// </summary>
/// <param name="takesScores">Whether input 0 are scores.</param>
internal sealed class NegativeLogLikelihood(string type, bool takesScores) : NodeRewrite(type, new Arity(2, 3, takesScores ? 2 : 1))
{
    private const string Ignored = "ignore_index";

    public override string Domain => "";

    public override int Since => 12;

    protected override void Rewrite(Rewriting at)
    {
        string reduction = at.Node.String("reduction", "mean");
        if (reduction is not ("none" or "mean" or "sum")) throw at.Invalid("reduction", $"is '{reduction}'");
        Value logs = at.Input(0), classes = at.Input(1);
        if (takesScores)
        {
            logs = Softened(at, at.Input(0));
            if (at.Reads(1)) at.Make(1, "Identity", [logs]);
        }

        Value? counts = null;
        if (at.Node.Attributes.ContainsKey(Ignored))
        {
            Value ignored = at.ConstantLike(Tensor.Scalar(at.Node.Int(Ignored, 0)), classes);
            Value isIgnored = at.Add("Equal", [classes, ignored]);
            classes = at.Add("Where", [isIgnored, at.ConstantLike(Tensor.Scalar(0L), classes), classes]);
            ElementType real = at.Input(0).Type == ElementType.Undefined ? ElementType.Float32 : at.Input(0).Type;
            counts = at.Add("Cast", [at.Add("Not", [isIgnored])], ("to", (long)real));
        }

        if (at.InputOrNull(2) is { } weights)
        {
            Value own = at.Add("Gather", [weights, classes]);
            counts = counts is null ? own : at.Add("Mul", [own, counts]);
        }

        Value axis = at.Constant(Tensor.Vector(1L));
        Value picked = at.Add("GatherElements", [logs, at.Add("Unsqueeze", [classes, axis])], ("axis", 1L));
        Value loss = at.Add("Neg", [at.Add("Squeeze", [picked, axis])]);
        if (counts is not null) loss = at.Add("Mul", [loss, counts]);
        if (reduction == "none") at.Finish("Identity", [loss]);
        else if (reduction == "sum") at.Finish("ReduceSum", [loss], ("keepdims", 0L));
        else if (counts is null) at.Finish("ReduceMean", [loss], ("keepdims", 0L));
        else
        {
            Value sum = at.Add("ReduceSum", [loss], ("keepdims", 0L)), count = at.Add("ReduceSum", [counts], ("keepdims", 0L));
            at.Finish("Div", [sum, count]);
        }
    }

    /// <summary>The logarithms of the softmax: x − max − log Σ e^(x − max).</summary>
    private static Value Softened(Rewriting at, Value scores)
    {
        Value axis = at.Constant(Tensor.Vector(1L)), near = at.Add("Sub", [scores, at.Add("ReduceMax", [scores, axis])]);
        return at.Add("Sub", [near, at.Add("Log", [at.Add("ReduceSum", [at.Add("Exp", [near]), axis])])]);
    }
}
