using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Kernels;

/// <summary>A convolution of images.</summary>
/// <param name="Window">Its sizes, window, strides, dilations and padding.</param>
internal readonly record struct ConvShape(Window2D Window, int Groups);

/// <summary>The operands of a convolution, all of one type.</summary>
/// <param name="X">[N, C, H, W], for volumes [N, C, D, H, W].</param>
/// <param name="W">[M, C/groups, KH, KW], for volumes [M, C/groups, KD, KH, KW].</param>
/// <param name="B">[M], or null.</param>
/// <param name="Y">Takes [N, M, OH, OW], for volumes [N, M, OD, OH, OW].</param>
internal readonly record struct ConvOperands(Tensor X, Tensor W, Tensor? B, Tensor Y);
