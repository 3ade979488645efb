using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class EinsumTests
{
    private static readonly Dictionary<char, int> Sizes = new()
    {
        ['b'] = 2, ['c'] = 3, ['i'] = 4, ['j'] = 5, ['k'] = 2, ['l'] = 3, ['h'] = 2, ['.'] = 2,
    };

    [TestMethod]
    [DataRow("ij,jk->ik")]
    [DataRow("bij,bjk->bik")]
    [DataRow("bhid,bhjd->bhij")]
    [DataRow("bij , bjk")]
    [DataRow("ij->ji")]
    [DataRow("ij")]
    [DataRow("ji")]
    [DataRow("ij->i")]
    [DataRow("ij->")]
    [DataRow("ii->i")]
    [DataRow("ii")]
    [DataRow("bii->bi")]
    [DataRow("i,i")]
    [DataRow("i,i->i")]
    [DataRow("i,j->ij")]
    [DataRow("ij,ij->")]
    [DataRow("ij,kl->ijkl")]
    [DataRow("bijc,ckl->bijkl")]
    [DataRow("bijck,ckl->bijl")]
    [DataRow("cbik,kcjb->jbi")]
    [DataRow("ij,jk,kl->il")]
    [DataRow("ij,jk,kl,lh->hi")]
    [DataRow("...ij,...jk->...ik")]
    [DataRow("...ij,jk")]
    [DataRow("...ij->...ji")]
    [DataRow("b...,b...->...")]
    [DataRow("bij,kj,bl->bikl")]
    public void Equations_agree_with_peers(string equation)
    {
        var random = new Random(equation.Length);
        Tensor[] inputs = [.. equation.Split("->")[0].Replace(" ", "").Split(',').Select(term =>
            Signed(random, [.. term.Replace("...", "..").Select(c => Sizes.GetValueOrDefault(c, 3))]))];
        Node("Einsum", inputs, 1, ("equation", equation)).AssertAgreesWithPeers(inputs.Length);
    }

    [TestMethod]
    public void Axes_of_size_1_broadcast() => Node(
        "Einsum", [Signed(new Random(1), 1, 4, 3), Signed(new Random(2), 5, 3, 2)], 1, ("equation", "...ij,...jk->...ik"))
            .AssertAgreesWithPeers(2);

    [TestMethod]
    public void Open_sizes_are_taken_from_the_operands()
    {
        var model = new RewriteModel();
        model.Proto.Input("x", 1, "N", "T", "3", "4").Input("y", 1, "N", "T", "4", "5");
        Graph graph = model.Output(model.Node("Einsum", ["x", "y"], ("equation", "btij,btjk->btki"))).Read();
        Assert.AreEqual("[N, T, 5, 3]", graph.Outputs[0].Shape!.ToString());
    }

    [TestMethod]
    [DataRow("ij,jk->iz")]
    [DataRow("ij->ij")]
    [DataRow("ijk,jk->i")]
    [DataRow("ij,jk->ii")]
    [DataRow("i1,1k->ik")]
    public void Equations_that_do_not_fit_are_refused(string equation)
    {
        byte[] model = Node("Einsum", [Signed(new Random(1), 2, 3), Signed(new Random(2), 3, 2)], 1, ("equation", equation)).Model();
        Assert.AreEqual("MOPT2002", Assert.ThrowsExactly<CompilationException>(
            () => Compiler.Onnx.OnnxReader.Read(model)).Diagnostic.Descriptor.Code);
    }
}
