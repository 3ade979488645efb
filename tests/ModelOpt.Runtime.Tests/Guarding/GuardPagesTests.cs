using System.Runtime.InteropServices;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tests.Jit;
using ModelOpt.Runtime.Tests.Plan;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Guarding;

/// <summary>
/// Kernels and whole models whose memory lies before pages that may not be touched: what reads or writes beyond it ends the
/// process. <see cref="Kernels.TierTests"/> and <see cref="AssembledCodeTests"/> do the same with fewer instructions.
/// </summary>
[TestClass]
internal sealed class GuardPagesTests
{
    [TestMethod]
    public void Kernels_and_models_keep_to_their_memory()
    {
        RequireGuards();
        string[][] commands = [["kernels", SimdTiers.Best.ToString()], ["class", typeof(RandomNetworkTests).FullName!]];
        foreach (string[] command in commands)
        {
            (int exitCode, string output) = ChildProcess.Start([], [ChildProcess.Guard, .. command]);
            Assert.AreEqual(0, exitCode, output);
            StringAssert.Contains(output, ", 0 failures", StringComparison.Ordinal);
        }
    }

    /// <summary>The negative control: without it, a guard that is nowhere would look like kernels without fault.</summary>
    [TestMethod]
    [DataRow("tensor")]
    [DataRow("output")]
    [DataRow("scratch")]
    [DataRow("constant")]
    [DataRow("input")]
    public void A_byte_too_far_ends_the_process(string kind)
    {
        RequireGuards();
        (int exitCode, string output) = ChildProcess.Start([], ChildProcess.Guard, "overrun", kind, "-1");
        Assert.AreEqual(0, exitCode, output);
        (exitCode, output) = ChildProcess.Start([], ChildProcess.Guard, "overrun", kind, "0");
        Assert.IsTrue(exitCode is not (0 or 1 or 2), $"{exitCode}: {output}");
        StringAssert.Contains(output, "reads", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Without_the_switch_nothing_is_guarded() => Assert.IsFalse(GuardPages.Enabled);

    /// <summary>Reads a byte, counted from the end of a memory.</summary>
    internal static unsafe int Overrun(string kind, int offset)
    {
        using TfliteModel model = TfliteModel.Load(SampleNetworks.Int8());
        ExecutionPlan plan = model.Plan;
        var memory = new SessionMemory();
        memory.Fit(plan, 1);
        var buffer = new AlignedBuffer<int>(3);
        Memory<byte> input = GuardPages.Copy(new byte[5]);
        Span<byte> span = kind switch
        {
            "tensor" => memory.Arena.Slice(plan.ArenaBlocks.First().Offset, plan.ArenaBlocks.First().Bytes),
            "output" => plan.Outputs[0].Write(memory.Arena),
            "scratch" => memory.Scratch(0, 3),
            "constant" => MemoryMarshal.AsBytes(buffer.Span),
            _ => input.Span,
        };
        Console.WriteLine($"reads {kind}");
        Console.Out.Flush();
        fixed (byte* start = span)
            Console.WriteLine(start[span.Length + offset]);
        GC.KeepAlive(memory);
        GC.KeepAlive(buffer);
        GC.KeepAlive(input);
        return 0;
    }

    private static void RequireGuards()
    {
#if !DEBUG
        Assert.Inconclusive("Only debug builds have guard pages.");
#endif
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Only Linux has guard pages here.");
    }
}
