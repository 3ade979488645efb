using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Control;

/// <summary>One of two graphs, by a condition. Only the one taken is run.</summary>
internal sealed class If : BodyOperator
{
    private const string Then = "then_branch";
    private const string Else = "else_branch";

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 13, 16, 19, 21, 23, 24, 25];

    public override Arity Arity => new(1, Arity.Any, Arity.Any);

    public override IReadOnlyList<string> Bodies => [Else, Then];

    /// <summary>The graph that a condition takes.</summary>
    public static Graph Branch(Node node, bool condition) => node.Body(condition ? Then : Else);

    /// <summary>The condition, where it is known whatever the caller feeds.</summary>
    /// <param name="node">The node, with the shapes of its inputs.</param>
    public static bool? Known(Node node) => KnownValue.Of(node.Input(0)) is { } condition ? IsTrue(node, condition) : null;

    public override IEnumerable<Graph> LiveBodies(Node node) => Known(node) is { } known ? [Branch(node, known)] : node.Bodies;

    public override void InferShapes(Node node)
    {
        CheckCondition(node, node.Input(0));
        // A branch that is never taken need not fit: exporters write one for each rank that a value could have.
        bool? known = Known(node);
        (Graph then, Graph other) = (Branch(node, known ?? true), Branch(node, known ?? false));
        foreach (string name in Bodies.Where(n => node.Body(n) == then || node.Body(n) == other))
        {
            Graph body = node.Body(name);
            if (body.Inputs.Count != body.Captures || node.Inputs.Count != 1 + body.Captures)
                throw WrongBody(node, name, "has inputs");
            if (body.Outputs.Count < node.Outputs.Count)
                throw WrongBody(node, name, $"has {body.Outputs.Count} outputs, and the node {node.Outputs.Count}");
            DefineCaptures(node, body);
            ShapeInference.Run(body);
        }

        for (int i = 0; i < node.Outputs.Count; i++)
        {
            Value a = then.Outputs[i], b = other.Outputs[i];
            if (a.Type != b.Type)
                throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"output {i} is {a.Type} in one branch and {b.Type} in the other");
            bool isSame = a.ShapeContent is { } x && b.ShapeContent is { } y && x.SequenceEqual(y) && !x.Contains(Dim.Unknown);
            if (node.Outputs[i] is { } output)
                node.Define(i, a.Type, Merge(node, output.Name, a.Shape!, b.Shape!), isSame ? a.ShapeContent : null);
        }
    }

    public override void Forward(ForwardContext context)
    {
        Graph body = Branch(context.Node, IsTrue(context.Node, context.Input(0)));
        Tensor[] results = new BodyRun(body, context).Run([.. Captured(context)]);
        Array.Copy(results, context.Outputs, context.Outputs.Length);
    }

    public override void Lower(Lowering context, Node node)
    {
        (Graph then, Graph other) = (Branch(node, Known(node) ?? true), Branch(node, Known(node) ?? false));
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            // Open sizes that are said in two ways are compared when a call gives them.
            if (then.Outputs[i].Shape!.Zip(other.Outputs[i].Shape!).Any(p => p.First != p.Second && (p.First.IsKnown || p.Second.IsKnown)))
                throw EmitDiagnostics.UnsupportedForm.Error(node.Label, Type,
                    $"output {i} is {then.Outputs[i].Shape} in one branch and {other.Outputs[i].Shape} in the other");
        }

        int outputs = node.Outputs.Count;
        SubgraphOptions options = new(BuiltinOptionsType.If, context.Subgraph(then, outputs), context.Subgraph(other, outputs));
        TfliteTensor?[] inputs = [.. node.Inputs.Select((_, i) => context.Input(node, i))];
        context.Emit(BuiltinOperator.If, inputs, [.. Outputs(context, node, then.Outputs.Take(outputs))], options);
    }
}
