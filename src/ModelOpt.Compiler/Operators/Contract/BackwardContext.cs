using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// The backward pass of one node: its inputs and outputs, the gradients of its outputs, and room for the gradients of its inputs.
/// </summary>
internal sealed class BackwardContext
{
    private readonly Tensor?[] inputs;
    private readonly Tensor?[] outputs;
    private readonly Tensor?[] outputGradients;
    private readonly bool[] wanted;

    /// <summary>Creates the context.</summary>
    /// <param name="node">The node.</param>
    /// <param name="inputs">Its inputs; null where one is omitted.</param>
    /// <param name="outputs">Its outputs.</param>
    /// <param name="outputGradients">A gradient for each output, null where it does not affect the differentiated values.</param>
    /// <param name="wanted">Whether each input's gradient is asked for.</param>
    public BackwardContext(Node node, Tensor?[] inputs, Tensor?[] outputs, Tensor?[] outputGradients, bool[] wanted)
    {
        (Node, this.inputs, this.outputs, this.outputGradients, this.wanted) = (node, inputs, outputs, outputGradients, wanted);
        Gradients = new Tensor?[inputs.Length];
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>Threads to work on, or null; results do not depend on them.</summary>
    public WorkerPool? Pool { get; init; }

    /// <summary>Where memory comes from; null for new memory.</summary>
    public TensorArena? Arena { get; init; }

    /// <summary>
    /// The gradients of the inputs, by position. Who has set one does not write to it any more; outputs' may be passed on.
    /// </summary>
    public Tensor?[] Gradients { get; }

    /// <summary>The number of inputs, omitted ones in between included.</summary>
    public int InputCount => inputs.Length;

    /// <summary>The first output.</summary>
    public Tensor Output => outputs[0]!;

    /// <summary>The gradient of the first output, which an operator with one output always has.</summary>
    public Tensor OutputGradient => outputGradients[0]!;

    /// <summary>The input at <paramref name="index"/>, or null where it is omitted or beyond the end.</summary>
    /// <param name="index">The position.</param>
    public Tensor? InputOrNull(int index) => index < inputs.Length ? inputs[index] : null;

    /// <summary>The input at <paramref name="index"/>.</summary>
    /// <param name="index">The position.</param>
    /// <exception cref="CompilationException">It is absent.</exception>
    public Tensor Input(int index) =>
        InputOrNull(index) ?? throw GraphDiagnostics.MissingInput.Error(Node.Label, Node.Type, index);

    /// <summary>The gradient of the output at <paramref name="index"/>; null if it does not affect the differentiated values.</summary>
    /// <param name="index">The position.</param>
    public Tensor? OutputGradientOrNull(int index) => outputGradients[index];

    /// <summary>Whether the gradient of the input at <paramref name="index"/> is asked for.</summary>
    /// <param name="index">The position.</param>
    public bool Wants(int index) => index < wanted.Length && wanted[index];

    /// <summary>A float32 tensor to be written wholly, whose elements are whatever was there.</summary>
    /// <param name="dims">The sizes.</param>
    /// <exception cref="CompilationException">It would exceed the largest array.</exception>
    public Tensor Allocate(ReadOnlySpan<int> dims) =>
        Arena?.Rent(Node, ElementType.Float32, dims) ?? Node.Allocate(ElementType.Float32, dims);

    /// <summary>A float32 tensor of zeros.</summary>
    /// <param name="dims">The sizes.</param>
    /// <exception cref="CompilationException">It would exceed the largest array.</exception>
    public Tensor Zeros(ReadOnlySpan<int> dims)
    {
        Tensor tensor = Allocate(dims);
        tensor.Bytes.Span.Clear();
        return tensor;
    }
}
