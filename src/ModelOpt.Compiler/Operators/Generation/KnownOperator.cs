using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>An operator whose result follows from shapes and constants, so that a compiled model has it as a constant.</summary>
internal abstract class KnownOperator : Operator
{
    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 0;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => [];

    /// <summary>The result.</summary>
    /// <exception cref="Diagnostics.CompilationException">It depends on numbers that are known only when the model runs.</exception>
    protected abstract Tensor Result(Node node);

    /// <summary>The element type that attribute <c>output_datatype</c> says, float32 where it is absent.</summary>
    protected static ElementType OutputType(Node node)
    {
        var type = (ElementType)node.Int("output_datatype", (long)ElementType.Float32);
        return type.Size() > 0 && type != ElementType.Bool ? type
            : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "output_datatype", $"is {type}");
    }

    public override void Lower(Lowering context, Node node) =>
        context.EmitReshape(context.Constant(node.Label, Result(node)), context.Output(node, 0));
}
