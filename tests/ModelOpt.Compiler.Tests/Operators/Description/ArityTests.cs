using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Tests.Operators.Description;

[TestClass]
internal sealed class ArityTests
{
    [TestMethod]
    [DataRow("Clip", "x", "y", null)]
    [DataRow("Clip", "x,,x", "y", null)]
    [DataRow("Clip", "x,,x,", "y", null)]
    [DataRow("Clip", "x,,x,x", "y", "MOPT2012")]
    [DataRow("Clip", ",x", "y", "MOPT2003")]
    [DataRow("Gather", "x", "y", "MOPT2003")]
    [DataRow("MaxPool", "x", "y,z", null)]
    [DataRow("MaxPool", "x", "y,z,a", "MOPT2012")]
    [DataRow("Max", "x,x,x,x,x", "y", null)]
    public void A_node_with_fewer_or_more_inputs_or_outputs_is_refused(string type, string inputs, string outputs, string? code)
    {
        Value x = new("x", ElementType.Float32, new Shape(2, 3));
        Node node = new(type, "n", inputs.Split(',').Select(i => i == "x" ? x : null), outputs.Split(',').Select(o => new Value(o)));
        Arity arity = Operator.Of(node).Arity;
        if (code is null) arity.Check(node);
        else Assert.AreEqual((code, "n"), Refusal(() => arity.Check(node)));
    }

    [TestMethod]
    public void A_node_is_checked_when_it_is_read()
    {
        Value x = new("x", ElementType.Float32, new Shape(2, 3));
        foreach (string name in Operator.Names)
        {
            Operator op = Operator.Of(new Node(name, "", [], []));
            if (op.Arity.MostInputs == Arity.Any) continue;
            Node node = new(name, "n", Enumerable.Repeat(x, op.Arity.MostInputs + 1), [new Value("y")]);
            Assert.AreEqual(("MOPT2012", "n"), Refusal(() => op.Upgrade(new Graph(), node, Graph.Opset)), name);
        }
    }

    private static (string Code, string? Layer) Refusal(Action action)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(action).Diagnostic;
        return (diagnostic.Descriptor.Code, diagnostic.Layer);
    }
}
