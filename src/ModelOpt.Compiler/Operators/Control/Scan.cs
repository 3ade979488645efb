using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Control;

/// <summary>
/// A graph that is run over the slices of sequences. It takes states that the run before gave and a slice of each sequence; it gives the
/// states and slices of results.
/// </summary>
internal sealed class Scan : BodyOperator
{
    private const string Body = "body";

    public override IReadOnlyList<OpsetStep> Versions { get; } =
    [
        8, new(9, (_, node) => throw OnnxDiagnostics.UnsupportedFeature.Error(node.Label, "Scans of opset 8, which have a batch, are")),
        11, 16, 19, 21, 23, 24, 25,
    ];

    public override Arity Arity => new(1, Arity.Any, Arity.Any);

    public override IReadOnlyList<string> Bodies => [Body];

    public override void InferShapes(Node node)
    {
        Form form = FormOf(node);
        Graph body = form.Body;
        DefineCaptures(node, body);
        for (int i = 0; i < form.States; i++) Define(body.Inputs[i], node.Input(i));
        Dim length = Dim.Unknown;
        for (int i = 0; i < form.Sequences; i++)
        {
            Value sequence = node.Input(form.States + i), slice = body.Inputs[form.States + i];
            Dim own = sequence.Shape![form.InputAxis(i)];
            if (length.IsKnown && own.IsKnown && own != length)
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"one sequence has {length} slices, and another {own}");
            length = length.IsKnown ? length : own;
            Define(slice, new Value("", sequence.Type, new Shape(sequence.Shape.Where((_, a) => a != form.InputAxis(i)))));
        }

        Settle(node, body, [.. body.Inputs.Take(form.States)], [.. body.Outputs.Take(form.States)]);
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is not { } output) continue;
            Value inner = i < form.States ? body.Inputs[i] : body.Outputs[i];
            List<Dim> shape = [.. Outside(inner, output.Name)];
            if (i >= form.States) shape.Insert(form.OutputAxis(i - form.States), length);
            node.Define(i, inner.Type, new Shape(shape));
        }
    }

    public override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        Form form = FormOf(node);
        Tensor[] states = [.. Enumerable.Range(0, form.States).Select(i => context.Input(i))];
        Tensor[] sequences = [.. Enumerable.Range(form.States, form.Sequences).Select(i => context.Input(i))];
        Tensor[] captured = [.. Captured(context)];
        int length = sequences[0].Dims[form.InputAxis(0)];
        if (sequences.Where((s, i) => s.Dims[form.InputAxis(i)] != length).Any())
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "sequences do not have the same number of slices");
        List<Tensor>[] stacked = [.. form.Body.Outputs.Skip(form.States).Select(_ => new List<Tensor>())];
        BodyRun run = new(form.Body, context);
        for (int t = 0; t < length; t++)
        {
            Tensor[] results = run.Run([.. states, .. sequences.Select((s, i) => Slice(node, s, form.InputAxis(i),
                form.IsReverse("scan_input_directions", i) ? length - 1 - t : t)), .. captured]);
            states = results[..form.States];
            for (int i = 0; i < stacked.Length; i++)
                stacked[i].Insert(form.IsReverse("scan_output_directions", i) ? 0 : t, results[form.States + i]);
        }

        for (int i = 0; i < context.Outputs.Length; i++)
        {
            context.Outputs[i] = i < form.States ? states[i]
                : Stack(node, stacked[i - form.States], form.OutputAxis(i - form.States), form.Body.Outputs[i]);
        }
    }

    private static Tensor Slice(Node node, Tensor sequence, int axis, int at)
    {
        int[] strides = DataMovement.Strides(sequence.Dims);
        return DataMovement.View(node, sequence,
            [.. sequence.Dims[..axis], .. sequence.Dims[(axis + 1)..]], [.. strides[..axis], .. strides[(axis + 1)..]], at * strides[axis]);
    }

    public override void Lower(Lowering context, Node node) =>
        throw EmitDiagnostics.UnsupportedForm.Error(node.Label, Type, "the length of its sequences is not known when the model is "
            + "compiled, or too long to write each run");

    /// <summary>What a node says, checked.</summary>
    public static Form FormOf(Node node)
    {
        Graph body = node.Body(Body);
        int own = body.Inputs.Count - body.Captures;
        long sequences = node.Int("num_scan_inputs", 0);
        if (node.Inputs.Count != body.Inputs.Count || sequences < 1 || sequences > own)
            throw WrongBody(node, Body, $"has {own} inputs, and the node {node.Inputs.Count - body.Captures}, {sequences} of them scanned");
        int states = own - (int)sequences;
        if (body.Outputs.Count < states || node.Outputs.Count > body.Outputs.Count)
            throw WrongBody(node, Body, $"has {body.Outputs.Count} outputs, and the node {node.Outputs.Count}");
        foreach ((string name, int count) in new[]
        {
            ("scan_input_axes", (int)sequences), ("scan_input_directions", (int)sequences),
            ("scan_output_axes", body.Outputs.Count - states), ("scan_output_directions", body.Outputs.Count - states),
        })
        {
            if (node.Ints(name) is { } given && given.Length != count)
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, name, $"has {given.Length} elements, not {count}");
        }

        return new Form(node, body, states, (int)sequences);
    }

    /// <summary>A node's parts.</summary>
    /// <param name="States">How many of the inputs and outputs are states.</param>
    /// <param name="Sequences">How many inputs behind them are sequences.</param>
    internal readonly record struct Form(Node Node, Graph Body, int States, int Sequences)
    {
        /// <summary>The axis along which a sequence is sliced.</summary>
        public int InputAxis(int index) => Node.Axis(
            Node.Ints("scan_input_axes")?[index] ?? 0, Node.ShapeOf(States + index).Rank, "scan_input_axes");

        /// <summary>The axis along which slices of a result are stacked.</summary>
        public int OutputAxis(int index) => Node.Axis(
            Node.Ints("scan_output_axes")?[index] ?? 0, Body.Outputs[States + index].Shape!.Rank + 1, "scan_output_axes");

        /// <summary>Whether a sequence is taken, or a result stacked, from the back.</summary>
        public bool IsReverse(string attribute, int index) => Node.Ints(attribute)?[index] == 1;
    }
}
