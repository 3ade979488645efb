using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Values are ONNX's conformance cases' matter, gradients <see cref="GradientTests"/>'.</summary>
[TestClass]
public sealed class ResizeTests
{
    [TestMethod]
    public void An_open_batch_stays_where_its_scale_is_1()
    {
        Node node = Node("Resize", [Floats(new Dim(-1, "N"), 3, 4, 5), null, Tensor.Vector(1f, 1f, 2f, 0.5f)]);
        Operator.Of(node).InferShapes(node);
        Assert.AreEqual(new Shape(new Dim(-1, "N"), 3, 8, 2), node.Output.Shape);
    }

    [TestMethod]
    [DataRow("mode", "cubic")]
    [DataRow("coordinate_transformation_mode", "tf_crop_and_resize")]
    [DataRow("keep_aspect_ratio_policy", "not_larger")]
    public void What_is_not_supported_is_told(string name, string value)
    {
        Node node = Node("Resize", [Floats(1, 3, 4, 5), null, Tensor.Vector(1f, 1f, 2f, 2f)], 1, (name, value));
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    [DataRow(new float[] { 1, 1, 2 })]
    [DataRow(new float[] { 1, 1, 0, 2 })]
    [DataRow(new float[] { 1, 1, float.NaN, 2 })]
    [DataRow(new float[] { 1, 1, 1e30f, 2 })]
    public void Scales_that_do_not_fit_are_told(float[] scales)
    {
        Node node = Node("Resize", [Floats(1, 3, 4, 5), null, Tensor.Vector<float>(scales)]);
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(() => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code);
    }
}
