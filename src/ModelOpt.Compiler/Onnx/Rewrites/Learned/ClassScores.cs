using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>What operators of ai.onnx.ml do with scores [N, classes] in the end.</summary>
internal static class ClassScores
{
    /// <summary>The operator that attribute <c>post_transform</c> names, null for none.</summary>
    /// <exception cref="Diagnostics.CompilationException">It is not supported, or not known.</exception>
    public static string? Function(Rewriting at, string name) => name switch
    {
        "NONE" => null,
        "SOFTMAX" => "Softmax",
        "LOGISTIC" => "Sigmoid",
        "SOFTMAX_ZERO" or "PROBIT" => throw at.Refusal($"post_transform {name}"),
        _ => throw at.Invalid("post_transform", $"is '{name}'"),
    };

    /// <summary>The operator that a node's attribute <c>post_transform</c> names, null for none.</summary>
    public static string? Function(Rewriting at) => Function(at, at.Node.String("post_transform", "NONE"));

    /// <summary>Makes one of the node's outputs of scores, by a function.</summary>
    /// <param name="function">The operator; null for the scores themselves.</param>
    public static void Make(Rewriting at, int output, Value scores, string? function)
    {
        if (!at.Node.HasOutput(output)) return;
        at.Make(output, function ?? "Identity", [scores], function == "Softmax" ? [("axis", 1L)] : []);
    }

    /// <summary>Two columns one beside the other.</summary>
    public static Value Pair(Rewriting at, Value first, Value second) => at.Add("Concat", [first, second], ("axis", 1L));

    /// <summary>Column of a matrix.</summary>
    public static Value Column(Rewriting at, Value matrix, int index) =>
        at.Add("Gather", [matrix, at.Constant(Tensor.Vector((long)index))], ("axis", 1L));

    /// <summary>The position of the first of the largest elements of each row, int64.</summary>
    public static Value Largest(Rewriting at, Value scores) => at.Add("ArgMax", [scores], ("axis", 1L), ("keepdims", 0L));

    /// <summary>Whether elements are greater than a number.</summary>
    public static Value Above(Rewriting at, Value x, float number) => at.Add("Greater", [x, at.Constant(Tensor.Scalar(number))]);
}
