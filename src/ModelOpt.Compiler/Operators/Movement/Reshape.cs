using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>The same elements under the shape of input 1, where 0 keeps a size and −1 takes the rest.</summary>
internal sealed class Reshape : ReshapeOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, OpsetStep.ToInputs(5, ("shape", 1)), 13, 14, 19, 21, 23, 24, 25];

    public override Arity Arity => new(2, 2);

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        if (ShapeContents.Of(node.Input(1)) is { } target)
        {
            node.Define(0, node.Input(0).Type, Resolve(node, shape, target), ShapeContents.Of(node.Input(0)));
            return;
        }

        if (node.Input(1).Type is not (ElementType.Int64 or ElementType.Int32))
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"the shape is {node.Input(1).Type}, not int64");
        node.Define(0, node.Input(0).Type, ShapeContents.Shape(node.Input(1)));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        Dim[] target = ShapeContents.Of(context.Node.Ints(context.Input(1), "shape"));
        context.Output = input.Reshape(context.Node.Sizes(Resolve(context.Node, input.Shape, target)));
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        long[] target = node.Input(1).Constant!.ToInt64s();
        for (int i = 0; i < target.Length; i++)
        {
            // −1 takes the rest, as the batch does; 0 follows the input, which is not always the rest of the output.
            int? kept = cut.Kept(node.Output, i)?.Length;
            bool follows = target[i] == 0 && kept == cut.Kept(node.Input(0), i)?.Length;
            if (target[i] >= 0 && !follows) target[i] = kept ?? node.Output.Shape![i].Size;
        }

        graph.ReplaceConstant(node, 1, Tensor.Vector<long>(target));
    }

    public override void Lower(Lowering context, Node node)
    {
        if (!Lowering.IsComputed(node.Output) || ShapeContents.Tensor(node.Input(1)) is not null)
        {
            base.Lower(context, node);
            return;
        }

        var steps = new LoweringSteps(context, node);
        TfliteTensor target = steps.Bounded(context.Input(node, 1));
        int rank = node.ShapeOf(0).Rank, wanted = node.Output.Shape!.Rank;
        // A 0 keeps the size of the input.
        if (node.Int("allowzero", 0) == 0 && rank > 0)
        {
            TfliteTensor sizes = steps.Sizes(context.Input(node, 0));
            sizes = steps.Gather(sizes, 0, [.. Enumerable.Range(0, wanted).Select(i => Math.Min(i, rank - 1))]);
            target = steps.Add(target, steps.Multiply(steps.IsNumber(target, steps.Ints(0)), sizes));
        }

        bool isSame = node.Output.Quantization == node.Input(0).Quantization && node.Output.Quantization is not null;
        context.ReshapeOpen(node, node.Output, node.Input(0), isSame, target);
    }

    private static Shape Resolve(Node node, Shape shape, IReadOnlyList<Dim> target)
    {
        bool keepsZero = node.Int("allowzero", 0) == 0;
        var dims = new Dim[target.Count];
        // Sizes that stay in place need not be known to find the rest.
        var remaining = shape.ToList();
        var others = new List<Dim>();
        int open = -1;
        for (int i = 0; i < dims.Length; i++)
        {
            long? number = target[i].Number();
            if (number == 0 && keepsZero)
            {
                if (i >= shape.Rank) throw Misfit(node, shape, target);
                dims[i] = shape[i];
                remaining[i] = 1;
            }
            else if (number == -1)
            {
                if (open >= 0) throw Misfit(node, shape, target);
                open = i;
            }
            else
            {
                if (number < 0) throw Misfit(node, shape, target);
                dims[i] = target[i];
                others.Add(target[i]);
            }
        }

        if (open >= 0)
        {
            Dim all = Dim.Product(remaining), rest = Dim.Product(others);
            dims[open] = Dim.Quotient(all, rest);
            if (remaining.All(d => d.IsKnown) && others.All(d => d.IsKnown))
            {
                if (!dims[open].IsKnown) throw Misfit(node, shape, target);
            }
            else if (dims[open] == Dim.Unknown)
            {
                // Where the model runs, it comes out even.
                dims[open] = Dim.FloorDivide(all, rest);
            }
        }
        else if (Dim.Product(shape) is { IsKnown: true } given && Dim.Product(dims) is { IsKnown: true } wanted && given != wanted)
        {
            throw Misfit(node, shape, target);
        }

        return new Shape(dims);
    }

    private static CompilationException Misfit(Node node, Shape shape, IReadOnlyList<Dim> target) =>
        GraphDiagnostics.ShapeMismatch.Error(
            node.Label, $"{shape} does not reshape to [{string.Join(", ", target.Select(d => d.Number()?.ToString(
                System.Globalization.CultureInfo.InvariantCulture) ?? d.ToString()))}]");
}
