using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class BitwiseAndTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() => PairCases.AssertBitsAgree("BitwiseAnd");

    [TestMethod]
    public void Known_values()
    {
        Node("BitwiseAnd", [Tensor.Vector(0b1100, 0xF0, -1), Tensor.Vector(0b1010, 0x0F, 6)]).AssertGives(8, 0, 6);
        Node("BitwiseAnd", [Tensor.Vector<byte>(200), Tensor.Vector<byte>(129)]).AssertGives<byte>(128);
    }

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("BitwiseAnd");

    [TestMethod]
    public void A_build_warns_once_that_LiteRT_cannot_run_the_file()
    {
        using var folder = new TempFolder();
        string file = folder.Write("and.onnx", Node("BitwiseAnd", [Tensor.Vector(1, 2), Tensor.Vector(3, 3)]).Model(18, 1));
        var diagnostics = new DiagnosticList();
        ModelCompiler.Compile(file, new CompileOptions(), diagnostics);
        Diagnostic warning = diagnostics.Diagnostics.Single(d => d.Descriptor.Code == "MOPT5007");
        StringAssert.Contains(warning.Message, "modelopt.BitwiseAnd");
    }
}
