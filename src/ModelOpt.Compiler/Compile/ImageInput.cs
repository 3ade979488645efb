using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Lets the model take raw image bytes (NHWC) where <see cref="CompileOptions.InputType"/> asks for them:
/// <c>Cast → Sub mean → Div std → Transpose</c> stands before every float input that is no state. It comes last, so that
/// none of these steps is rounded; the runtime makes one table lookup of them. It divides, as calibration does: the product
/// with 1/std differs in the last bit, and with a mean of 127.5 every byte lies half way between two steps of the grid.
/// </summary>
internal sealed class ImageInput : Pass
{
    public override PassPhase Phase => PassPhase.Interface;

    public override PassResult Apply(Graph graph, PassContext context) =>
        PassResult.Of(context.Options.InputType == ElementType.UInt8 ? Prepend(graph, context.Options) : 0);

    /// <summary>Prepends the steps.</summary>
    /// <returns>How many inputs were changed.</returns>
    /// <exception cref="CompilationException">Mean or standard deviation do not fit the channels.</exception>
    public static int Prepend(Graph graph, CompileOptions options)
    {
        int changes = 0;
        for (int i = 0; i < graph.Inputs.Count; i++)
        {
            if (graph.Inputs[i].Type != ElementType.Float32 || graph.IsState(graph.Inputs[i])) continue;
            graph.Inputs[i] = Prepend(graph, graph.Inputs[i], options);
            changes++;
        }

        return changes;
    }

    private static Value Prepend(Graph graph, Value input, CompileOptions options)
    {
        Shape shape = input.Shape!;
        bool isImage = shape.Rank == 4;
        bool isMoved = isImage && !AxisMapping.IsChannelsLast(shape[1].Size, shape[3].Size);
        Shape stored = isMoved ? new Shape(shape[0], shape[2], shape[3], shape[1]) : shape;
        string name = input.Name;
        graph.Declare(name, null);
        input.Name = graph.UniqueName($"{name}_float");
        var bytes = new Value(name, ElementType.UInt8, stored);

        var steps = new List<Node>();
        Value current = bytes;
        Node cast = Step("Cast");
        cast.Attributes["to"] = (long)ElementType.Float32;
        if (options.InputMean.Any(m => m != 0)) Step("Sub", Parameter("mean", options.InputMean));
        if (options.InputStd.Any(s => s != 1)) Step("Div", Parameter("std", options.InputStd));
        if (isMoved) Step("Transpose").Attributes["perm"] = new long[] { 0, 3, 1, 2 };
        // The last step produces the input's own value, so that all who read it stay as they are.
        steps[^1].SetOutput(0, input);
        for (int i = 0; i < steps.Count; i++)
        {
            if (i == 0 && graph.Nodes.Count > 0) graph.InsertBefore(graph.Nodes[0], steps[0]);
            else graph.InsertAfter(steps[i - 1], steps[i]);
        }

        return bytes;

        Node Step(string type, params Value[] constants)
        {
            string label = graph.UniqueName($"{name}_{type.ToLowerInvariant()}");
            Shape result = type == "Transpose" ? shape : stored;
            var node = new Node(type, label, [current, .. constants], [new Value(label, ElementType.Float32, result)]);
            steps.Add(node);
            current = node.Output;
            return node;
        }

        Value Parameter(string what, IReadOnlyList<float> values)
        {
            Dim channels = isMoved ? shape[1] : shape[^1];
            if (values.Count != 1 && (!channels.IsKnown || channels.Size != values.Count))
                throw GraphDiagnostics.ShapeMismatch.Error(name, $"{values.Count} values of {what} do not fit the input {shape}");
            return graph.AddConstant($"{name}_{what}", Tensor.Vector<float>([.. values]));
        }
    }
}
