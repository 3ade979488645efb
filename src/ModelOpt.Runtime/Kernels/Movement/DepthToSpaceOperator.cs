using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>DEPTH_TO_SPACE and SPACE_TO_DEPTH: a transposition of [N, H, b, W, b, C].</summary>
internal sealed class DepthToSpaceOperator : KernelOperator
{
    private const int MaxBlock = 1 << 15;

    public override TensorSpec[] Infer(Node node)
    {
        int block = BlockOptions.Read(node.Options, node.OptionsType).BlockSize;
        Tensor input = node.Input(0);
        node.Require(input.Rank == 4 && block is > 0 and < MaxBlock, "the input must have 4 dimensions, and the block a size");
        (int batch, int height, int width, int channels) = (input.Shape[0], input.Shape[1], input.Shape[2], input.Shape[3]);
        if (node.Operator == BuiltinOperator.DepthToSpace)
        {
            node.Require(channels % (block * block) == 0, $"{channels} channels do not make blocks of {block}×{block}");
            return [new TensorSpec(input.Type, [batch, checked(height * block), checked(width * block), channels / (block * block)])];
        }

        node.Require(height % block == 0 && width % block == 0, $"{height}×{width} positions do not make blocks of {block}×{block}");
        return [new TensorSpec(input.Type, [batch, height / block, width / block, checked(channels * block * block)])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        int block = BlockOptions.Read(node.Options, node.OptionsType).BlockSize;
        bool toSpace = node.Operator == BuiltinOperator.DepthToSpace;
        Tensor input = node.Input(0), output = node.Output;
        Tensor deep = toSpace ? input : output, wide = toSpace ? output : input;
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
