using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Cli.Models;

/// <summary>Looks at a model as a build does: simplified, and with each layer's form decided.</summary>
internal static class BuildInspector
{
    /// <summary>Inspects a model.</summary>
    /// <exception cref="CompilationException">It cannot be read, or the options cannot be followed.</exception>
    public static Inspection Inspect(string model, CompileOptions options, IDiagnosticSink diagnostics, CancellationToken cancellation)
    {
        Recipe recipe = options.Recipe is null ? new Recipe() : Recipe.Read(options.Recipe);
        var context = new PassContext(options, recipe, diagnostics, null, cancellation);
        OptionChecks.CheckModel(context);
        options = States.In(options, recipe);
        byte[] file = ModelFile.Read(model);
        Graph graph = ModelReader.Read(file, model);
        foreach (Diagnostic remark in graph.Remarks) diagnostics.Report(remark);
        InputShapes.Fix(graph, options);
        InputValues.Fix(graph, options);
        States.Find(graph, options);
        FittingBranches.Choose(graph, diagnostics);
        OpenSizes.Find(graph, options);
        OpenBatch.Close(graph, diagnostics);
        OpenSizes.Infer(graph);
        States.Check(graph);
        int nodes = graph.AllNodes.Count();
        PassPipeline.Simplify(graph, context);
        IReadOnlyList<Diagnostic> refusals = OpenBatch.Refusals(graph, context);
        IReadOnlyList<Node> sized = graph.AtExample().Nodes;
        recipe.CheckMatches(options.Recipe, [.. graph.Nodes.Select(n => n.Label)]);
        OptionChecks.CheckLayers(graph, context);
        QuantizationScheme scheme = QuantizationScheme.Of(
            graph, n => context.QuantizationOf(n) == QuantizationMode.Int8 ? null : "the options say so");

        var fused = new Dictionary<Node, Node>();
        foreach (Node node in graph.Nodes)
        {
            if (FusedActivation.Of(graph, node) is { } activation) fused[activation] = node;
        }

        var seen = new HashSet<Value>();
        var layers = graph.Nodes.SelectMany((node, i) => Inside(node, seen).Prepend(
                Layer(node, seen, Form(node, context, scheme, fused)) with { Macs = Operator.Of(node).Macs(sized[i]) }))
            .ToList();
        return new Inspection(
            ModelFile.FormatOf(model) == ModelFormat.Onnx ? "ONNX" : "TFLite",
            file.Length,
            [.. graph.Inputs.Select(Describe)],
            [.. graph.Outputs.Select(Describe)],
            layers,
            [
                .. graph.States.Select(s => $"State: '{s.Output}' is the next '{s.Input}'."),
                $"The file has {nodes} nodes; {graph.AllNodes.Count()} are left after simplification.",
                .. graph.Examples is [var example, ..] ? [Open(graph, example)] : Array.Empty<string>(),
                .. PassPipeline.IsQuantized(graph)
                ? ["The file is quantized already: a build leaves it as it is."]
                : Plan(graph, context, scheme),
            ],
            refusals.Count > 0 ? Lowering.Refused(refusals) : null);

        string Describe(Value value) => $"{value.Name}: {graph.DeclaredType(value) ?? value.Type}{value.Shape}";
    }

    private static string Open(Graph graph, IReadOnlyDictionary<string, long> example) =>
        $"Sizes besides the batch are open ({string.Join(", ", example.Keys)}): each call says them, unless InputShape fixes "
        + $"them. Multiply-accumulates are those of {string.Join(", ", graph.Inputs.Select(i => $"{i.Name} {i.Shape!.At(example)}"))}.";

    private static IEnumerable<string> Plan(Graph graph, PassContext context, QuantizationScheme scheme) =>
    [
        .. graph.Nodes.Any(n => context.QuantizationOf(n) == QuantizationMode.Int8)
            ? ["int8 needs calibration data; without it, weights are stored as int8 and computation is in float32.", .. Reasons(scheme)]
            : Array.Empty<string>(),
        "The recipe of a build:",
        .. RecipeOf(graph, context).ToJson().ReplaceLineEndings("\n").Split('\n'),
    ];

    private static InspectedLayer Layer(Node node, HashSet<Value> seen, string form)
    {
        List<Value> constants = [.. node.Inputs.OfType<Value>().Where(v => v.IsConstant && seen.Add(v))];
        return new InspectedLayer(
            node.Label,
            node.Type,
            node.Output.Shape?.ToString() ?? "?",
            constants.Sum(v => (long)v.Constant!.Count),
            Operator.Of(node).Macs(node),
            constants.Sum(v => (long)v.Constant!.Count * (v.Quantization?.Type ?? v.Type).Size()),
            form,
            WeightStatistics.Of(node));
    }

    /// <summary>The layers of a node's bodies, which stay as they are.</summary>
    private static IEnumerable<InspectedLayer> Inside(Node node, HashSet<Value> seen) => node.Attributes.SelectMany(body =>
        (body.Value as Graph)?.Nodes.SelectMany(n => Inside(n, seen).Prepend(Layer(n, seen, Name(n.Output.Type)))) is { } layers
            ? layers.Select(l => l with { Name = $"{node.Label}/{body.Key}/{l.Name}" }) : []);

    private static string Form(Node node, PassContext context, QuantizationScheme scheme, Dictionary<Node, Node> fused)
    {
        if (node.Output.Quantization is { } quantization) return $"{Name(quantization.Type)} in the file";
        return fused.TryGetValue(node, out Node? into) ? $"fused into {into.Label}"
            : scheme.Nodes.Contains(node) ? "int8"
            : !Operator.Of(node).Weights(node).Any(w => node.InputOrNull(w.Input) is { IsConstant: true }) ? Name(node.Output.Type)
            : context.QuantizationOf(node) switch
            {
                QuantizationMode.Float16 => "float16 weights",
                QuantizationMode.WeightOnlyInt8 => "int8 weights",
                QuantizationMode.Int8 when Operator.Of(node).Quantization == QuantizationRule.Float => "int8 weights",
                _ => Name(node.Output.Type),
            };
    }

    private static IEnumerable<string> Reasons(QuantizationScheme scheme) => scheme.Reasons.Count == 0
        ? ["Every layer that computes can be compressed."]
        : ["Not compressed:", .. scheme.Reasons.Select(reason => $"  {reason.Key.Label}: {reason.Value}")];

    /// <summary>A recipe with the effect of the options and their recipe, and the layers without an int8 form.</summary>
    private static Recipe RecipeOf(Graph graph, PassContext context)
    {
        var recipe = new Recipe { Quantization = QuantizationMode.Int8, CalibrationMethod = CalibrationMethod.MinMax };
        foreach (OptionDescription option in OptionCatalog.OfRecipes)
        {
            if (option.Of(context.Model) is { } value) recipe = option.In(recipe, value);
        }

        return recipe with
        {
            Layers =
            [
                .. QuantizationScheme.Of(graph, _ => null).Reasons.Keys
                    .Where(node => context.QuantizationOf(node) == QuantizationMode.Int8)
                    .Select(node => new LayerRule(node.Label, QuantizationMode.None)),
                .. context.Recipe.Layers,
            ],
        };
    }

    private static string Name(ElementType type) => type.ToString().ToLowerInvariant();
}
