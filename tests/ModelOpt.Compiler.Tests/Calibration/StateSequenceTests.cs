using System.Runtime.InteropServices;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class StateSequenceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void The_first_sample_begins_with_zeros_and_each_other_with_what_the_one_before_gave()
    {
        Graph graph = Sum();
        using InputSamples samples = InputSamples.Open(
            [Data()], new("x", ElementType.Float32, graph.Inputs[1].Shape!), SampleFormat.Default);
        Tensor[][] states = StateSequence.Run(graph, [samples], new Workers(null));
        CollectionAssert.AreEqual(new float[] { 0, 1, 3, 6 }, states.Select(s => s.Single().Span<float>()[0]).ToArray());
        Tensor[] third = StateSequence.Sample(graph, [samples], 2, states[2]);
        Assert.AreEqual("3 3", $"{third[0].Span<float>()[0]} {third[1].Span<float>()[0]}");
    }

    [TestMethod]
    public void Training_samples_in_any_order_have_the_states_of_their_own_order()
    {
        Graph graph = Sum();
        using var set = new TrainingSet(graph, new CompileOptions(), "TrainingData", [Data()], null);
        Tensor[] inputs = set.Batch([3, 1], null).Inputs;
        CollectionAssert.AreEqual(new float[] { 6, 1 }, inputs[0].Span<float>().ToArray());
        CollectionAssert.AreEqual(new float[] { 4, 2 }, inputs[1].Span<float>().ToArray());
    }

    private string Data() =>
        _folder.Write("x.npy", DataTesting.Npy("<f4", "4, 1", MemoryMarshal.AsBytes<float>([1, 2, 3, 4])));

    /// <summary>The state stands before what is fed.</summary>
    private static Graph Sum()
    {
        var g = new TestGraph();
        Value h = g.Input("h", -1, 1), x = g.Input("x", -1, 1);
        Value sum = g.Output(g.Add("Add", h, x));
        g.Graph.States.Add(new("h", sum.Name));
        return g.Build();
    }
}
