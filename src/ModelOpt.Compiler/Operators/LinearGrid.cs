using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators;

/// <summary>The scales and zero points of a QuantizeLinear or DequantizeLinear node.</summary>
internal sealed class LinearGrid
{
    private readonly float[] scales;
    private readonly int[] zeroPoints;
    private readonly int stride;

    /// <summary>Reads the grid.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dims">The sizes of the tensor that it applies to.</param>
    /// <param name="scale">Input 1: one scale, or one per slice along the node's axis.</param>
    /// <param name="zeroPoint">Input 2: as many zero points, of the stored type; null for 0 in uint8.</param>
    public LinearGrid(Node node, ReadOnlySpan<int> dims, Tensor scale, Tensor? zeroPoint)
    {
        if (node.Int("block_size", 0) != 0)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "it quantizes in blocks");
        Type = zeroPoint?.Type ?? ElementType.UInt8;
        if (!Holds(Type)) throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"it stores {Type}");
        scales = Casting.To(scale, ElementType.Float32).Span<float>().ToArray();
        zeroPoints = zeroPoint is null ? new int[scales.Length]
            : Casting.To(zeroPoint, ElementType.Int32).Span<int>().ToArray();
        int slices = 1;
        if (scale.Rank > 0 && scales.Length != 1)
        {
            int axis = node.Axis(node.Int("axis", 1), dims.Length);
            (slices, stride) = (dims[axis], DataMovement.Strides(dims)[axis]);
        }

        if (scales.Length != slices || zeroPoints.Length != slices)
            throw GraphDiagnostics.ShapeMismatch.Error(
                node.Label, $"{scales.Length} scales and {zeroPoints.Length} zero points do not fit {new Shape(dims)}");
    }

    /// <summary>The type of the stored integers.</summary>
    public ElementType Type { get; }

    /// <summary>Whether a type can be stored.</summary>
    /// <param name="type">The type.</param>
    public static bool Holds(ElementType type) => type is ElementType.UInt8 or ElementType.Int8
        or ElementType.UInt16 or ElementType.Int16 or ElementType.Int32;

    /// <summary>Why such a node cannot be lowered.</summary>
    /// <param name="node">The node.</param>
    public static CompilationException NotFolded(Node node) => GraphDiagnostics.UnsupportedForm.Error(
        node.Label, node.Type, "it does not belong to a pair of QuantizeLinear and DequantizeLinear with constant scales");

    /// <summary>The scale and zero point of an element.</summary>
    /// <param name="index">The element's position in row-major order.</param>
    public (float Scale, int ZeroPoint) At(int index)
    {
        int slice = stride == 0 ? 0 : index / stride % scales.Length;
        return (scales[slice], zeroPoints[slice]);
    }
}
