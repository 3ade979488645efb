using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Control;
using ModelOpt.Compiler.Tests.Onnx;
using static ModelOpt.Compiler.Tests.Operators.Control.BodyModels;

namespace ModelOpt.Compiler.Tests.Operators.Control;

[TestClass]
internal sealed class ScanTests
{
    private static readonly Tensor Sequence = TestGraph.RandomTensor(3, 2, 5, 3);

    [TestMethod]
    [DataRow(0L, 0L, 0L, 0L)]
    [DataRow(1L, 1L, 0L, 0L)]
    [DataRow(1L, -1L, 1L, 0L)]
    [DataRow(-2L, 0L, 1L, 1L)]
    public void Slices_and_states_along_any_axis_in_both_directions(long axis, long outputAxis, long direction, long outputDirection)
    {
        (string, object)[] attributes =
        [
            ("num_scan_inputs", 1), ("scan_input_axes", new[] { axis }), ("scan_output_axes", new[] { outputAxis }),
            ("scan_input_directions", new[] { direction }), ("scan_output_directions", new[] { outputDirection }),
        ];
        // What is scanned along axis 0 has five rows; along axis 1, two.
        int rows = axis == 0 ? 5 : 2;
        OnnxModel model = Model(rows, attributes);
        Tensor[] results = model.AssertAgrees(("x", Sequence), ("s", TestGraph.RandomTensor(1, rows, 3)));
        Assert.AreEqual(model.Read().Outputs[1].Shape, results[1].Shape);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        AssertRefused("MOPT2002", "scanned", ("num_scan_inputs", 3));
        AssertRefused("MOPT2002", "elements, not 1", ("num_scan_inputs", 1), ("scan_input_axes", new[] { 0L, 1L }));
        AssertRefused("MOPT2002", "the rank is 3", ("num_scan_inputs", 1), ("scan_input_axes", new[] { 3L }));
        OnnxModel old = Model(5, [("num_scan_inputs", 1)]).Opset(8);
        StringAssert.Contains(Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(old.Bytes())).Message, "opset 8");
    }

    private static OnnxModel Model(int rows, (string, object)[] attributes)
    {
        OnnxModel body = new OnnxModel().Input("state").Input("slice").Node("Mul m: state half -> u").Node("Add a: u slice -> next")
            .Node("Tanh t: next -> result").Gives("next", "result");
        foreach (ValueInfoProto input in body.Graph.Input) input.Type = null;
        return new OnnxModel().Input("x", "2", "5", "3").Input("s", $"{rows}", "3").Initializer("half", [], 0.5f)
            .Node("Scan c: s x -> y z", [("body", body.Graph), .. attributes]).Gives("y", "z");
    }

    private static void AssertRefused(string code, string text, params (string, object)[] attributes)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => ShapeInference.Run(OnnxReader.Read(Model(5, attributes).Bytes()))).Diagnostic;
        Assert.AreEqual(code, diagnostic.Descriptor.Code, diagnostic.Message);
        StringAssert.Contains(diagnostic.Message, text);
    }
}
