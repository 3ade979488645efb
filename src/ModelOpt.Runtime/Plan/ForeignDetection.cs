using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>Custom operators of others that detect.</summary>
internal static class ForeignDetection
{
    /// <summary>TFLite_Detection_PostProcess: in float32.</summary>
    public static void Expand(Expansion at) => at.Add(
        BuiltinOperator.DetectionPostProcess, [at.Real(0), at.Real(1), at.Real(2)], at.Node.Outputs,
        DetectionOptions.Read(new FlexMap(at.Node.CustomOptions.Span)));
}
