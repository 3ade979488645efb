using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Sampling;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Tests.Kernels.Sampling;

[TestClass]
internal sealed class RandomKernelTests
{
    [TestMethod]
    public void Each_run_draws_the_numbers_of_its_number()
    {
        var kernel = new RandomKernel(new(7, 1), isNormal: false, new CallCounter(), 5);
        for (int run = 0; run < 3; run++)
        {
            float[] expected = new float[5];
            new RandomNumbers(7, 1, run).Uniform(expected);
            byte[] arena = new byte[20];
            kernel.Run(new KernelArguments([], [Operand.InArena(0, arena.Length)], arena, []), 0, 1);
            CollectionAssert.AreEqual(expected, MemoryMarshal.Cast<byte, float>(arena).ToArray());
        }
    }
}
