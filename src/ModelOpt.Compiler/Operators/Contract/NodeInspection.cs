using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Checks of a node that many operators need, each with its diagnostic.</summary>
internal static class NodeInspection
{
    /// <summary>The shape of an input whose rank must be known.</summary>
    public static Shape ShapeOf(this Node node, int index)
    {
        Value input = node.Input(index);
        return input.Shape ?? throw GraphDiagnostics.DynamicShape.Error(node.Label, input.Name, "not known");
    }

    /// <summary>The number of dimensions of an input, when the model is read.</summary>
    /// <exception cref="CompilationException">Neither the file says it, nor what makes the value.</exception>
    public static int StatedRank(this Node node, int index)
    {
        Value input = node.Input(index);
        return input.Shape?.Rank ?? throw GraphDiagnostics.UnsupportedForm.Error(
            node.Label, node.Type, $"the file does not say how many dimensions '{input.Name}' has");
    }

    /// <summary>An axis counted from the front.</summary>
    /// <param name="axis">The axis; negative to count from the back.</param>
    /// <param name="rank">The rank that the axis belongs to.</param>
    /// <param name="name">The attribute or input that holds it.</param>
    public static int Axis(this Node node, long axis, int rank, string name = "axis") =>
        axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis)
        : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, $"is {axis}, but the rank is {rank}");

    /// <summary>Axes counted from the front, each at most once.</summary>
    /// <param name="axes">The axes; negative ones count from the back.</param>
    /// <param name="rank">The rank that the axes belong to.</param>
    public static int[] Axes(this Node node, ReadOnlySpan<long> axes, int rank)
    {
        var result = new int[axes.Length];
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = node.Axis(axes[i], rank, "axes");
            if (result.AsSpan(0, i).Contains(axis))
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "axes", $"names axis {axis} twice");
            result[i] = axis;
        }

        return result;
    }

    /// <summary>
    /// Checks that attributes are finite. Bounds and borders, which need not be, are inputs at <see cref="Graph.Opset"/>.
    /// </summary>
    /// <exception cref="CompilationException">One is infinite or not a number.</exception>
    public static void CheckAttributes(this Node node)
    {
        foreach ((string name, object value) in node.Attributes)
        {
            float[] numbers = value is float[] many ? many : value is float one ? [one] : [];
            if (!Array.TrueForAll(numbers, float.IsFinite))
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, "is not a finite number");
        }
    }

    /// <summary>The integers of an input that the operator needs at compile time, or null where it is omitted.</summary>
    public static long[]? ConstantInts(this Node node, int index, string name)
    {
        if (node.InputOrNull(index) is not { } value) return null;
        Tensor constant = ShapeContents.Tensor(value) ?? throw GraphDiagnostics.UnsupportedForm.Error(
            node.Label, node.Type, $"input '{name}' is not a constant");
        return node.Ints(constant, name);
    }

    /// <summary>The elements of a tensor that holds axes, sizes or positions.</summary>
    public static long[] Ints(this Node node, Tensor tensor, string name) =>
        tensor.Type is ElementType.Int32 or ElementType.Int64 ? tensor.ToInt64s()
        : throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"input '{name}' is {tensor.Type}, not int32 or int64");

    /// <summary>Sets the type and shape of an output; does nothing if it is omitted.</summary>
    /// <param name="content">The elements, where they are sizes.</param>
    public static void Define(
        this Node node, int index, ElementType type, Shape? shape, IReadOnlyList<Dim>? content = null)
    {
        if (!node.HasOutput(index)) return;
        Value output = node.Outputs[index]!;
        output.Type = type;
        output.Shape = shape;
        // What broadcasts has more elements than were followed.
        bool isOther = content is not null && shape?.ToSizes() is { } sizes && sizes.Aggregate(1L, (n, d) => n * d) != content.Count;
        output.ShapeContent = isOther ? null : content;
    }

    /// <summary>The sizes of a shape that is known, as a tensor has them.</summary>
    /// <exception cref="CompilationException">A size does not fit 32 bits.</exception>
    public static int[] Sizes(this Node node, Shape shape) =>
        shape.ToSizes() ?? throw GraphDiagnostics.TooLarge.Error(node.Label, shape);

    /// <summary>A tensor of zeros for an output.</summary>
    /// <exception cref="CompilationException">It would exceed the largest array.</exception>
    public static Tensor Allocate(this Node node, ElementType type, ReadOnlySpan<int> dims)
    {
        node.ByteCount(type, dims);
        return Tensor.Zeros(type, dims);
    }

    /// <summary>The bytes that a tensor for an output takes.</summary>
    /// <exception cref="CompilationException">They would exceed what one array can hold.</exception>
    public static int ByteCount(this Node node, ElementType type, ReadOnlySpan<int> dims)
    {
        UInt128 bytes = (uint)type.Size();
        foreach (int dim in dims)
        {
            bytes *= (uint)dim;
            if (bytes > (UInt128)Array.MaxLength << 32) break;
        }

        return bytes <= (UInt128)Array.MaxLength ? (int)bytes
            : throw GraphDiagnostics.TooLarge.Error(node.Label, $"{type}{new Shape(dims)}");
    }
}
