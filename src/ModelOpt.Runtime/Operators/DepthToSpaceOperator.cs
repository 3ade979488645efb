using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>DEPTH_TO_SPACE and SPACE_TO_DEPTH: a transposition of [N, H, b, W, b, C].</summary>
internal static class DepthToSpaceOperator
{
    public static Kernel Create(Node node)
    {
        int block = BlockOptions.Read(node.Options, node.OptionsType).BlockSize;
        bool toSpace = node.Operator == BuiltinOperator.DepthToSpace;
        Tensor input = node.Input(0), output = node.Output;
        Tensor deep = toSpace ? input : output, wide = toSpace ? output : input;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        node.Require(
            block > 0 && deep.Rank == 4 && wide.Rank == 4 && deep.Shape[0] == wide.Shape[0]
                && (long)deep.Shape[1] * block == wide.Shape[1] && (long)deep.Shape[2] * block == wide.Shape[2]
                && deep.Shape[3] == (long)wide.Shape[3] * block * block,
            "the shapes do not fit the block size");
        int height = deep.Shape[1], width = deep.Shape[2], channels = wide.Shape[3];
        int[] sizes = [deep.Shape[0], height, block, width, block, channels];
        int[] wideStrides = StridedCopy.DenseStrides(sizes);
        int depth = deep.Shape[3];
        int[] deepStrides = [height * width * depth, width * depth, block * channels, depth, channels, 1];
        var copy = new StridedCopy(
            input.Type.Size(), sizes, 0, toSpace ? deepStrides : wideStrides, 0, toSpace ? wideStrides : deepStrides);
        return new CopyKernel([new CopyPart(copy, 0, 0)], []);
    }
}
