using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Description;

/// <summary>An axis of a value that a node reads or writes, as part of an <see cref="AxisRoute"/>.</summary>
/// <param name="IsOutput">Whether the node writes the value.</param>
/// <param name="Position">The position among the node's inputs or outputs.</param>
/// <param name="Axis">The axis, counted from the front.</param>
/// <param name="Labels">
/// For each index along the axis, the element of the route that it belongs to, −1 for none; null where these are the indices themselves.
/// </param>
internal readonly record struct AxisPlace(bool IsOutput, int Position, int Axis, int[]? Labels)
{
    /// <summary>Whether each index is the route's element of the same number.</summary>
    public bool IsOneToOne
    {
        get
        {
            for (int i = 0; i < Labels?.Length; i++)
            {
                if (Labels[i] != i) return false;
            }

            return true;
        }
    }

    /// <summary>An axis of an input.</summary>
    /// <param name="labels">The elements that its indices belong to; null for one to one.</param>
    public static AxisPlace In(int position, int axis, int[]? labels = null) => new(false, position, axis, labels);

    /// <summary>An axis of an output.</summary>
    /// <param name="labels">The elements that its indices belong to; null for one to one.</param>
    public static AxisPlace Out(int position, int axis, int[]? labels = null) => new(true, position, axis, labels);

    /// <summary>The element that an index belongs to, −1 for none.</summary>
    public int LabelOf(int index) => Labels is null ? index : Labels[index];

    /// <summary>The value; null where the node leaves it out.</summary>
    public Value? ValueOf(Node node) => !IsOutput ? node.InputOrNull(Position) : node.HasOutput(Position) ? node.Outputs[Position] : null;
}

/// <summary>
/// An axis along which a node treats elements independently, like an index in an einsum: choosing elements of the route at all its
/// places, in any order, makes the same choice of the outputs. A route without outputs is summed over: without an element, the outputs
/// lack its summand. A convolution has three: its batch; its input channels with the weights' axis 1; its output channels with the
/// weights' axis 0 and the bias. The node mixes, reduces or counts an axis on no route.
/// </summary>
/// <param name="IsRigid">Whether elements can change places, but none can be left out, because nothing of the node could say so.</param>
internal sealed record AxisRoute(bool IsRigid, params AxisPlace[] Places)
{
    /// <summary>Makes a route from which elements can be left out.</summary>
    public AxisRoute(params AxisPlace[] places)
        : this(false, places)
    {
    }

    /// <summary>Whether an axis is on the route, each index being the element of its number.</summary>
    public bool Keeps(bool isOutput, int position, int axis) =>
        Array.Exists(Places, p => p.IsOutput == isOutput && p.Position == position && p.Axis == axis && p.IsOneToOne);
}

/// <summary>The elements that stay of values along their axes.</summary>
/// <param name="Kept">Indices in ascending order for a value and an axis; null where all stay.</param>
internal readonly record struct AxisCut(Func<Value, int, int[]?> Kept);
