using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>ONNX Runtime's GridSample, which is older than ONNX's and has other names for the same modes.</summary>
internal sealed class GridSampleRewrite() : NodeRewrite("GridSample", new Arity(2, 2))
{
    protected override void Rewrite(Rewriting at) => at.Finish(
        "GridSample", [at.Input(0), at.Input(1)],
        ("mode", at.Node.String("mode", "bilinear") switch { "bilinear" => "linear", "bicubic" => "cubic", string mode => mode }),
        ("padding_mode", at.Node.String("padding_mode", "zeros")), ("align_corners", at.Node.Int("align_corners", 0)));
}
