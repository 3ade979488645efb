namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>An operator that has a gradient. Training stops at one that has none: what lies before it is not trained.</summary>
internal interface IDifferentiable
{
    /// <summary>The positions of inputs that are parameters where they are constants: weights, biases, slopes.</summary>
    IReadOnlyList<int> Parameters => [];

    /// <summary>Whether the way back looks at the elements of what the node read, constants aside: they are kept until then.</summary>
    bool ReadsInputs => true;

    /// <summary>Whether it looks at the elements of what the node computed.</summary>
    bool ReadsOutputs => true;

    /// <summary>
    /// Computes the float32 gradients of the inputs that <see cref="BackwardContext.Wants"/>, from those of the outputs. An input without
    /// a gradient counts as constant.
    /// </summary>
    /// <param name="context">What the node read, what it made of it, and the gradients of that; takes the inputs' gradients.</param>
    void Backward(BackwardContext context);
}
