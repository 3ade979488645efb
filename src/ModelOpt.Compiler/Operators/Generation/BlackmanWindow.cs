namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>The window of Blackman: 0.42 − 0.5 · cos(x) + 0.08 · cos(2 x).</summary>
internal sealed class BlackmanWindow() : CosineWindow(0.42, 0.5, 0.08);
