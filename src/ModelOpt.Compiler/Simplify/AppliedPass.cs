namespace ModelOpt.Compiler.Simplify;

/// <summary>The changes of a pass over all its rounds.</summary>
/// <param name="Notes">What it left unchanged, with the reason.</param>
internal sealed record AppliedPass(string Name, int Changes, IReadOnlyList<PassNote> Notes);
