namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class LoweringRefusalsTests
{
    [TestMethod]
    public void What_can_be_written_is_not_refused()
    {
        var g = new TestGraph();
        Value conv = g.Add("Conv", g.Input("x", -1, 3, 8, 8), g.Random(1, 4, 3, 3, 3));
        g.Output(g.Add("Gemm", g.Add("Flatten", g.Add("Relu", conv)), g.Random(2, 144, 5)));
        Assert.IsEmpty(Lowering.Refusals(g.Build()));
    }

    [TestMethod]
    public void Every_layer_that_cannot_be_written_is_named_and_none_for_the_sake_of_another()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 3, 8, 8), w = g.Input("w", 3, 2, 3, 3);
        Value up = g.Add("ConvTranspose", x, w), again = g.Add("ConvTranspose", x, w);
        Value conv = g.Add("Conv", g.Add("Relu", g.Add("Add", up, again)), g.Input("v", 4, 2, 3, 3));
        g.Output(g.Add("Conv", conv, g.Random(2, 4, 4, 3, 3)));
        IReadOnlyList<Diagnostic> refusals = Lowering.Refusals(g.Build());
        Assert.AreEqual("ConvTranspose ConvTranspose_1 Conv", string.Join(' ', refusals.Select(r => r.Layer)));
        Diagnostic all = Lowering.Refused(refusals).Diagnostic;
        Assert.AreEqual("MOPT5004", all.Descriptor.Code);
        Assert.AreEqual(
            "this form of 'ConvTranspose' is not supported: weights that are computed ('ConvTranspose', 'ConvTranspose_1'); "
            + "this form of 'Conv' is not supported: weights that are computed ('Conv').", all.Message);
        Assert.AreSame(refusals[2], Lowering.Refused([refusals[2]]).Diagnostic);
    }

    [TestMethod]
    public void Inputs_and_outputs_that_cannot_be_written_are_named()
    {
        var g = new TestGraph();
        g.Output(g.Add("Identity", g.Input("text", ElementType.String, 4)));
        g.Output(g.Add("Relu", g.Input("open", -1, 4)));
        Assert.AreEqual("text", Lowering.Refusals(g.Build())[0].Layer);
    }
}
