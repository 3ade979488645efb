namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class GuardTests
{
    private static readonly Node Relu = new("Relu", "r", [], []);

    [TestMethod]
    public void A_fault_of_ours_says_so_and_names_operator_and_node()
    {
        string? nothing = null;
        CompilationException fault = Assert.ThrowsExactly<CompilationException>(() => Guard.Run(Relu, () => _ = nothing!.Length));
        Assert.AreEqual(("MOPT2011", "r"), (fault.Diagnostic.Descriptor.Code, fault.Diagnostic.Layer));
        StringAssert.Contains(fault.Diagnostic.Message, "Relu failed (NullReferenceException: ");
        StringAssert.Contains(fault.Diagnostic.Text, "an error of ModelOpt: please open an issue");
        Assert.IsInstanceOfType<NullReferenceException>(fault.InnerException);
    }

    [TestMethod]
    public void Sizes_that_overflow_do_not_fit()
    {
        int size = int.MaxValue;
        CompilationException refusal = Assert.ThrowsExactly<CompilationException>(() => Guard.Run(Relu, () => _ = checked(size * 2)));
        Assert.AreEqual(("MOPT2004", "r"), (refusal.Diagnostic.Descriptor.Code, refusal.Diagnostic.Layer));
    }

    [TestMethod]
    public void Refusals_and_cancellation_pass()
    {
        Assert.AreEqual("MOPT2005", Assert.ThrowsExactly<CompilationException>(() => Guard.Run(
            Relu, () => throw GraphDiagnostics.TypeMismatch.Error("r", "text"))).Diagnostic.Descriptor.Code);
        Assert.ThrowsExactly<OperationCanceledException>(() => Guard.Run(Relu, () => throw new OperationCanceledException()));
    }
}
