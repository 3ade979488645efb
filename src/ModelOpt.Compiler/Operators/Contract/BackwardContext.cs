using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// The backward pass of one node: its inputs and outputs, the gradients of its outputs, and room for the gradients of its inputs.
/// </summary>
internal sealed class BackwardContext
{
    private readonly Tensor?[] _inputs;
    private readonly Tensor?[] _outputs;
    private readonly Tensor?[] _outputGradients;
    private readonly bool[] _wanted;

    /// <summary>Creates the context.</summary>
    /// <param name="inputs">Its inputs; null where one is omitted.</param>
    /// <param name="outputGradients">A gradient for each output, null where it does not affect the differentiated values.</param>
    /// <param name="wanted">Whether each input's gradient is asked for.</param>
    public BackwardContext(Node node, Tensor?[] inputs, Tensor?[] outputs, Tensor?[] outputGradients, bool[] wanted)
    {
        (Node, _inputs, _outputs, _outputGradients, _wanted) = (node, inputs, outputs, outputGradients, wanted);
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
    public int InputCount => _inputs.Length;

    /// <summary>The first output.</summary>
    public Tensor Output => _outputs[0]!;

    /// <summary>The gradient of the first output, which an operator with one output always has.</summary>
    public Tensor OutputGradient => _outputGradients[0]!;

    /// <summary>The input at <paramref name="index"/>, or null where it is omitted or beyond the end.</summary>
    public Tensor? InputOrNull(int index) => index < _inputs.Length ? _inputs[index] : null;

    /// <summary>The input at <paramref name="index"/>.</summary>
    /// <exception cref="CompilationException">It is absent.</exception>
    public Tensor Input(int index) =>
        InputOrNull(index) ?? throw GraphDiagnostics.MissingInput.Error(Node.Label, Node.Type, index);

    /// <summary>The gradient of the output at <paramref name="index"/>; null if it does not affect the differentiated values.</summary>
    public Tensor? OutputGradientOrNull(int index) => _outputGradients[index];

    /// <summary>Whether the gradient of the input at <paramref name="index"/> is asked for.</summary>
    public bool Wants(int index) => index < _wanted.Length && _wanted[index];

    /// <summary>A float32 tensor to be written wholly, whose elements are whatever was there.</summary>
    /// <exception cref="CompilationException">It would exceed the largest array.</exception>
    public Tensor Allocate(ReadOnlySpan<int> dims) =>
        Arena?.Rent(Node, ElementType.Float32, dims) ?? Node.Allocate(ElementType.Float32, dims);

    /// <summary>A float32 tensor of zeros.</summary>
    /// <exception cref="CompilationException">It would exceed the largest array.</exception>
    public Tensor Zeros(ReadOnlySpan<int> dims)
    {
        Tensor tensor = Allocate(dims);
        tensor.Bytes.Span.Clear();
        return tensor;
    }
}
