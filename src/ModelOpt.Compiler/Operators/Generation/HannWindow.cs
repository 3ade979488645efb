namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>The window of Hann: 0.5 − 0.5 · cos(x).</summary>
internal sealed class HannWindow() : CosineWindow(0.5, 0.5);
