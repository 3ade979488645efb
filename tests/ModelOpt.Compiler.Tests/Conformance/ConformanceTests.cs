using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Tests.Conformance;

/// <summary>ONNX's conformance cases of every supported operator, in the interpreter and, lowered to TFLite, in the runtime.</summary>
[TestClass]
public sealed class ConformanceTests
{
    private const string Absent = "libonnx-testdata is not installed";

    /// <summary>What no part of the compiler takes, by a pattern of the case's name, and why.</summary>
    private static readonly (string Prefix, string Reason)[] s_excluded =
    [
        ("averagepool_3d", "only 1-D and 2-D windows are in scope"),
        ("maxpool_3d", "only 1-D and 2-D windows are in scope"),
        ("maxpool_with_argmax", "the Indices output is refused"),
        ("batchnorm_epsilon_training_mode", "training"),
        ("batchnorm_example_training_mode", "training"),
        ("training_dropout", "training"),
        ("cast_FLOAT_to_STRING", "text"),
        ("cast_STRING_to_FLOAT", "text"),
        ("castlike_FLOAT_to_STRING", "text"),
        ("castlike_STRING_to_FLOAT", "text"),
        ("identity_opt", "not a tensor"),
        ("identity_sequence", "not a tensor"),
    ];

    public static IEnumerable<object?[]> Cases =>
        !ConformanceCase.Installed ? [[Absent]]
        : ConformanceCase.All().Where(c => !IsExcluded(c.Name)).Select(c => new object?[] { c.Name });

    public static IEnumerable<object?[]> ExcludedCases =>
        !ConformanceCase.Installed ? [[Absent]]
        : ConformanceCase.All().Where(c => IsExcluded(c.Name)).Select(c => new object?[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Interpreter(string name)
    {
        RequirePackage(name);
        (Graph graph, Tensor[] inputs, Tensor[] expected) = Load(name);
        Tensor[] actual = Interpret(graph, inputs);
        for (int i = 0; i < expected.Length; i++) ConformanceCase.AssertEqual(expected[i], actual[i], $"output {i}");
    }

    [TestMethod]
    [DynamicData(nameof(ExcludedCases))]
    public void Excluded_cases_are_refused(string name)
    {
        RequirePackage(name);
        try
        {
            (Graph graph, Tensor[] inputs, _) = Load(name);
            Interpret(graph, inputs);
        }
        catch (Exception e) when (e is CompilationException or NotSupportedException)
        {
            return;
        }

        Assert.Fail("The case is excluded, yet it runs: take it off the list.");
    }

    [TestMethod]
    public void Every_operator_has_a_case()
    {
        RequirePackage(ConformanceCase.Installed ? "" : Absent);
        HashSet<string> covered = [.. ConformanceCase.All().Where(c => !IsExcluded(c.Name))
            .SelectMany(c => c.Model.Graph.Node.Select(n => n.OpType))];
        Assert.AreEqual("", string.Join(", ", Operator.Names.Where(n => !covered.Contains(n))));
    }

    private static bool IsExcluded(string name) =>
        s_excluded.Any(e => name.StartsWith(e.Prefix, StringComparison.Ordinal));

    private static void RequirePackage(string name)
    {
        if (name == Absent) Assert.Inconclusive("Debian's package libonnx-testdata is not installed.");
    }

    private static (Graph Graph, Tensor[] Inputs, Tensor[] Expected) Load(string name)
    {
        (ModelProto model, TensorProto[] inputs, TensorProto[] outputs) = ConformanceCase.Of(name).Load();
        Graph graph = CaseReader.Graph(model);
        int opset = (int)model.OpsetImport.Single(o => o.Domain.Length == 0).Version;
        foreach (Node node in graph.Nodes.ToArray()) Operator.Of(node).Normalize(graph, node, opset);
        return (
            graph,
            Array.ConvertAll(inputs, CaseReader.Tensor),
            Array.ConvertAll(outputs, CaseReader.Tensor));
    }

    private static Tensor[] Interpret(Graph graph, Tensor[] inputs)
    {
        var tensors = new Dictionary<Value, Tensor>();
        foreach ((Value value, Tensor tensor) in graph.Inputs.Zip(inputs)) tensors[value] = tensor;
        foreach (Node node in graph.Nodes)
        {
            Operator.Of(node).InferShapes(node);
            var context = new ForwardContext(
                node, [.. node.Inputs.Select(v => v is null ? null : v.Constant ?? tensors[v])]);
            Operator.Of(node).Forward(context);
            for (int i = 0; i < node.Outputs.Count; i++)
            {
                if (node.Outputs[i] is not { } output) continue;
                tensors[output] = context.Outputs[i]!;
                AssertInferred(output, context.Outputs[i]!);
            }
        }

        return [.. graph.Outputs.Select(v => v.Constant ?? tensors[v])];
    }

    /// <summary>What shape inference said must be true, as far as it said anything.</summary>
    private static void AssertInferred(Value value, Tensor tensor)
    {
        Assert.AreEqual(tensor.Type, value.Type, $"{value.Name}: inferred type");
        if (value.Shape is null) return;
        Assert.AreEqual(tensor.Rank, value.Shape.Rank, $"{value.Name}: inferred rank");
        for (int i = 0; i < tensor.Rank; i++)
            if (value.Shape[i].IsKnown) Assert.AreEqual(tensor.Dims[i], value.Shape[i].Size, $"{value.Name}: inferred size {i}");
    }
}
