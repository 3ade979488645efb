using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Control;

/// <summary>An operator that runs graphs inside its node. These compute in float.</summary>
internal abstract class BodyOperator : Operator
{
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => int.MaxValue;

    // Outputs belong to those of the bodies by position.
    public override bool CountsOutputs => true;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override bool TakesComputedSizes(Node node) => !node.Inputs.Concat(node.Outputs).Any(Lowering.IsComputed);

    /// <summary>Gives what stands for captured values their types and shapes.</summary>
    protected static void DefineCaptures(Node node, Graph body)
    {
        for (int i = 1; i <= body.Captures; i++) Define(body.Inputs[^i], node.Inputs[^i]!, ShapeContents.Of(node.Inputs[^i]));
    }

    /// <summary>Gives an input of a body the type and shape of what it is fed.</summary>
    protected static void Define(Value input, Value fed, IReadOnlyList<Dim>? content = null) =>
        (input.Type, input.Shape, input.ShapeContent) = (fed.Type, fed.Shape, content);

    /// <summary>
    /// Infers a body that is run many times with values that it gave the time before. A size that changes between runs becomes an open size
    /// of its own.
    /// </summary>
    /// <param name="inputs">The body's inputs for these values; they have the types and shapes of the first run.</param>
    protected static void Settle(Node node, Graph body, IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs)
    {
        // What runs again would draw the same numbers in the interpreter, and where runs are written out.
        if (body.AllNodes.FirstOrDefault(IsRandom) is { } random)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"random numbers ({random.Label}) in its body");
        bool isSettled = false;
        while (!isSettled)
        {
            ShapeInference.Run(body);
            isSettled = true;
            for (int i = 0; i < inputs.Count; i++)
            {
                (Value input, Value output) = (inputs[i], outputs[i]);
                if (input.Type != output.Type)
                    throw GraphDiagnostics.TypeMismatch.Error(
                        node.Label, $"the body takes '{input.Name}' as {input.Type} and gives it as {output.Type}");
                Shape merged = Merge(node, input.Name, input.Shape!, output.Shape!);
                isSettled &= merged.Equals(input.Shape);
                input.Shape = merged;
            }
        }
    }

    /// <summary>The shape of a value that has one of two shapes: where they differ, a size is open and has a name of its own.</summary>
    protected static Shape Merge(Node node, string name, Shape a, Shape b) => a.Rank != b.Rank
        ? throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"'{name}' is {a} at one time and {b} at another: its rank changes")
        : new Shape(a.Zip(b).Select((p, axis) => p.First == p.Second ? p.First : Own(name, axis)));

    /// <summary>An open size of a value that no other has.</summary>
    protected static Dim Own(string name, int axis) => Dim.Named($"{name}_{axis}");

    /// <summary>The shape of a value outside that of the body's value, sizes of the body's own renamed.</summary>
    protected static Shape Outside(Value inner, string name) =>
        new(inner.Shape!.Select((d, axis) => d == Own(inner.Name, axis) ? Own(name, axis) : d));

    /// <summary>The tensors of a node's outputs; of one that is left out, a tensor that nobody reads.</summary>
    protected static IEnumerable<TfliteTensor> Outputs(Lowering context, Node node, IEnumerable<Value> inner) => inner.Select((v, i) =>
        node.HasOutput(i) ? context.Output(node, i) : context.Unread(node, v));

    /// <summary>Tensors of all runs, one after the other along a new axis.</summary>
    /// <param name="output">The body's output, for the sizes if there was no run.</param>
    protected static Tensor Stack(Node node, List<Tensor> parts, int axis, Value output)
    {
        if (parts.Count == 0)
        {
            List<int> none = [.. output.Shape!.Select(d => d.IsKnown ? (int)d.Size : 0)];
            none.Insert(axis, 0);
            return node.Allocate(output.Type, [.. none]);
        }

        return DataMovement.Concat(node, [.. parts.Select(p => p.Reshape([.. p.Dims[..axis], 1, .. p.Dims[axis..]]))], axis);
    }

    /// <summary>The tensors of the values that bodies capture.</summary>
    protected static IEnumerable<Tensor> Captured(ForwardContext context) =>
        Enumerable.Range(context.InputCount - context.Node.Captures, context.Node.Captures).Select(i => context.Input(i));

    /// <summary>The truth of a tensor of one element.</summary>
    protected static bool IsTrue(Node node, Tensor tensor) => tensor is { Type: ElementType.Bool, Count: 1 } ? tensor.Bytes.Span[0] != 0
        : throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the condition is {tensor}, not one bool");

    /// <summary>Checks that a value is a condition.</summary>
    protected static void CheckCondition(Node node, Value value)
    {
        if (value.Type != ElementType.Bool || value.Shape!.Any(d => d.IsKnown && d.Size != 1))
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the condition '{value.Name}' is {value.Type}{value.Shape}, not one "
                + "bool");
    }

    /// <summary>The error of a body that does not have the inputs or outputs that the operator asks for.</summary>
    protected static CompilationException WrongBody(Node node, string body, string what) =>
        GraphDiagnostics.InvalidAttribute.Error(node.Label, body, what);
}
