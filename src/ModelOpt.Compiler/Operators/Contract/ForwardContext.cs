using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>One node's run in the interpreter: its inputs' tensors, and a place for its outputs.</summary>
internal sealed class ForwardContext
{
    private readonly Tensor?[] _inputs;

    /// <summary>Creates the context.</summary>
    /// <param name="inputs">A tensor for each input, null where it is omitted.</param>
    public ForwardContext(Node node, Tensor?[] inputs, CancellationToken cancellation = default)
    {
        Node = node;
        _inputs = inputs;
        Outputs = new Tensor?[node.Outputs.Count];
        Cancellation = cancellation;
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>Ends the run.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Threads to work on, or null; results do not depend on them.</summary>
    public WorkerPool? Pool { get; init; }

    /// <summary>Whether a training step runs: results may then be rounded otherwise, where that is faster.</summary>
    public bool IsTraining { get; init; }

    /// <summary>Where memory comes from; null for new memory.</summary>
    public TensorArena? Arena { get; init; }

    /// <summary>Where the first output would best be written, if it has this shape; or null.</summary>
    public Tensor? Target { get; set; }

    /// <summary>The node's outputs, by position.</summary>
    public Tensor?[] Outputs { get; }

    /// <summary>The number of inputs, omitted ones in between included.</summary>
    public int InputCount => _inputs.Length;

    /// <summary>The first output.</summary>
    public Tensor Output
    {
        set => Outputs[0] = value;
    }

    /// <summary>The input at <paramref name="index"/>, or null where it is omitted or beyond the end.</summary>
    public Tensor? InputOrNull(int index) => index < _inputs.Length ? _inputs[index] : null;

    /// <summary>The input at <paramref name="index"/>.</summary>
    /// <exception cref="CompilationException">It is absent.</exception>
    public Tensor Input(int index) =>
        InputOrNull(index) ?? throw GraphDiagnostics.MissingInput.Error(Node.Label, Node.Type, index);

    /// <summary>A tensor to be written wholly, whose elements are whatever was there.</summary>
    /// <exception cref="CompilationException">It would exceed the largest array.</exception>
    public Tensor Allocate(ElementType type, ReadOnlySpan<int> dims)
    {
        if (Target is not { } target || target.Type != type || !target.Dims.SequenceEqual(dims))
            return Arena?.Rent(Node, type, dims) ?? Node.Allocate(type, dims);
        Target = null;
        return target;
    }
}
