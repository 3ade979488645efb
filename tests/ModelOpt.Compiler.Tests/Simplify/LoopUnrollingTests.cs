using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Operators.Control;
using static ModelOpt.Compiler.Tests.Operators.Control.BodyModels;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class LoopUnrollingTests
{
    [TestMethod]
    public void A_Loop_that_stacks_is_written_run_by_run()
    {
        OnnxModel body = new OnnxModel().Input("iter", Long).Input("cond_in", Bool).Input("v").Node("Identity i: cond_in -> cond")
            .Node("Cast k: iter -> number", ("to", 1)).Node("Mul m: v number -> u").Node("Concat a: u t -> w", ("axis", 0))
            .Gives("cond", "w", "number");
        body.Graph.Input[2].Type = null;
        OnnxModel model = new OnnxModel().Input("t", "2", "2").Longs("three", [], 3)
            .Node("Loop l: three _ t -> y z", ("body", body.Graph)).Gives("y", "z");
        string operators = model.AssertLowers(("t", X));
        Assert.DoesNotContain("WHILE", operators);
        Tensor[] results = model.AssertAgrees(("t", X));
        Assert.AreEqual(new Shape([8, 2]), results[0].Shape);
        CollectionAssert.AreEqual(new[] { 0f, 1, 2 }, results[1].Span<float>().ToArray());
    }

    [TestMethod]
    [DataRow(0L, 1L, 0L, 0L)]
    [DataRow(1L, 0L, 1L, 1L)]
    [DataRow(-1L, -1L, 0L, 1L)]
    public void A_Scan_is_written_slice_by_slice(long axis, long outputAxis, long direction, long outputDirection)
    {
        OnnxModel body = new OnnxModel().Input("state").Input("slice").Node("Mul m: state half -> u").Node("Add a: u slice -> next")
            .Node("Tanh t: next -> result").Gives("next", "result");
        foreach (ValueInfoProto input in body.Graph.Input) input.Type = null;
        OnnxModel model = new OnnxModel().Input("x", "4", "4", "4").Input("s", "4", "4").Initializer("half", [], 0.5f)
            .Node("Scan c: s x -> y z", ("body", body.Graph), ("num_scan_inputs", 1), ("scan_input_axes", new[] { axis }),
                ("scan_output_axes", new[] { outputAxis }), ("scan_input_directions", new[] { direction }),
                ("scan_output_directions", new[] { outputDirection }))
            .Gives("y", "z");
        model.AssertLowers(("x", TestGraph.RandomTensor(3, 4, 4, 4)), ("s", TestGraph.RandomTensor(1, 4, 4)));
    }
}
