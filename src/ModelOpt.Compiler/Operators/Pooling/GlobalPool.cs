using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>One number for each channel of X [N, C, …], with the other axes kept as 1.</summary>
internal abstract class GlobalPool : Operator, IDifferentiable
{
    public sealed override IReadOnlyList<OpsetStep> Versions { get; } = [1, 22];

    public sealed override Arity Arity => new(1, 1);

    public sealed override int DataInputs => 1;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node, [0, 1]);

    public bool ReadsOutputs => false;

    public sealed override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        if (x.Rank < 3)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"an input {x} has no axes to pool");
        node.Define(0, node.CommonFloatType(), new Shape(x.Select((d, i) => i < 2 ? d : 1)));
    }

    public abstract void Backward(BackwardContext context);
}
