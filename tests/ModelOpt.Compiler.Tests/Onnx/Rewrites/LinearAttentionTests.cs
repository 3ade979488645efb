using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class LinearAttentionTests
{
    private const int Steps = 3, Size = 2, Width = 3;

    [TestMethod]
    [DataRow("linear")]
    [DataRow("gated")]
    [DataRow("delta")]
    [DataRow("gated_delta")]
    public void Each_step_changes_the_state_and_reads_it(string rule)
    {
        Tensor q = Numbers(1, 1, Steps, Size), k = Numbers(2, 1, Steps, Size), v = Numbers(3, 1, Steps, Width);
        Tensor? decay = rule.StartsWith("gated", StringComparison.Ordinal) ? Numbers(4, 1, Steps, Size) : null;
        Tensor? rate = rule.EndsWith("delta", StringComparison.Ordinal) ? Numbers(5, 1, Steps, 1) : null;
        foreach (Tensor? past in new[] { null, Numbers(6, 1, 1, Size, Width) })
        {
            (float[] y, float[] state) = Expected(q, k, v, past, decay, rate);
            Node node = Node(
                "LinearAttention", [q, k, v, past, decay, rate], 2, ("update_rule", rule), ("q_num_heads", 1L), ("kv_num_heads", 1L),
                ("scale", 0.5f));
            node.AssertModelGives(27, y);
            Graph graph = OnnxReader.Read(node.Model(27, fed: 1));
            ShapeInference.Run(graph);
            float[] given = new Interpreter(graph).Run(q)[1].Span<float>().ToArray();
            for (int i = 0; i < state.Length; i++) Assert.AreEqual(state[i], given[i], 1e-5f);
        }
    }

    [TestMethod]
    public void Heads_of_queries_share_a_state()
    {
        Tensor q = Numbers(1, 1, 1, 2 * Size), k = Tensor.Of<float>([1, 1, Size], [1, 2]), v = Tensor.Of<float>([1, 1, 1], [3]);
        float[] x = q.Span<float>().ToArray();
        Node("LinearAttention", [q, k, v], 1, ("update_rule", "linear"), ("q_num_heads", 2L), ("kv_num_heads", 1L), ("scale", 1f))
            .AssertModelGives(27, (3 * x[0]) + (6 * x[1]), (3 * x[2]) + (6 * x[3]));
    }

    [TestMethod]
    public void Inputs_that_the_rule_does_not_read_are_refused()
    {
        Tensor q = Numbers(1, 1, 1, Size);
        Node node = Node(
            "LinearAttention", [q, q, q, null, q], 1, ("update_rule", "linear"), ("q_num_heads", 1L), ("kv_num_heads", 1L));
        byte[] model = node.Model(27, fed: 1);
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model)).Diagnostic.Descriptor.Code);
    }

    /// <summary>The recurrence, element by element.</summary>
    private static (float[] Y, float[] State) Expected(Tensor q, Tensor k, Tensor v, Tensor? past, Tensor? decay, Tensor? rate)
    {
        var state = new double[Size, Width];
        for (int i = 0; i < Size; i++)
            for (int j = 0; j < Width; j++) state[i, j] = past?.Span<float>()[(i * Width) + j] ?? 0;
        var y = new List<float>();
        for (int t = 0; t < Steps; t++)
        {
            for (int i = 0; i < Size; i++)
                for (int j = 0; j < Width; j++) state[i, j] *= Math.Exp(decay?.Span<float>()[(t * Size) + i] ?? 0);
            var written = new double[Width];
            for (int j = 0; j < Width; j++)
            {
                written[j] = v.Span<float>()[(t * Width) + j];
                if (rate is null) continue;
                for (int i = 0; i < Size; i++) written[j] -= state[i, j] * k.Span<float>()[(t * Size) + i];
                written[j] *= rate.Span<float>()[t];
            }

            for (int i = 0; i < Size; i++)
                for (int j = 0; j < Width; j++) state[i, j] += k.Span<float>()[(t * Size) + i] * written[j];
            for (int j = 0; j < Width; j++)
            {
                double sum = 0;
                for (int i = 0; i < Size; i++) sum += 0.5 * q.Span<float>()[(t * Size) + i] * state[i, j];
                y.Add((float)sum);
            }
        }

        return ([.. y], [.. state.Cast<double>().Select(s => (float)s)]);
    }

    private static Tensor Numbers(int seed, params int[] dims) => Signed(new Random(seed), dims);
}
