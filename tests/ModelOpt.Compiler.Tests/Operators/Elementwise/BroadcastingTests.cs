using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class BroadcastingTests
{
    [TestMethod]
    public void A_result_beyond_two_gigabytes_is_diagnosed_before_memory_is_taken()
    {
        Tensor column = Tensor.Zeros(ElementType.UInt8, [1 << 17, 1]), row = Tensor.Zeros(ElementType.UInt8, [1 << 17]);
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => Node("Add", [column, row]).Run());
        Assert.AreEqual("MOPT2009", e.Diagnostic.Descriptor.Code);
        CompilationException filled = Assert.ThrowsExactly<CompilationException>(
            () => Node("ConstantOfShape", [Tensor.Vector(1L << 30, 1L << 30, 1L << 30)]).Run());
        Assert.AreEqual("MOPT2009", filled.Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void A_tensor_of_the_wanted_shape_is_not_copied()
    {
        Tensor x = Tensor.Vector(1f, 2f);
        Assert.AreSame(x, Broadcasting.Expand(Node("Add", [x, x]), x, [2]));
    }
}
