using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>A <see cref="MapOperator"/> whose function has a slope.</summary>
internal abstract class UnaryOperator : MapOperator, IDifferentiable
{
    public virtual bool ReadsInputs => true;

    public void Backward(BackwardContext context)
    {
        Tensor? x = ReadsInputs ? context.Input(0) : null;
        Tensor y = context.Output, dy = context.OutputGradient, dx = context.Allocate(dy.Dims);
        ElementRanges.Run(dx.Count, context.Pool, (start, length) => Gradient(
            context.Node, x is null ? default : x.As<float>().Slice(start, length), y.As<float>().Slice(start, length),
            dy.As<float>().Slice(start, length), dx.As<float>().Slice(start, length)));
        context.Gradients[0] = dx;
    }

    /// <summary>The gradient of float32 elements: dx = dy · f′(x).</summary>
    /// <param name="x">The elements, where it <see cref="ReadsInputs"/>.</param>
    protected abstract void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx);
}
