using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Control;

/// <summary>
/// A graph that is run up to a number of times while a condition holds. It takes the number of the run, the condition and values that the
/// run before gave; what else it gives is stacked over the runs.
/// </summary>
internal sealed class Loop : BodyOperator
{
    private const string Body = "body";

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 13, 16, 19, 21, 23, 24, 25];

    public override Arity Arity => new(0, Arity.Any, Arity.Any);

    public override IReadOnlyList<string> Bodies => [Body];

    /// <summary>The number of values that a run takes from the run before.</summary>
    public static int Carried(Graph body) => body.Inputs.Count - body.Captures - 2;

    /// <summary>How often the body runs, as far as that does not depend on what it computes; unknown where it does.</summary>
    public static Dim Trips(Node node)
    {
        Graph body = node.Body(Body);
        if (node.InputOrNull(1) is { } condition && !IsConstantTrue(condition)) return Dim.Unknown;
        Value next = body.Outputs[0];
        while (next.Producer is { Type: "Identity", Domain: "" } copy) next = copy.Input(0);
        if (next != body.Inputs[1] && !IsConstantTrue(next)) return Dim.Unknown;
        return ShapeContents.Of(node.InputOrNull(0)) is [var trips] ? Dim.Max(trips, 0) : Dim.Unknown;
    }

    private static bool IsConstantTrue(Value value) => value.Constant is { Type: ElementType.Bool, Count: 1 } c && c.Bytes.Span[0] != 0;

    public override void InferShapes(Node node)
    {
        Graph body = node.Body(Body);
        int carried = CheckBody(node, body);
        DefineCaptures(node, body);
        // The file says whether the body takes them as scalars or as vectors of one.
        Shape one = new(Enumerable.Repeat((Dim)1, body.Inputs[0].Shape?.Rank == 1 ? 1 : 0));
        Define(body.Inputs[0], new Value("", ElementType.Int64, one));
        one = new(Enumerable.Repeat((Dim)1, body.Inputs[1].Shape?.Rank == 1 ? 1 : 0));
        Define(body.Inputs[1], new Value("", ElementType.Bool, one));
        for (int i = 0; i < carried; i++) Define(body.Inputs[2 + i], node.Input(2 + i));
        Settle(node, body, [.. body.Inputs.Skip(2).Take(carried)], [.. body.Outputs.Skip(1).Take(carried)]);
        CheckCondition(node, body.Outputs[0]);
        Dim trips = Trips(node);
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is not { } output) continue;
            Value inner = i < carried ? body.Inputs[2 + i] : body.Outputs[1 + i];
            Shape shape = Outside(inner, output.Name);
            node.Define(i, inner.Type, i < carried ? shape : new Shape(shape.Prepend(trips == Dim.Unknown ? Own(output.Name, 0) : trips)));
        }
    }

    private static int CheckBody(Node node, Graph body)
    {
        int carried = Carried(body);
        if (carried < 0 || node.Inputs.Count - body.Captures > carried + 2)
            throw WrongBody(node, Body, $"has {carried + 2} inputs, and the node {node.Inputs.Count - body.Captures}");
        if (body.Outputs.Count < 1 + carried || node.Outputs.Count > body.Outputs.Count - 1)
            throw WrongBody(node, Body, $"has {body.Outputs.Count} outputs, and the node {node.Outputs.Count}");
        if (node.InputOrNull(1) is { } condition) CheckCondition(node, condition);
        if (node.InputOrNull(0) is { } trips && (trips.Type != ElementType.Int64 || trips.Shape!.Any(d => d.IsKnown && d.Size != 1)))
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the trip count is {trips.Type}{trips.Shape}, not one int64");
        return carried;
    }

    public override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        Graph body = node.Body(Body);
        int carried = Carried(body);
        long limit = context.InputOrNull(0) is { } trips ? node.Ints(trips, "M")[0] : long.MaxValue;
        Tensor condition = (context.InputOrNull(1) ?? new Tensor(ElementType.Bool, [], new byte[] { 1 }))
            .Reshape(node.Sizes(body.Inputs[1].Shape!));
        int[] one = node.Sizes(body.Inputs[0].Shape!);
        Tensor[] values = [.. Enumerable.Range(2, carried).Select(i => context.Input(i))];
        Tensor[] captured = [.. Captured(context)];
        List<Tensor>[] stacked = [.. body.Outputs.Skip(1 + carried).Select(_ => new List<Tensor>())];
        BodyRun run = new(body, context);
        long bytes = 0;
        for (long i = 0; i < limit && IsTrue(node, condition); i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Tensor[] results = run.Run([Tensor.Of<long>(one, [i]), condition, .. values, .. captured]);
            condition = results[0].Reshape(condition.Dims);
            values = results[1..(1 + carried)];
            for (int s = 0; s < stacked.Length; s++)
            {
                Tensor part = results[1 + carried + s];
                stacked[s].Add(part);
                bytes += part.Bytes.Length;
                if (bytes > Array.MaxLength) throw GraphDiagnostics.TooLarge.Error(node.Label, $"{part.Type} of more than {i} runs");
            }
        }

        for (int i = 0; i < context.Outputs.Length; i++)
            context.Outputs[i] = i < carried ? values[i] : Stack(node, stacked[i - carried], 0, body.Outputs[1 + i]);
    }

    public override void Lower(Lowering context, Node node)
    {
        Graph body = node.Body(Body);
        int carried = Carried(body);
        CheckLowered(context, node, body, carried);
        // Trips as a constant are one of the condition's; others are carried along for it.
        Value? trips = node.InputOrNull(0);
        long? limit = trips is null ? null : ShapeContents.Of(trips) is [var known] ? known.Number() : null;
        TfliteTensor[] more = trips is not null && limit is null ? [context.Input(node, 0)] : [];
        TfliteTensor[] inputs =
        [
            context.Constant("number", Tensor.Of<long>(node.Sizes(body.Inputs[0].Shape!), [0])),
            Condition(context, node, node.Sizes(body.Inputs[1].Shape!)),
            .. Enumerable.Range(2, node.Inputs.Count - 2).Select(i => context.Input(node, i)), .. more,
        ];
        TfliteTensor[] outputs =
        [
            Like(node, inputs[0]), Like(node, inputs[1]),
            .. Outputs(context, node, body.Outputs.Skip(1).Take(carried)),
            .. inputs.Skip(2 + carried).Select(t => Like(node, t)),
        ];
        int condition = context.LoopCondition(node, inputs, limit, more.Length == 0 ? -1 : inputs.Length - 1);
        context.Emit(BuiltinOperator.While, inputs, outputs,
            new SubgraphOptions(BuiltinOptionsType.While, condition, context.LoopBody(node, body, 1 + carried, more)));
    }

    private static TfliteTensor Like(Node node, TfliteTensor tensor) => Lowering.Temporary(node, tensor, tensor.Dims);

    private static TfliteTensor Condition(Lowering context, Node node, int[] dims)
    {
        if (node.InputOrNull(1) is null) return context.Constant("condition", new Tensor(ElementType.Bool, dims, new byte[] { 1 }));
        TfliteTensor given = context.Input(node, 1);
        if (given.Dims.AsSpan().SequenceEqual(dims)) return given;
        TfliteTensor condition = Lowering.Temporary(node, given, dims);
        context.EmitReshape(given, condition);
        return condition;
    }

    private static void CheckLowered(Lowering context, Node node, Graph body, int carried)
    {
        for (int i = 0; i < carried; i++)
        {
            if (!body.Inputs[2 + i].Shape!.Equals(node.Input(2 + i).Shape))
                throw EmitDiagnostics.UnsupportedForm.Error(node.Label, node.Type,
                    $"the size of '{body.Inputs[2 + i].Name}' changes from run to run");
        }

        if (node.Outputs.Skip(carried).Any(o => o is not null && context.IsRead(o)))
            throw EmitDiagnostics.UnsupportedForm.Error(node.Label, node.Type,
                "it stacks what each run gives, and not as often as is known when the model is compiled, or too often to write each run");
    }
}
