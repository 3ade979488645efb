using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// The scales and zero points of a QuantizeLinear or DequantizeLinear node: one for the whole tensor, one for each index of
/// <c>axis</c>, or one for each block of <c>block_size</c> elements along it.
/// </summary>
internal sealed class LinearGrid
{
    private readonly float[] _scales;
    private readonly int[] _zeroPoints;

    // Elements behind the axis, along it, those of a block, and how many blocks there are along it.
    private readonly int _inner = 1, _length = 1, _block = 1, _blocks = 1;
    private readonly bool _isBlocked;

    /// <summary>Reads the grid.</summary>
    /// <param name="dims">The sizes of the tensor that it applies to.</param>
    /// <param name="scale">Input 1.</param>
    /// <param name="zeroPoint">Input 2: as many zero points as scales; null for zeros.</param>
    public LinearGrid(Node node, ReadOnlySpan<int> dims, Tensor scale, Tensor? zeroPoint)
    {
        _scales = Casting.To(scale, ElementType.Float32).Span<float>().ToArray();
        _zeroPoints = zeroPoint is null ? new int[_scales.Length] : Casting.To(zeroPoint, ElementType.Int32).Span<int>().ToArray();
        _isBlocked = BlockSize(node) > 0;
        bool fits = _zeroPoints.Length == _scales.Length;
        if (_isBlocked || !IsSingle(scale.Shape))
        {
            int axis = Axis(node, dims.Length);
            (_length, _inner) = (dims[axis], DataMovement.Strides(dims)[axis]);
            fits &= scale.Shape.Equals(ScaleShape(node, new Shape(dims)));
            if (fits && _isBlocked) (_block, _blocks) = (BlockSize(node), scale.Dims[axis]);
        }

        if (!fits)
            throw GraphDiagnostics.ShapeMismatch.Error(
                node.Label, $"{_scales.Length} scales and {_zeroPoints.Length} zero points do not fit {new Shape(dims)}");
    }

    /// <summary>The type of the integers that a QuantizeLinear makes: its zero point's, or the one that it names.</summary>
    public static ElementType StoredType(Node quantize) =>
        quantize.InputOrNull(2)?.Type ?? (ElementType)quantize.Int("output_dtype", (long)ElementType.UInt8);

    /// <summary>The type of the numbers that a DequantizeLinear makes: the one that it names, or its scale's.</summary>
    public static ElementType RestoredType(Node dequantize) =>
        dequantize.Int("output_dtype", 0) is not 0 and var type ? (ElementType)type : dequantize.Input(1).Type;

    /// <summary>Whether a type can be stored.</summary>
    public static bool Holds(ElementType type) => type is ElementType.UInt8 or ElementType.Int8
        or ElementType.UInt16 or ElementType.Int16 or ElementType.Int32;

