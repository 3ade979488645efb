using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Plan;

namespace ModelOpt.Runtime.Tests.Arm;

/// <summary>Kernels and whole models on 64-bit Arm: the bits are those of the scalar oracles and of this machine.</summary>
[TestClass]
internal sealed class ArmTests
{
    [TestMethod]
    public void Kernels_and_models_are_exact_with_the_dot_product_and_without()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1")
            Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        using ArmProgram program = ArmProgram.Publish();
        foreach ((string processor, Int8Form form) in (ReadOnlySpan<(string, Int8Form)>)
            [("neoverse-n1", Int8Form.SignedQuads), ("cortex-a57", Int8Form.Pairs)])
        {
            AssertOutput($"{form}", program.Run(processor, "form"));
            AssertOutput($"results {ModelRunner.Digest()}", program.Run(processor, "models"));
            AssertOutput(
                $"{TierRunner.Methods.Count} methods, 0 failures", program.Run(processor, "kernels", nameof(SimdTier.Vector128)));
            AssertOutput(", 0 failures", program.Run(processor, "class", typeof(RandomNetworkTests).FullName!));
        }
    }

    private static void AssertOutput(string expected, (int? ExitCode, string Output) run)
    {
        Assert.AreEqual(0, run.ExitCode, run.Output);
        StringAssert.Contains(run.Output, expected, StringComparison.Ordinal);
    }
}
