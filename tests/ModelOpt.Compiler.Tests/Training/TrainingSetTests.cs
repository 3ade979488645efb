using System.Runtime.InteropServices;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class TrainingSetTests
{
    [TestMethod]
    public void Batches_hold_the_samples_asked_for_preprocessed_with_their_labels()
    {
        using TempFolder folder = new();
        byte[] images = [.. Enumerable.Range(0, 24).Select(i => (byte)i)];
        string data = folder.Write("x.npy", DataTesting.Npy("|u1", "6, 2, 2", images));
        string labels = folder.Write("y.npy", DataTesting.Npy("<i8", "6,", MemoryMarshal.AsBytes<long>([5, 4, 3, 2, 1, 0])));
        CompileOptions options = new() { InputMean = [1], InputStd = [2] };
        using TrainingSet set = new(Graph(), options, "TrainingData", [data], labels);
        using WorkerPool pool = new(3);
        TrainingBatch batch = set.Batch([4, 0, 4], pool);
        Assert.AreEqual(new Shape(3, 1, 2, 2), batch.Inputs.Single().Shape);
        float[] expected = [.. new[] { 16, 17, 18, 19, 0, 1, 2, 3, 16, 17, 18, 19 }.Select(x => (x - 1) / 2f)];
        CollectionAssert.AreEqual(expected, batch.Inputs[0].Span<float>().ToArray());
        CollectionAssert.AreEqual(new[] { 1, 5, 1 }, batch.Labels);
    }

    [TestMethod]
    public void A_sample_that_cannot_be_read_is_diagnosed_whichever_thread_meets_it()
    {
        using TempFolder folder = new();
        float[] values = [.. Enumerable.Range(0, 80).Select(i => i == 50 ? float.NaN : i)];
        string data = folder.Write("x.npy", DataTesting.Npy("<f4", "20, 1, 2, 2", MemoryMarshal.AsBytes<float>(values)));
        using TrainingSet set = new(Graph(), new CompileOptions(), "TrainingData", [data], null);
        using WorkerPool pool = new(3);
        foreach (WorkerPool? threads in new[] { null, pool })
        {
            CompilationException e = Assert.ThrowsExactly<CompilationException>(
                () => set.Batch([.. Enumerable.Range(0, 20)], threads));
            StringAssert.Contains(e.Diagnostic.Message, "12");
        }
    }

    private static Graph Graph()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("x", -1, 1, 2, 2)));
        return g.Build();
    }
}
