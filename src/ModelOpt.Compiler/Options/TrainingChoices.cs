namespace ModelOpt.Compiler.Options;

/// <summary>The targets that the compressed model is trained towards.</summary>
internal enum FineTuneMode
{
    /// <summary>It is not trained.</summary>
    None,

    /// <summary>The float model; needs no labels.</summary>
    Distill,

    /// <summary>The labels and the float model.</summary>
    Labels,
}

/// <summary>Which of the things that the float model computes the compressed one is trained towards.</summary>
internal enum Distillation
{
    /// <summary>Its outputs and the outputs of its layers.</summary>
    Blocks,

    /// <summary>Its outputs.</summary>
    Outputs,
}

/// <summary>How weights become zero while the model is trained.</summary>
internal enum PruningSchedule
{
    /// <summary>They do not: they become zero at once, before training.</summary>
    None,

    /// <summary>More and more, fast at first: along a polynomial of degree 3 (Zhu and Gupta, 2017).</summary>
    Polynomial,

    /// <summary>All zeros from the first step on; which ones may change.</summary>
    Constant,
}

/// <summary>How weights follow their gradients.</summary>
internal enum OptimizerKind
{
    /// <summary>Adam (Kingma and Ba, 2015).</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2019).</summary>
    AdamW,

    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,
}

/// <summary>How the learning rate changes.</summary>
internal enum LearningRateSchedule
{
    /// <summary>From the largest to zero along half a cosine.</summary>
    Cosine,

    /// <summary>It does not.</summary>
    Constant,

    /// <summary>Up in the first third, then down to zero (Smith and Topin, 2017).</summary>
    OneCycle,
}

/// <summary>How training images are varied.</summary>
internal enum Augmentation
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>Mirrored left to right at random.</summary>
    Flip,

    /// <summary>Random moves; missing pixels are zero.</summary>
    Crop,

    /// <summary>Mirrored and moved.</summary>
    FlipCrop,
}
