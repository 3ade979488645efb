using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>The activation that ONNX Runtime fuses into a layer, as a node.</summary>
internal static class FusedActivations
{
    /// <summary>Adds the activation, which makes the first output.</summary>
    /// <param name="parameters">What it takes, in the order of its attributes.</param>
    public static void Finish(Rewriting at, Value x, string activation, ReadOnlySpan<float> parameters)
    {
        (string Name, int Count) = activation switch
        {
            "Relu" or "Tanh" or "Sigmoid" or "HardSwish" => (activation, 0),
            "LeakyRelu" => (activation, 1),
            "Clip" or "HardSigmoid" => (activation, 2),
            _ => throw at.Refusal($"the activation '{activation}'"),
        };
        if (parameters.Length < Count) throw at.Refusal($"{parameters.Length} parameters of {activation}");
        if (Name == "LeakyRelu") at.Finish(Name, [x], ("alpha", parameters[0]));
        else if (Name == "HardSigmoid") at.Finish(Name, [x], ("alpha", parameters[0]), ("beta", parameters[1]));
        else if (Name == "Clip")
            at.Finish(Name, [x, at.Constant(Tensor.Scalar(parameters[0])), at.Constant(Tensor.Scalar(parameters[1]))]);
        else at.Finish(Name, [x]);
    }
}
