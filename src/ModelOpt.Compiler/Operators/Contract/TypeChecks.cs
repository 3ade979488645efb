using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Checks of the inputs' element types, and constants whose type follows the data's.</summary>
internal static class TypeChecks
{
    /// <summary>Checks the type of input 0.</summary>
    /// <exception cref="CompilationException">ONNX does not have the operator for it.</exception>
    public static void Check(Node node)
    {
        if (node.Inputs is not [{ Type: var type and not ElementType.Undefined }, ..]) return;
        ElementKinds kind = type == ElementType.Bool ? ElementKinds.Bools : type.IsFloat() ? ElementKinds.Floats : ElementKinds.Integers;
        if (!Operator.Of(node).Takes(node).HasFlag(kind))
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"input 0 is {type}, which {node.Type} does not take");
    }

    /// <summary>The type of input 0, which the inputs at other positions share.</summary>
    /// <param name="others">Positions that must have it too, where they are not omitted.</param>
    public static ElementType CommonType(this Node node, params ReadOnlySpan<int> others)
    {
        ElementType type = node.Input(0).Type;
        foreach (int index in others)
        {
            if (node.InputOrNull(index) is { } other && other.Type != type)
                throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"input {index} is {other.Type}, but input 0 is {type}");
        }

        return type;
    }

    /// <summary>The same, of a type that has a fraction.</summary>
    /// <param name="others">Positions that must have it too, where they are not omitted.</param>
    public static ElementType CommonFloatType(this Node node, params ReadOnlySpan<int> others)
    {
        ElementType type = node.CommonType(others);
        return type.IsFloat() ? type
            : throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"input 0 is {type}, not a floating-point type");
    }

    /// <summary>
    /// Gives a float32 constant that came from an attribute of an older opset the type of input 0, which was not known when
    /// the model was read.
    /// </summary>
    public static void FollowType(this Node node, int index)
    {
        ElementType type = node.Input(0).Type;
        if (node.InputOrNull(index) is { Constant: { Type: ElementType.Float32 } constant } value
            && type.IsFloat() && type != ElementType.Float32)
            node.SetInput(index, new Value(value.Name, Casting.To(constant, type)));
    }

    /// <summary>The elements of a shape, sizes that are not known taken as 1 (an open batch).</summary>
    public static long CountOfOne(this Shape shape)
    {
        long count = 1;
        foreach (Dim dim in shape)
            if (dim.IsKnown) count = unchecked(count * dim.Size);
        return count;
    }
}
