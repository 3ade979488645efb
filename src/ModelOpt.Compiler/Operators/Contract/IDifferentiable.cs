namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>An operator with a gradient. Layers before an operator without one are not trained.</summary>
internal interface IDifferentiable
{
    /// <summary>The positions of inputs that are parameters where they are constants: weights, biases, slopes.</summary>
    IReadOnlyList<int> Parameters => [];

    /// <summary>The position of the parameter that adds a number to each channel (axis 1) of the output; -1 if none does.</summary>
    int ChannelShift => -1;

    /// <summary>
    /// Whether the backward pass reads the elements of the node's inputs, apart from constants; they are kept until then.
    /// </summary>
    bool ReadsInputs => true;

    /// <summary>Whether it reads the elements of the node's outputs.</summary>
    bool ReadsOutputs => true;

    /// <summary>
    /// Computes the float32 gradients of the inputs that <see cref="BackwardContext.Wants"/>, from those of the outputs. An input without
    /// a gradient counts as constant.
    /// </summary>
    /// <param name="context">The node's inputs, outputs and output gradients; takes the inputs' gradients.</param>
    void Backward(BackwardContext context);
}
