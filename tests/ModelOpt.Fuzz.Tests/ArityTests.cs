using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Fuzz.Operators;

namespace ModelOpt.Fuzz.Tests;

[TestClass]
internal sealed class ArityTests
{
    [TestMethod]
    public void Operators_have_as_many_inputs_and_outputs_as_ONNX_gives_them()
    {
        foreach (string name in OperatorGenerators.OfGraphs)
        {
            OperatorSchema[] versions = [.. Enumerable.Range(7, Graph.Opset - 6).Select(opset => OperatorSchema.At(name, opset))
                .OfType<OperatorSchema>()];
            OperatorSchema last = versions[^1];
            int least = last.Inputs.TakeWhile(i => !i.Optional).Count();
            Arity expected = new(least, Most(last.Inputs), versions.Max(v => Most(v.Outputs)));
            Assert.AreEqual(expected, Operator.Find(new Node(name, "", [], []))!.Arity, name);
        }
    }

    private static int Most(IReadOnlyList<ValueSchema> values) => values.Any(v => v.Variadic) ? Arity.Any : values.Count;
}
