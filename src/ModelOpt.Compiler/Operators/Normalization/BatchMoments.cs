using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// Normalization by the mean and the variance of a batch (Ioffe and Szegedy, 2015): x̂ = (x − μ) / √(σ² + ε), y = γ·x̂ + β, and with
/// the gradient through both, dx = γ / √(σ² + ε) · (dy − mean(dy) − x̂ · mean(dy·x̂)); means over the batch and all places of a channel.
/// </summary>
internal static class BatchMoments
{
    /// <summary>[1 + 2·channels]: the number of elements of a channel, their sums, the sums of their squares.</summary>
    /// <param name="x">float32 [N, C, …].</param>
    public static double[] Sums(Tensor x)
    {
        var sums = new double[1 + (2 * Channels(x))];
        sums[0] = x.Count / Channels(x);
        Planes(x, (c, at, length) =>
        {
            ReadOnlySpan<float> plane = x.As<float>().Slice(at, length);
            sums[1 + c] += FixedOrderSum.Of(plane);
            sums[1 + Channels(x) + c] += FixedOrderSum.Dot(plane, plane);
        });
        return sums;
    }

    /// <summary>The mean and the (biased) variance of a channel.</summary>
    /// <param name="totals">What <see cref="Sums(Tensor)"/> gives, over the batch.</param>
    public static (double Mean, double Variance) Of(double[] totals, int channel)
    {
        double mean = totals[1 + channel] / totals[0];
        return (mean, Math.Max(0, (totals[1 + (totals.Length / 2) + channel] / totals[0]) - (mean * mean)));
    }

    /// <summary>Normalizes.</summary>
    /// <param name="context">X, scale and B.</param>
    public static void Forward(ForwardContext context, double[] totals)
    {
        Tensor x = context.Input(0), scale = context.Input(1), shift = context.Input(2), y = context.Allocate(ElementType.Float32, x.Dims);
        double epsilon = context.Node.Float("epsilon", 1e-5f);
        Planes(x, (c, at, length) =>
        {
            (double mean, double variance) = Of(totals, c);
            double factor = scale.As<float>()[c] / Math.Sqrt(variance + epsilon);
            Combine(
                x.As<float>().Slice(at, length), (float)factor, [], 0, (float)(shift.As<float>()[c] - (mean * factor)),
                y.As<float>().Slice(at, length));
        });
        context.Output = y;
    }

    /// <summary>[2·channels]: the sums of dy, and of dy·x.</summary>
    /// <param name="context">What was normalized, and the gradient of the result.</param>
    public static double[] Sums(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient;
        int channels = Channels(x);
        var sums = new double[2 * channels];
        Planes(x, (c, at, length) =>
        {
            ReadOnlySpan<float> gradient = dy.As<float>().Slice(at, length);
            sums[c] += FixedOrderSum.Of(gradient);
            sums[channels + c] += FixedOrderSum.Dot(gradient, x.As<float>().Slice(at, length));
        });
        return sums;
    }

    /// <summary>Computes the gradients.</summary>
    /// <param name="context">What was normalized, and the gradient of the result; takes those of X, scale and B.</param>
    public static void Backward(BackwardContext context, double[] totals, double[] gradientTotals, double[] own)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient, scale = context.Input(1);
        int channels = Channels(x);
        double epsilon = context.Node.Float("epsilon", 1e-5f);
        Tensor dx = context.Allocate(x.Dims), dscale = context.Allocate([channels]), dshift = context.Allocate([channels]);
        for (int c = 0; c < channels; c++)
        {
            (double mean, double variance) = Of(totals, c);
            dscale.As<float>()[c] = (float)((own[channels + c] - (mean * own[c])) / Math.Sqrt(variance + epsilon));
            dshift.As<float>()[c] = (float)own[c];
        }

        Planes(x, (c, at, length) =>
        {
            (double mean, double variance) = Of(totals, c);
            double inverse = 1 / Math.Sqrt(variance + epsilon), factor = scale.As<float>()[c] * inverse;
            double product = (gradientTotals[channels + c] - (mean * gradientTotals[c])) * inverse / totals[0];
            double slope = -factor * inverse * product, rest = (-factor * gradientTotals[c] / totals[0]) - (slope * mean);
            Combine(
                dy.As<float>().Slice(at, length), (float)factor, x.As<float>().Slice(at, length), (float)slope, (float)rest,
                dx.As<float>().Slice(at, length));
        });
        (context.Gradients[0], context.Gradients[1], context.Gradients[2]) = (dx, dscale, dshift);
    }

    /// <summary>running ← momentum·running + (1 − momentum)·batch, for inputs 3 and 4 where they are constants.</summary>
    public static void Follow(Node node, double[] totals)
    {
        double momentum = node.Float("momentum", 0.9f);
        for (int input = 3; input <= 4; input++)
        {
            if (node.Input(input).Constant is not { } old) continue;
            float[] moved = old.As<float>().ToArray();
            for (int c = 0; c < moved.Length; c++)
            {
                (double mean, double variance) = Of(totals, c);
                moved[c] = (float)((momentum * moved[c]) + ((1 - momentum) * (input == 3 ? mean : variance)));
            }

            node.Input(input).Constant = Tensor.Of<float>(old.Dims, moved);
        }
    }

    private static int Channels(Tensor x) => x.Rank > 1 ? x.Dims[1] : 1;

    private static void Planes(Tensor x, Action<int, int, int> work)
    {
        int channels = Channels(x), length = x.Count == 0 ? 0 : x.Count / (x.Dims[0] * channels);
        for (int at = 0, part = 0; at < x.Count; at += length, part++) work(part % channels, at, length);
    }

    /// <summary>result = a·factor + b·slope + rest; b may be empty.</summary>
    private static void Combine(ReadOnlySpan<float> a, float factor, ReadOnlySpan<float> b, float slope, float rest, Span<float> result)
    {
        int i = 0, width = Vector<float>.Count;
        Vector<float> factors = new(factor), slopes = new(slope), rests = new(rest);
        for (; i <= result.Length - width; i += width)
        {
            Vector<float> sum = b.IsEmpty ? rests : (new Vector<float>(b[i..]) * slopes) + rests;
            ((new Vector<float>(a[i..]) * factors) + sum).CopyTo(result[i..]);
        }

        for (; i < result.Length; i++) result[i] = (a[i] * factor) + (b.IsEmpty ? rest : (b[i] * slope) + rest);
    }
}
