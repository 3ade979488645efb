using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The operator of early ONNX that is scale · x plus a bias for each channel, of images [N, C, H, W].</summary>
internal sealed class ImageScaler() : NodeRewrite("ImageScaler", new Arity(1, 1))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0);
        float[] bias = at.Node.Floats("bias") ?? throw at.Invalid("bias", "is missing");
        if (x.Shape is [_, { IsKnown: true } channels, ..] && channels.Size != bias.Length)
            throw at.Invalid("bias", $"has {bias.Length} numbers for {channels} channels");
        Value product = at.Add("Mul", [x, at.ConstantLike(Tensor.Scalar(at.Node.Float("scale", 1)), x)]);
        at.Finish("Add", [product, at.ConstantLike(Tensor.Of<float>([bias.Length, 1, 1], bias), x)]);
    }
}
