using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>An operator that reduces input 0 over the axes of input 1; see <see cref="ReducedAxes"/>.</summary>
internal abstract class ReduceOperator(BuiltinOperator builtin) : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 13, OpsetStep.ToInputs(18, ("axes", 1))];

    public sealed override Arity Arity => new(1, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public sealed override int DataInputs => 1;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) =>
        AxisRoutes.Reduced(node, ReducedAxes.Of(node), ReducedAxes.Keep(node));

    public override int MinimumOpset(Node node) => ReducedAxes.IsNoOp(node) ? InputOpset : Graph.WrittenOpset;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (opset < InputOpset) ReducedAxes.ToAttribute(node, inputs, attributes);
    }

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), ReducedAxes.Shape(node));

    /// <summary>The opset from which on the axes are an input.</summary>
    protected virtual int InputOpset => 18;

    /// <summary>Whether a node that reduces no axis passes its input on.</summary>
    protected virtual bool KeepsElements => true;

    public override bool TakesComputedSizes(Node node) => true;

    public sealed override void Lower(Lowering context, Node node)
    {
        int[] axes = ReducedAxes.Of(node);
        if (axes.Length == 0 && KeepsElements)
        {
            context.Alias(node.Output, node.Input(0));
            return;
        }

        bool keep = ReducedAxes.Keep(node);
        int[] order = context.OrderOf(node.Input(0));
        int[] stored = [.. Enumerable.Range(0, order.Length).Where(i => axes.Contains(order[i]))];
        int[] output = keep ? order
            : [.. order.Where(a => !axes.Contains(a)).Select(a => a - axes.Count(reduced => reduced < a))];
        Lower(new LoweringSteps(context, node), context.Input(node, 0, order), stored, keep, context.Output(node, 0, output));
    }

    /// <summary>Writes the reduction.</summary>
    /// <param name="keep">Whether the axes stay, with size 1.</param>
    protected virtual void Lower(LoweringSteps steps, TfliteTensor x, int[] axes, bool keep, TfliteTensor y) =>
        steps.Reduce(builtin, x, axes, keep, y);
}
