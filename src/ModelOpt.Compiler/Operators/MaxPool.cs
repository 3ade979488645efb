using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Operators;

/// <summary>The largest element of each window over X [N, C, (H,) W]; padding never wins.</summary>
internal sealed class MaxPool : Operator
{
    public override string Type => "MaxPool";

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override void InferShapes(Node node)
    {
        if (node.HasOutput(1))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "the second output, Indices");
        Shape x = node.ShapeOf(0);
        node.Define(0, node.CommonType(), ConvGeometry.OfPool(node).OutputShape(x, x[1]));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.BFloat16 ? ElementType.Float32 : x.Type;
        (WindowAxis v, WindowAxis h) = ConvGeometry.OfPool(context.Node).Resolve(x.Dims);
        int[] dims = x.Rank == 3 ? [x.Dims[0], x.Dims[1], h.Output] : [x.Dims[0], x.Dims[1], v.Output, h.Output];
        Tensor y = context.Node.Allocate(type, dims);
        ElementDispatch.Numbers(type, new Action(context, Casting.To(x, type), v, h, y));
        context.Output = Casting.To(y, x.Type);
    }

    public override void Lower(Lowering context, Node node) => throw new NotSupportedException();

    private readonly struct Action(ForwardContext context, Tensor x, WindowAxis v, WindowAxis h, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            (Tensor source, Tensor target, WindowAxis vertical, WindowAxis horizontal) = (x, y, v, h);
            int inputPlane = v.Input * h.Input, outputPlane = v.Output * h.Output;
            new PlaneJob(x.Dims[0] * x.Dims[1], p => Plane<T>(
                vertical, horizontal, source.As<T>().Slice(p * inputPlane, inputPlane),
                target.As<T>().Slice(p * outputPlane, outputPlane))).Run(context.Pool);
        }

        private static void Plane<T>(WindowAxis v, WindowAxis h, ReadOnlySpan<T> x, Span<T> y)
            where T : unmanaged, INumber<T>
        {
            int at = 0;
            for (int oy = 0; oy < v.Output; oy++)
            {
                for (int ox = 0; ox < h.Output; ox++)
                {
                    T largest = T.Zero;
                    bool any = false;
                    for (int ky = 0, iy = (oy * v.Stride) - v.PadBegin; ky < v.Kernel; ky++, iy += v.Dilation)
                    {
                        if ((uint)iy >= (uint)v.Input) continue;
                        for (int kx = 0, ix = (ox * h.Stride) - h.PadBegin; kx < h.Kernel; kx++, ix += h.Dilation)
                        {
                            if ((uint)ix >= (uint)h.Input) continue;
                            T value = x[(iy * h.Input) + ix];
                            if (!any || value > largest) largest = value;
                            any = true;
                        }
                    }

                    y[at++] = any ? largest : Lowest<T>();
                }
            }
        }

        private static T Lowest<T>() where T : unmanaged, INumber<T> => T.CreateSaturating(double.NegativeInfinity);
    }
}
