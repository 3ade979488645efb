using ModelOpt.Fuzz.Files;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Fuzz.Tests.Files;

[TestClass]
internal sealed class FileCampaignTests
{
    private const int Seed = 1, Cases = 10_000;

    /// <summary>The fixed part of what <c>modelopt-fuzz files</c> does for hours.</summary>
    [TestMethod]
    public void No_file_does_what_it_must_not()
    {
        var finds = new List<FileFind>();
        var campaign = new FileCampaign(Seed, null, Environment.ProcessorCount);
        long ran = campaign.Run(0, Cases, TimeSpan.FromMinutes(10), finds.Add);
        Assert.AreEqual("", string.Join('\n', finds.Take(10)));
        Assert.AreEqual(Cases, ran);
        foreach (FileKind kind in Enum.GetValues<FileKind>().Where(kind => kind != FileKind.Fault))
            Assert.IsTrue(campaign.Accepted.GetValueOrDefault($"{kind}") > 0, $"no {kind} was accepted");
    }

    /// <summary>The negative control.</summary>
    [TestMethod]
    public void Exceptions_ends_of_processes_and_hangs_are_found()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Only Linux has guard pages here.");
        var finds = new List<FileFind>();
        long ran =
            new FileCampaign(Seed, FileKind.Fault, 1) { Limit = TimeSpan.FromSeconds(0.5) }.Run(0, 5, TimeSpan.FromMinutes(2), finds.Add);
        Assert.AreEqual(5, ran);
        CollectionAssert.AreEqual(new long[] { 1, 2, 3 }, finds.Select(f => f.Index).ToArray());
        StringAssert.StartsWith(finds[0].What, "InvalidOperationException: as meant");
        StringAssert.Contains(finds[1].What, "the process ended with");
        StringAssert.Contains(finds[2].What, "no end after 0.5 s");
    }

    [TestMethod]
    public void Cases_follow_from_seed_and_number()
    {
        var one = new CaseFactory(Seed, null);
        var other = new CaseFactory(Seed, null);
        other.Make(7);
        for (int i = 100; i < 200; i++)
        {
            FileCase a = one.Make(i), b = other.Make(i);
            Assert.AreEqual(a.Kind, b.Kind);
            CollectionAssert.AreEqual(a.Bytes, b.Bytes);
        }
    }

    /// <summary>What is never loaded is not tested: every operator must be in models that are.</summary>
    [TestMethod]
    public void Models_of_every_operator_load()
    {
        var loaded = new HashSet<BuiltinOperator>();
        int models = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] file = TfliteGenerator.Make(new Random(i));
            try
            {
                TfliteModel.Load(file).Dispose();
                models++;
                loaded.UnionWith(GraphReader.Read(file).Nodes.Select(n => n.Operator));
            }
            catch (InvalidModelException)
            {
                // Some operators take other types or quantizations than they were given.
            }
        }

        Assert.IsTrue(models > 1500, $"{models} of 3000 models load");
        BuiltinOperator[] missing = [.. Enum.GetValues<BuiltinOperator>()
            .Where(op => OperatorKernels.Find(op) is not null && !loaded.Contains(op))];
        Assert.AreEqual("SHAPE", string.Join(", ", missing.Select(op => op.TfliteName())), "SHAPE is none that runs");
    }
}