    /// <summary>Checks the types of a node's scale, of its zero point and of the integers that a DequantizeLinear reads.</summary>
    /// <exception cref="CompilationException">The scale is no floating-point number, or integers are of a type that cannot be stored, or of
    /// another than the zero point's.</exception>
    public static void CheckTypes(Node node, ElementType stored)
    {
        if (!node.Input(1).Type.IsFloat())
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the scale is {node.Input(1).Type}, not a floating-point type");
        if (!Holds(stored))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"its integers are {stored}");
        if (node.InputOrNull(2) is { } zeroPoint && zeroPoint.Type != stored)
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the zero point is {zeroPoint.Type}, but the integers are {stored}");
    }

    /// <summary>The lowest opset that has a node's form.</summary>
    public static int MinimumOpset(Node node, ElementType stored) =>
        BlockSize(node) > 0 || stored is ElementType.Int16 or ElementType.UInt16 ? 21 : Graph.WrittenOpset;

    /// <summary>The routes of a node: all axes, one of them with the scales and zero points of its slices or blocks.</summary>
    public static IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0), scale = node.ShapeOf(1);
        bool isSingle = BlockSize(node) == 0 && IsSingle(scale);
        int sliced = isSingle ? -1 : Axis(node, x.Rank), block = Math.Max(1, BlockSize(node));
        for (int axis = 0; axis < x.Rank; axis++)
        {
            bool hasScales = !isSingle && (axis == sliced || BlockSize(node) > 0);
            if (hasScales && axis == sliced && !x[axis].IsKnown) continue;
            int[]? labels = hasScales && axis == sliced ? AxisRoutes.Blocks(x[axis].Size, block) : null;
            AxisPlace[] scales = !hasScales ? [] : [.. new[] { 1, 2 }.Select(i => AxisPlace.In(i, BlockSize(node) > 0 ? axis : 0))];
            yield return new AxisRoute([AxisPlace.In(0, axis, labels), .. scales, AxisPlace.Out(0, axis, labels)]);
        }
    }

    /// <summary>How many elements along the axis share a scale; 0 where there are no blocks.</summary>
    public static int BlockSize(Node node)
    {
        long size = node.Int("block_size", 0);
        return size is >= 0 and <= int.MaxValue ? (int)size
            : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "block_size", $"is {size}");
    }

    /// <summary>The axis of the slices or blocks.</summary>
    public static int Axis(Node node, int rank) => node.Axis(node.Int("axis", 1), rank);

    /// <summary>Whether scales are one for the whole tensor.</summary>
    /// <param name="scale">The shape of input 1.</param>
    public static bool IsSingle(Shape scale) => scale.Rank == 0 || (scale.Rank == 1 && scale[0].Number() == 1);

    /// <summary>The shape that the scales of slices or blocks have.</summary>
    /// <param name="x">The shape of the tensor, the size of the axis known.</param>
    public static Shape ScaleShape(Node node, Shape x)
    {
        int axis = Axis(node, x.Rank), size = BlockSize(node);
        return size == 0 ? new Shape([x[axis]]) : new Shape(x.Select((d, i) => i == axis ? (Dim)((d.Size + size - 1) / size) : d));
    }

    /// <summary>
    /// The grid of a node as an annotation, or null where it is none: scales that are computed, are not positive or belong to blocks,
    /// integers of a type that values are not annotated with, an axis that counts from the end of a shape that is not known.
    /// </summary>
    /// <param name="shape">The shape of the tensor, where it is known.</param>
    /// <exception cref="CompilationException">The scales and zero points do not fit each other or the tensor.</exception>
    public static Quantization? Annotation(Node node, ElementType type, Shape? shape)
    {
        if (!Holds(type) || BlockSize(node) > 0 || (node.Type == "DequantizeLinear" && RestoredType(node) != ElementType.Float32))
            return null;
        if (node.Input(1).Constant is not { Type: ElementType.Float32, Rank: <= 1, Count: > 0 } scale) return null;
        if (node.InputOrNull(2) is { IsConstant: false }) return null;
        float[] scales = scale.Span<float>().ToArray();
        if (!Array.TrueForAll(scales, s => s > 0 && float.IsFinite(s))) return null;
        Tensor? zero = node.InputOrNull(2)?.Constant;
        if (zero is not null && (zero.Type != type || zero.Count != scales.Length))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the zero point {zero} does not fit its scale");
        int[] zeroPoints = zero is null ? new int[scales.Length] : Casting.To(zero, ElementType.Int32).Span<int>().ToArray();
        if (scales.Length == 1) return Quantization.PerTensor(type, scales[0], zeroPoints[0]);

        long axis = node.Int("axis", 1);
        if (axis < 0 && shape is null) return null;
        if (axis < 0) axis += shape!.Rank;
        // Where the file does not state the shape of an activation, it is checked once it is inferred.
        bool fits = shape is null ? axis >= 0 : axis >= 0 && axis < shape.Rank
            && (!shape[(int)axis].IsKnown || shape[(int)axis].Size == scales.Length);
        return fits ? new Quantization(type, scales, zeroPoints, (int)axis)
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{scales.Length} scales do not fit axis {axis}");
    }

    /// <summary>The scale and zero point of an element.</summary>
    public (float Scale, int ZeroPoint) At(int index)
    {
        int along = index / _inner % _length;
        int slice = _isBlocked ? (((index / _inner / _length * _blocks) + (along / _block)) * _inner) + (index % _inner) : along;
        return (_scales[slice], _zeroPoints[slice]);
    }
}
