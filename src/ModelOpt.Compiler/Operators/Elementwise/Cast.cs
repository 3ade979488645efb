using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The elements converted to the type that <c>to</c> numbers.</summary>
internal sealed class Cast : ConversionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, new(6, (_, node) => ToNumber(node)), 9, 13, 19, 21, 23, 24, 25];

    // The first opset names the type.
    private static void ToNumber(Node node)
    {
        string name = node.String("to", "");
        string known = name switch { "FLOAT" => "Float32", "DOUBLE" => "Float64", _ => name };
        if (!Enum.TryParse(known, ignoreCase: true, out ElementType type) || !Enum.IsDefined(type))
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "to", $"is '{name}'");
        node.Attributes["to"] = (long)type;
    }

    public override Arity Arity => new(1, 1);

    protected override ElementType TypeOf(Node node) => (ElementType)node.Int("to", 0);
}
