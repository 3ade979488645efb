using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

/// <summary>One pass on one graph, with ONNX Runtime as the judge that the function stayed the same.</summary>
internal static class PassTesting
{
    public static PassContext Context { get; } = new(new CompileOptions(), new Recipe(), new DiagnosticList());

    /// <summary>
    /// Applies a pass. The graph stays consistent and computes the same in ONNX Runtime, before and after, and in the
    /// interpreter; the names and shapes of inputs and outputs stay.
    /// </summary>
    /// <returns>The operators afterwards.</returns>
    public static string Apply(this Pass pass, Graph graph, int? changes = null)
    {
        string signature = Describe(graph);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        // ONNX Runtime's own rewriting is not above doubt: it moves the zeros of a Pad into a MaxPool.
        Tensor[] before = graph.RunPeer(feeds, asWritten: true);
        PassResult result = pass.Apply(graph, Context);
        if (changes is not null) Assert.AreEqual(changes, result.Changes);
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, pass.Name);
        Assert.AreEqual(signature, Describe(graph));
        GraphTesting.AssertClose(before, graph.RunPeer(feeds, asWritten: true));
        GraphTesting.AssertClose(before, graph.Interpret(feeds));
        return graph.Types();
    }

    private static string Describe(Graph graph) =>
        string.Join("; ", graph.Inputs.Concat(graph.Outputs).Select(v => v.ToString()));
}
