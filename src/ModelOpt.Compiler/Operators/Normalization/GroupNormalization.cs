using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// Normalization of groups of channels (Wu and He, 2018): an InstanceNormalization of the groups, and a scale and a shift a channel, or a
/// group before opset 21.
/// </summary>
internal sealed class GroupNormalization : ComposedOperator
{
    private const string ByGroup = "by_group";

    public override IReadOnlyList<OpsetStep> Versions { get; } = [18, new(21, (_, node) => node.Attributes[ByGroup] = 1L)];

    public override Arity Arity => new(3, 3);

    protected override void Compose(Graph graph, Node node)
    {
        long groups = node.Int("num_groups", 0);
        if (groups <= 0) throw Diagnostics.GraphDiagnostics.InvalidAttribute.Error(node.Label, "num_groups", $"is {groups}");
        Value x = node.Input(0), scale = node.Input(1), shift = node.Input(2);
        bool byGroup = node.Attributes.ContainsKey(ByGroup);
        Value sizes = Add("Shape", [x]);
        Value split = Add("Reshape", [x, Ints("groups", 0, groups, -1)]);
        // A one and a zero for each group, in the type of the scale.
        Value first = byGroup ? scale : Add("Expand", [Add("Slice", [scale, Ints("begin", 0), Ints("end", 1)]), Ints("count", groups)]);
        Value unitShift = byGroup ? shift : Add("Sub", [first, first]);
        Value unit = byGroup ? scale : Add("Exp", [unitShift]);
        Value normalized = Add("InstanceNormalization", [split, unit, unitShift]);
        normalized.Producer!.Attributes["epsilon"] = node.Float("epsilon", 1e-5f);
        if (!byGroup)
        {
            Value channels = Add("Concat", [Ints("keep", 0), Add("Shape", [scale]), Ints("rest", -1)]);
            channels.Producer!.Attributes["axis"] = 0L;
            Value wide = Add("Reshape", [normalized, channels]);
            Value scaled = Add("Mul", [wide, Add("Unsqueeze", [scale, Ints("axis", 1)])]);
            normalized = Add("Add", [scaled, Add("Unsqueeze", [shift, Ints("axis", 1)])]);
        }

        Replace(graph, node, "Reshape", normalized, sizes);

        Value Add(string type, Value[] inputs)
        {
            var output = new Value(graph.UniqueName($"{node.Label}_{type}"));
            graph.InsertBefore(node, new Node(type, "", inputs, [output]));
            return output;
        }

        Value Ints(string stem, params ReadOnlySpan<long> values) => graph.AddConstant($"{node.Label}_{stem}", Tensor.Vector(values));
    }
}
