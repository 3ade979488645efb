namespace ModelOpt.Compiler.Operators.Description;

/// <summary>Kinds of element types.</summary>
[Flags]
internal enum ElementKinds
{
    /// <summary>true and false.</summary>
    Bools = 1,

    /// <summary>Signed and unsigned integers.</summary>
    Integers = 2,

    /// <summary>Types that have a fraction.</summary>
    Floats = 4,

    /// <summary>What can be added.</summary>
    Numbers = Integers | Floats,

    /// <summary>All.</summary>
    Any = Bools | Numbers,
}
