namespace ModelOpt.Compiler.Graphs;

/// <summary>An input and the output that is fed to it in the next call: two ends of one state, which begins with zeros.</summary>
/// <param name="Input">The input's name.</param>
/// <param name="Output">The output's name.</param>
internal sealed record StatePair(string Input, string Output);
