namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>The window of Hamming: 25/46 − 21/46 · cos(x).</summary>
internal sealed class HammingWindow() : CosineWindow(25f / 46, 1 - (25f / 46));
