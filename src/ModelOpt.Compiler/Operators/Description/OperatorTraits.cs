namespace ModelOpt.Compiler.Operators.Description;

/// <summary>Properties of a node's function.</summary>
[Flags]
internal enum OperatorTraits
{
    /// <summary>None of the others.</summary>
    None = 0,

    /// <summary>It only moves elements: each output element is an unchanged input element, or the one number that it fills with.</summary>
    Moves = 1,

    /// <summary>A positive factor of all inputs that are not constant is a factor of the outputs.</summary>
    Homogeneous = 2,

    /// <summary>TFLite's operator takes a Relu or Clip behind it into itself.</summary>
    TakesActivation = 4,

    /// <summary>It is flat for numbers far from the rest, or ignores them: a mask of −10⁹ ends here.</summary>
    HidesFarNumbers = 8,

    /// <summary>It may magnify small differences of its inputs without limit, as a division does.</summary>
    MagnifiesRounding = 16,

    /// <summary>It is a layer: input 1 is its weight, numbers for each output channel, and input 2 its bias.</summary>
    Layer = 32,

    /// <summary>A sum or difference of its inputs: the widest of them sets how wide the result is.</summary>
    Adds = 64,

    /// <summary>Its result is its input itself. One stands where two grids meet, and takes integers from one to the other.</summary>
    Copies = 128,

    /// <summary>It multiplies its input and a state by several weights, step by step.</summary>
    Recurrent = 256,
}
