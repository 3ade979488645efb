using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>An operator that reduces input 0 over the axes of input 1; see <see cref="ReducedAxes"/>.</summary>
/// <param name="builtin">The operator in TFLite.</param>
internal abstract class ReduceOperator(BuiltinOperator builtin) : Operator
{
    public sealed override Arity Arity => new(1, 2);

    public sealed override int DataInputs => 1;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) =>
        AxisRoutes.Reduced(node, ReducedAxes.Of(node), ReducedAxes.Keep(node));

    public sealed override void Lower(Lowering context, Node node)
    {
        int[] axes = ReducedAxes.Of(node);
        if (axes.Length == 0) context.Alias(node.Output, node.Input(0));
        else MeanReduction.Lower(context, node, axes, ReducedAxes.Keep(node), builtin);
    }
}
