using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class TierTests
{
    [TestMethod]
    [DataRow("EnableAVX512", nameof(SimdTier.Vector256))]
    [DataRow("EnableAVX2", nameof(SimdTier.Vector128))]
    [DataRow("EnableHWIntrinsic", nameof(SimdTier.Scalar))]
    public void Kernels_are_exact_and_keep_to_their_memory_without(string variable, string expected)
    {
        SimdTier tier = Enum.Parse<SimdTier>(expected);
        if (SimdTiers.Best <= tier)
            Assert.Inconclusive($"This machine's widest tier is {SimdTiers.Best}: nothing to switch off for {tier}.");

        (int exitCode, string output) = ChildProcess.Start([$"{variable}=0"], ChildProcess.Guard, "kernels", expected);
        Assert.AreEqual(0, exitCode, output);
        StringAssert.Contains(output, $"{TierRunner.Methods.Count} methods, 0 failures", StringComparison.Ordinal);
        Assert.IsTrue(TierRunner.Methods.Count > 20, "the kernel tests were not found");
    }

    [TestMethod]
    public void The_widest_registers_are_used_though_NET_prefers_narrower_ones()
    {
        if (!Avx512BW.VL.IsSupported)
            Assert.Inconclusive("This machine has no registers of 512 bits.");
        Assert.AreEqual(SimdTier.Vector512, SimdTiers.Best);
    }
}
