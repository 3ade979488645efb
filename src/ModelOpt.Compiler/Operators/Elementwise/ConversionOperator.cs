using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The elements converted to another type.</summary>
internal abstract class ConversionOperator : Operator
{
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override bool TakesComputedSizes(Node node) => true;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node);

    public override OperatorTraits Traits(Node node) =>
        node.Input(0).Type == Target(node) ? OperatorTraits.Moves | OperatorTraits.Homogeneous : OperatorTraits.None;

    public sealed override void Normalize(Graph graph, Node node)
    {
        // Both concern 8-bit floats only, which are refused.
        node.Attributes.Remove("saturate");
        node.Attributes.Remove("round_mode");
    }

    public override void InferShapes(Node node)
    {
        ElementType type = Target(node);
        bool carriesShapes = type is ElementType.Int32 or ElementType.Int64
            && node.Input(0).Type is ElementType.Int32 or ElementType.Int64;
        node.Define(0, type, node.Input(0).Shape, carriesShapes ? ShapeContents.Of(node.Input(0)) : null);
    }

    public override void Forward(ForwardContext context) =>
        context.Output = Casting.To(context.Input(0), Target(context.Node));

    /// <summary>The type that the elements get.</summary>
    protected abstract ElementType TypeOf(Node node);

    private ElementType Target(Node node)
    {
        ElementType type = TypeOf(node);
        return type.Size() > 0 && node.Input(0).Type.Size() > 0 ? type : throw GraphDiagnostics.UnsupportedForm.Error(
            node.Label, node.Type, $"from {node.Input(0).Type} to {type}");
    }

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor input = context.Input(node, 0, order), output = context.Output(node, 0, order);
        if (input.Type == output.Type)
        {
            // Floats of all sizes are float32 in TFLite.
            context.Alias(node.Output, node.Input(0));
            return;
        }

        context.Emit(BuiltinOperator.Cast, [input], [output], new CastOptions(input.Type, output.Type));
    }
}
