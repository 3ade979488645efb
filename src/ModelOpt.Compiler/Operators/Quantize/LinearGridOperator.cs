using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Quantize;

/// <summary>Steps between floats and the integers of a grid: per tensor, along <c>axis</c> or in blocks along it.</summary>
internal abstract class LinearGridOperator : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, 13, 19, 21, 23, 24, 25];

    public override Arity Arity => new(2, 3);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => LinearGrid.Axes(node);

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override bool TakesComputedSizes(Node node) => true;
}
