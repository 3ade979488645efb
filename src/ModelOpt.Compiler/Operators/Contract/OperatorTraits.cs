namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>What holds for the function of a node.</summary>
[Flags]
internal enum OperatorTraits
{
    /// <summary>Nothing of what follows.</summary>
    None = 0,

    /// <summary>Every element that it writes is one that it reads, unchanged, or the one number that it fills places with.</summary>
    Moves = 1,

    /// <summary>A positive factor of all inputs that are not constant is a factor of the outputs.</summary>
    Homogeneous = 2,

    /// <summary>TFLite's operator takes a Relu or Clip behind it into itself.</summary>
    TakesActivation = 4,

    /// <summary>It is flat, or picks others, where numbers lie far from the rest: a mask of −10⁹ ends here.</summary>
    HidesFarNumbers = 8,

    /// <summary>It may multiply small differences of its inputs without limit, as a division does.</summary>
    MagnifiesRounding = 16,
}
