using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Tests.Plan;

namespace ModelOpt.Runtime.Tests.Jit;

/// <summary>Whole models with assembled code, without it, and where the system refuses it.</summary>
[TestClass]
internal sealed class AssembledCodeTests
{
    [TestMethod]
    public void The_switch_keeps_every_kernel_and_plan_exact()
    {
        string[][] commands =
        [
            ["kernels", SimdTiers.Best.ToString()],
            ["class", typeof(ConcurrencyTests).FullName!],
            ["class", typeof(RandomNetworkTests).FullName!],
        ];
        foreach (string[] command in commands)
        {
            (int exitCode, string output) = ChildProcess.Start([], [ChildProcess.DisableJit, ChildProcess.Guard, .. command]);
            Assert.AreEqual(0, exitCode, output);
            StringAssert.Contains(output, ", 0 failures", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    [DataRow("EnableAVX512=0", nameof(Target.Avx2))]
    [DataRow("EnableAVX2=0", null)]
    [DataRow("EnableHWIntrinsic=0", null)]
    public void Models_give_the_same_bits_without(string variable, string? left) => AssertSameResults(
        ChildProcess.Start([variable], ChildProcess.Guard, "models"),
        mapped: left is not null && Target.Available.Contains(Target.Avx2),
        mappable: OperatingSystem.IsLinux());

    [TestMethod]
    public void Models_give_the_same_bits_with_every_target()
    {
        RequireLinux();
        foreach (Target target in Target.Available)
            AssertSameResults(ChildProcess.Start([], $"{ChildProcess.Limit}{target.Name}", "models"), mapped: true, mappable: true);
    }

    [TestMethod]
    public void Models_give_the_same_bits_with_the_switch_and_map_nothing()
    {
        RequireLinux();
        AssertSameResults(ChildProcess.Start([], "models"), mapped: true, mappable: true);
        AssertSameResults(ChildProcess.Start([], ChildProcess.DisableJit, "models"), mapped: false, mappable: true);
    }

    [TestMethod]
    public void Models_give_the_same_bits_where_the_system_refuses_executable_memory()
    {
        RequireLinux();
        (int ExitCode, string Output) child = ChildProcess.Start(["EnableWriteXorExecute=0"], ChildProcess.RefuseExecutable, "models");
        if (child.ExitCode == ChildProcess.NoFilter)
            Assert.Inconclusive("This system has no filters of system calls.");
        AssertSameResults(child, mapped: false, mappable: false);
    }

    [TestMethod]
    public void Models_that_are_gone_leave_no_code_behind()
    {
        RequireLinux();
        const int count = 200;
        Collect();
        long before = ModelRunner.ExecutableBytes();
        Assert.IsTrue(LoadAndDispose(count) >= before + (count * 4096L), "200 models are alive: their code must be mapped");
        Collect();
        Assert.IsTrue(ModelRunner.ExecutableBytes() <= before, "the code of models that are gone is still mapped");

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>Loads models, runs and disposes of each; returns the executable bytes while all are referred to.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long LoadAndDispose(int count)
    {
        var models = new TfliteModel[count];
        for (int i = 0; i < count; i++)
        {
            models[i] = TfliteModel.Load(ModelRunner.Networks[1 + (i % 2)], new RuntimeOptions { Threads = 1 + (i % 2) });
            ModelRunner.Results(models[i], 2, i);
            models[i].Dispose();
        }

        long bytes = ModelRunner.ExecutableBytes();
        GC.KeepAlive(models);
        return bytes;
    }

    private static void AssertSameResults((int ExitCode, string Output) child, bool mapped, bool mappable)
    {
        Assert.AreEqual(0, child.ExitCode, child.Output);
        string[] expected = [$"results {ModelRunner.Digest()}", $"mapped {mapped}", $"mappable {mappable}"];
        CollectionAssert.AreEqual(expected, child.Output.ReplaceLineEndings("\n").TrimEnd().Split('\n'));
    }

    private static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux() || !AssembledCode.IsSupported)
            Assert.Inconclusive("Needs Linux, and a processor that runs assembled code.");
    }
}
