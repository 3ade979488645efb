using ModelOpt.Fuzz.Graphs;

namespace ModelOpt.Fuzz.Tests.Graphs;

/// <summary>Some random models, the same in every run; <c>modelopt-fuzz</c> runs the same for hours.</summary>
[TestClass]
internal sealed class CampaignTests
{
    // On a machine that does much else, fewer fit in.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    [TestMethod]
    public void Random_graphs_compute_the_same_everywhere() => Run(GraphCommands.RandomGraph, "graphs", 40);

    [TestMethod]
    public void Random_quantized_graphs_compute_the_same_everywhere() => Run(GraphCommands.QuantizedGraph, "qdq", 120);

    private static void Run(CaseMaker make, string name, int cases)
    {
        using StringWriter output = new();
        using Campaign campaign = new(make, name, new CampaignOptions { Time = Longest, Cases = cases, Seed = 1 }, output);
        campaign.Run();
        Assert.IsEmpty(campaign.Faults, $"{output}");
        Assert.IsPositive(campaign.Models);
    }
}
