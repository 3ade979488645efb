using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>modelopt.DetectionPostProcess: TFLite_Detection_PostProcess.</summary>
/// <param name="Most">How many detections there are at most.</param>
/// <param name="Classes">How many classes there are; scores that are more are those of the background, and come first.</param>
/// <param name="ClassesOfOne">How many classes of a box are given, where boxes of all classes are suppressed together.</param>
/// <param name="MostOfClass">How many boxes of a class are taken at most, where each class is suppressed for itself.</param>
/// <param name="IsByClass">Whether each class is suppressed for itself.</param>
/// <param name="Least">The least score.</param>
/// <param name="Overlap">The share of both that a box may cover.</param>
/// <param name="Scales">By what y, x, height and width are divided.</param>
internal sealed record DetectionOptions(
    int Most, int Classes, int ClassesOfOne, int MostOfClass, bool IsByClass, float Least, float Overlap,
    (float Y, float X, float Height, float Width) Scales) : ScalarOptions(BuiltinOptionsType.None)
{
    /// <summary>The options as TFLite's converter writes them.</summary>
    public static DetectionOptions Read(FlexMap map) => new(
        map.Int("max_detections"), map.Int("num_classes"), map.Int("max_classes_per_detection"), map.Int("detections_per_class", 100),
        map.Number("use_regular_nms") != 0, (float)map.Number("nms_score_threshold"), (float)map.Number("nms_iou_threshold"),
        ((float)map.Number("y_scale"), (float)map.Number("x_scale"), (float)map.Number("h_scale"), (float)map.Number("w_scale")));

    public static DetectionOptions Read(FlatTable table) => new(
        table.Int32(0), table.Int32(1), table.Int32(2), table.Int32(3), table.Bool(4), table.Single(5), table.Single(6),
        (table.Single(7), table.Single(8), table.Single(9), table.Single(10)));

    protected override OptionField[] Fields =>
        [Most, Classes, ClassesOfOne, MostOfClass, IsByClass, Least, Overlap, Scales.Y, Scales.X, Scales.Height, Scales.Width];
}
