using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Detection;

/// <summary>
/// modelopt.DetectionPostProcess of box encodings [1, count, 4 or more], scores [1, count, classes] and anchors [count, 4]: boxes, classes,
/// scores and how many there are, as many as may be, with zeros behind.
/// </summary>
internal sealed class DetectionOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor boxes = node.Input(0), scores = node.Input(1), anchors = node.Input(2);
        var options = DetectionOptions.Read(node.Options);
        node.Require(
            boxes.Rank == 3 && scores.Rank == 3 && anchors.Rank == 2 && boxes.Shape[0] == 1 && scores.Shape[0] == 1
                && boxes.Shape[2] >= 4 && anchors.Shape[1] == 4 && boxes.Shape[1] == scores.Shape[1] && anchors.Shape[0] == boxes.Shape[1],
            "its boxes, scores and anchors do not fit");
        node.Require(
            options.Classes > 0 && options.Classes <= scores.Shape[2] && options.Most >= 0 && options.ClassesOfOne > 0
                && options.MostOfClass >= 0,
            "its options do not fit its scores");
        // Also where more classes are asked for than there are.
        int detections = checked(options.Most * options.ClassesOfOne);
        TensorSpec each = new(TensorType.Float32, [1, detections]);
        return [new(TensorType.Float32, [1, detections, 4]), each, each, new(TensorType.Float32, [1])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        if (!node.Inputs.Take(3).All(t => t!.Type == TensorType.Float32))
            throw node.UnsupportedTypes();
        Tensor boxes = node.Input(0), scores = node.Input(1);
        return new DetectionKernel(DetectionOptions.Read(node.Options), boxes.Shape[1], boxes.Shape[2], scores.Shape[2]);
    }
}
