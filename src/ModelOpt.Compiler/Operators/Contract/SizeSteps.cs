using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Writes sizes that are open as TFLite operators on the sizes of tensors that have them: int32, folded when the model is planned.
/// </summary>
internal readonly struct SizeSteps(Lowering context, Node node)
{
    private LoweringSteps Steps => new(context, node);

    /// <summary>The sizes of a shape, or other expressions, as a vector.</summary>
    /// <param name="takesRest">Whether one that cannot be said is −1, which a RESHAPE takes as the rest.</param>
    /// <exception cref="CompilationException">A size cannot be said.</exception>
    public TfliteTensor Vector(IEnumerable<Dim> sizes, bool takesRest = false)
    {
        TfliteTensor? result = null;
        List<int> numbers = [];
        foreach (Dim size in sizes)
        {
            TfliteTensor? open = null;
            if (size.Number() is { } number) numbers.Add(checked((int)number));
            else if ((open = Scalar(size)) is null)
            {
                if (!takesRest) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, $"[{string.Join(", ", sizes)}]");
                takesRest = false;
                numbers.Add(-1);
            }

            if (open is null) continue;
            if (numbers.Count > 0) result = Join(result, Steps.Ints([.. numbers]));
            numbers.Clear();
            result = Join(result, open);
        }

        return numbers.Count > 0 ? Join(result, Steps.Ints([.. numbers])) : result ?? Steps.Ints();
    }

    /// <summary>0, 1, … as many as a size says, int32.</summary>
    public TfliteTensor Range(Dim size)
    {
        TfliteTensor numbers = Lowering.Temporary(node, TensorType.Int32, [size.Number() is { } number ? checked((int)number) : -1]);
        TfliteTensor limit = Steps.Reshape(Vector([size]), []);
        context.Emit(
            BuiltinOperator.Range, [context.Constant("", Tensor.Scalar(0)), limit, context.Constant("", Tensor.Scalar(1))], [numbers]);
        return numbers;
    }

    /// <summary>The same elements under other sizes.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Reshape(TfliteTensor x, IEnumerable<Dim> sizes, TfliteTensor? to = null)
    {
        Dim[] dims = [.. sizes];
        TfliteTensor result = to ?? Lowering.Temporary(
            node, x.Type, [.. dims.Select(d => d.Number() is { } number ? checked((int)number) : -1)], -1, x.Quantization);
        if (result.Signature.Count(size => size < 0) <= 1) context.EmitReshape(x, result);
        else context.Emit(
            BuiltinOperator.Reshape, [x, Vector(dims, takesRest: true)], [result],
            new VectorOptions(BuiltinOptionsType.Reshape, result.Signature));
        return result;
    }

    /// <summary>An expression as a vector of one number; null where no tensor has a size that it needs.</summary>
    public TfliteTensor? Scalar(Dim size)
    {
        if (size.Number() is { } number) return Steps.Ints(checked((int)number));
        if (context.Holder(node, size) is var (tensor, axis)) return Steps.Gather(Steps.Sizes(tensor), 0, [axis]);
        TfliteTensor? sum = null;
        foreach (DimExpression.Term term in size.Expression!.Terms)
        {
            TfliteTensor? product = term.Factor == 1 && term.Atoms.Length > 0 ? null : Steps.Ints(checked((int)term.Factor));
            foreach (DimExpression.Atom atom in term.Atoms)
            {
                if (Part(atom) is not { } factor) return null;
                product = product is null ? factor : Steps.Multiply(product, factor);
            }

            sum = sum is null ? product! : Steps.Add(sum, product!);
        }

        return sum;
    }

    private TfliteTensor? Part(DimExpression.Atom atom)
    {
        if (atom.Kind == DimExpression.AtomKind.Name)
            return context.Holder(node, Dim.Named(atom.Name)) is var (tensor, axis) ? Steps.Gather(Steps.Sizes(tensor), 0, [axis]) : null;
        TfliteTensor? result = null;
        foreach (DimExpression argument in atom.Arguments)
        {
            if (Scalar(new Dim(-1, argument.Text)) is not { } next) return null;
            result = result is null ? next
                : atom.Kind == DimExpression.AtomKind.Floor ? FloorDivide(result, next)
                : Steps.Binary(
                    atom.Kind == DimExpression.AtomKind.Min ? BuiltinOperator.Minimum : BuiltinOperator.Maximum, result, next);
        }

        return result;
    }

    /// <summary>a / b rounded down; TFLite's DIV rounds integers towards zero.</summary>
    private TfliteTensor FloorDivide(TfliteTensor a, TfliteTensor b)
    {
        TfliteTensor rest = Lowering.Temporary(node, TensorType.Int32, [1]);
        context.Emit(BuiltinOperator.FloorMod, [a, b], [rest]);
        return Steps.Binary(BuiltinOperator.Div, Steps.Subtract(a, rest), b);
    }

    private TfliteTensor Join(TfliteTensor? a, TfliteTensor b) => a is null ? b : Steps.Join(a, b);
}
