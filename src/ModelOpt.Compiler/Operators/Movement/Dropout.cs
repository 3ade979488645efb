using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Dropout as it is outside of training: the input itself, and a mask that is true throughout.</summary>
internal sealed class Dropout : Operator, IDifferentiable
{
    private const int Training = 2;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, OpsetStep.Without(7, "is_test"), 10, new(12, RefuseMask), 13, 22];

    public override Arity Arity => new(1, 3, 2);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override void Normalize(Graph graph, Node node)
    {
        bool trains = node.InputOrNull(Training) is { } mode && ShapeContents.Tensor(mode)?.Bytes.Span[0] != 0;
        if (trains) throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "training_mode is not constantly false");
        node.TruncateInputs(1);
        node.Attributes.Remove("ratio");
        node.Attributes.Remove("seed");
    }

    private static void RefuseMask(Graph graph, Node node)
    {
        // It had the type of the data before opset 10, and opsets before 12 do not define it outside training.
        if (node.HasOutput(1)) throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "its mask, before opset 12");
    }

    public override void InferShapes(Node node)
    {
        node.Define(0, node.Input(0).Type, node.Input(0).Shape, ShapeContents.Of(node.Input(0)));
        node.Define(1, ElementType.Bool, node.Input(0).Shape);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        context.Output = input;
        if (!context.Node.HasOutput(1)) return;
        Tensor mask = Tensor.Zeros(ElementType.Bool, input.Dims);
        mask.Bytes.Span.Fill(1);
        context.Outputs[1] = mask;
    }

    public void Backward(BackwardContext context) => context.Gradients[0] = context.OutputGradientOrNull(0);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        context.Alias(node.Output, node.Input(0));
        if (!node.HasOutput(1) || node.ShapeOf(0).ToSizes() is not { } dims) return;
        Tensor mask = Tensor.Zeros(ElementType.Bool, dims);
        mask.Bytes.Span.Fill(1);
        context.EmitReshape(context.Constant("mask", mask), context.Output(node, 1));
    }
}
