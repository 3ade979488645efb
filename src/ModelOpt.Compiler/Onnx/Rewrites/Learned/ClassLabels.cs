using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>The classes that a classifier of ai.onnx.ml names by integers or by text.</summary>
/// <param name="integers">Their numbers; null where they are named by text.</param>
internal sealed class ClassLabels(Rewriting at, long[]? integers, int count)
{
    private const int MostNamed = 20;

    /// <summary>How many classes there are.</summary>
    public int Count => count;

    /// <summary>Reads the labels of a node.</summary>
    /// <exception cref="CompilationException">It names no classes.</exception>
    public static ClassLabels Read(Rewriting at, string integers, string strings)
    {
        if (at.Node.Ints(integers) is { Length: > 0 } numbers) return new ClassLabels(at, numbers, numbers.Length);
        if (!at.Node.Attributes.TryGetValue(strings, out object? given) || given is not string[] { Length: > 0 } names)
            throw at.Invalid(integers, "is missing");
        string listed = string.Join(", ", names.Take(MostNamed).Select((name, i) => $"{i} is '{name}'"));
        at.Remark(OnnxDiagnostics.NumberedClasses.At(
            null, at.Node.Label, names.Length > MostNamed ? $"{listed}, and so on to {names.Length - 1}" : listed));
        return new ClassLabels(at, null, names.Length);
    }

    /// <summary>The labels of classes given by their positions, and the end of the node: text becomes the position.</summary>
    /// <param name="index">int64 of any shape.</param>
    public void Finish(Value index)
    {
        bool isPosition = integers is null || integers.Select((label, i) => label == i).All(same => same);
        if (isPosition) at.Finish("Identity", [index]);
        else at.Finish("Gather", [at.Longs(integers!), index]);
    }

    /// <summary>The label of a class of two, and the end of the node: the second where a condition holds.</summary>
    /// <param name="condition">bool [N, 1].</param>
    public void FinishBinary(Value condition)
    {
        Value column = at.Add("Cast", [condition], ("to", (long)ElementType.Int64));
        Finish(at.Add("Reshape", [column, at.Constant(Tensor.Vector(-1L))]));
    }
}
