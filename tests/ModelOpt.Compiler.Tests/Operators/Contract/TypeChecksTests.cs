namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class TypeChecksTests
{
    [TestMethod]
    [DataRow("Abs")]
    [DataRow("ArgMax")]
    [DataRow("ReduceLogSum")]
    [DataRow("ReduceSumSquare")]
    [DataRow("Relu")]
    [DataRow("BitwiseNot")]
    public void Bools_are_no_numbers(string type) =>
        Assert.AreEqual($"input 0 is Bool, which {type} does not take.", Refusal(type, ElementType.Bool));

    [TestMethod]
    [DataRow("Add")]
    [DataRow("Greater")]
    [DataRow("Max")]
    [DataRow("Mod")]
    [DataRow("BitwiseAnd")]
    public void Nor_are_pairs_of_them(string type) =>
        Assert.AreEqual($"input 0 is Bool, which {type} does not take.", Refusal(type, ElementType.Bool, ElementType.Bool));

    [TestMethod]
    public void Numbers_are_no_bools()
    {
        Assert.AreEqual("input 0 is Float32, which Not does not take.", Refusal("Not", ElementType.Float32));
        Assert.AreEqual("input 0 is Int32, which And does not take.", Refusal("And", ElementType.Int32, ElementType.Int32));
        Assert.AreEqual("input 0 is Float32, which BitwiseOr does not take.",
            Refusal("BitwiseOr", ElementType.Float32, ElementType.Float32));
    }

    [TestMethod]
    public void What_an_operator_takes_is_inferred()
    {
        Inferred("Not", ElementType.Bool);
        Inferred("Equal", ElementType.Bool, ElementType.Bool);
        Inferred("ReduceMax", ElementType.Bool);
        Inferred("BitwiseNot", ElementType.UInt8);
        Inferred("Transpose", ElementType.Bool);

        static void Inferred(string type, params ElementType[] inputs) => ShapeInference.Infer(Typed(type, inputs));
    }

    private static string Refusal(string type, params ElementType[] inputs)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => ShapeInference.Infer(Typed(type, inputs))).Diagnostic;
        Assert.AreEqual("MOPT2005", diagnostic.Descriptor.Code);
        return diagnostic.Message;
    }

    private static Node Typed(string type, ElementType[] inputs) =>
        Node(type, [.. inputs.Select((input, i) => new Value($"x{i}", input, new Shape(2, 3)))]);
}
