using System.Runtime.InteropServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Tests.Jit;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>
/// Whole models against their layers one by one: whatever the plan fuses, or has written elsewhere, the bits stay. Run once more
/// without assembled code by <see cref="AssembledCodeTests"/>.
/// </summary>
[TestClass]
internal sealed class RandomNetworkTests
{
    private const int Networks = 60;

    [TestMethod]
    public void Int8_models_have_the_bits_of_their_layers()
    {
        int fused = Enumerable.Range(0, Networks).Count(Check<sbyte>);
        Assert.IsTrue(fused > Networks / 3 || !AssembledCode.IsSupported, $"only {fused} had anything to fuse");
    }

    [TestMethod]
    public void Float_models_have_the_bits_of_their_layers()
    {
        int fused = Enumerable.Range(0, Networks).Count(Check<float>);
        Assert.IsTrue(fused > Networks / 3, $"only {fused} had anything to fuse");
    }

    /// <summary>Fails if a bit differs; returns whether there are fewer steps than layers.</summary>
    private static bool Check<T>(int seed)
        where T : unmanaged
    {
        var network = new RandomNetwork<T>(seed);
        byte[] file = network.Build();
        T[][] samples = [.. Enumerable.Range(0, 2).Select(_ => network.RandomValues(network.Elements(network.Input)))];
        T[][][] expected = [.. samples.Select(network.RunLayers)];
        bool fused = false;
        foreach (int threads in (int[])[1, 2])
        {
            using TfliteModel model = TfliteModel.Load(file, new RuntimeOptions { Threads = threads });
            fused = model.Plan.Steps.Length < network.Layers;
            for (int repetition = 0; repetition < 2; repetition++)
            {
                using ModelCall call = model.Begin(samples.Length);
                call.SetInput<T>(0, samples.SelectMany(s => s).ToArray());
                call.Run();
                for (int i = 0; i < network.Outputs.Length; i++)
                {
                    T[] together = [.. expected.SelectMany(e => e[i])], actual = new T[together.Length];
                    call.GetOutput<T>(i, actual);
                    int at = MemoryMarshal.AsBytes<T>(together).CommonPrefixLength(MemoryMarshal.AsBytes<T>(actual));
                    Assert.IsTrue(
                        at == MemoryMarshal.AsBytes<T>(actual).Length,
                        $"network {seed}, {threads} threads, value {network.Outputs[i]}, byte {at}: {network.Description}");
                }
            }
        }

        return fused;
    }
}
