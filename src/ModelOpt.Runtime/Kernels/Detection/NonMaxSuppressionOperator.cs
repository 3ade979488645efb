using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Detection;

/// <summary>
/// modelopt.NonMaxSuppression of boxes [samples, count, 4] with scores [samples, classes, count]: int64 rows of sample, class and box, as
/// many as may be taken, those that are not taken filled with −1. Inputs that may be absent: how many of a class are taken at most, the
/// share that may overlap, the score to exceed.
/// </summary>
internal sealed class NonMaxSuppressionOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor boxes = node.Input(0), scores = node.Input(1);
        node.Require(boxes.Rank == 3 && boxes.Shape[2] == 4, "the boxes are not four numbers each");
        node.Require(
            scores.Rank == 3 && scores.Shape[0] == boxes.Shape[0] && scores.Shape[2] == boxes.Shape[1], "the scores do not fit the boxes");
        for (int i = 2; i < 5; i++)
            node.Require(node.OptionalInput(i) is not { Elements: not 1 }, "a bound is not one number");
        int most = NonMaxSuppressionOptions.Read(node.Options).Most;
        node.Require(most >= 0, "a negative number of boxes is asked for");
        long rows = (long)scores.Shape[0] * scores.Shape[1] * Math.Min(most, boxes.Shape[1]);
        node.Require(rows <= Tensor.MaxBytes, "there may be too many boxes");
        return [new TensorSpec(TensorType.Int64, [(int)rows, 3])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor boxes = node.Input(0), scores = node.Input(1);
        bool fits = boxes.Type == TensorType.Float32 && scores.Type == TensorType.Float32 && Is(2, TensorType.Int64)
            && Is(3, TensorType.Float32) && Is(4, TensorType.Float32);
        if (!fits)
            throw node.UnsupportedTypes();
        return new NonMaxSuppressionKernel(
            NonMaxSuppressionOptions.Read(node.Options), scores.Shape[0], scores.Shape[1], scores.Shape[2],
            node.Inputs.Length - 2);

        bool Is(int index, TensorType type) => node.OptionalInput(index) is not { } tensor || tensor.Type == type;
    }
}
