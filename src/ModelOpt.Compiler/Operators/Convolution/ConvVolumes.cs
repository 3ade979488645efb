using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Kernels;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Convolution;

/// <summary>
/// Convolutions of volumes as convolutions of images: the planes under the window's taps along the depth are stacked as channels, so that
/// each plane of the result is the convolution of one image.
/// </summary>
internal static class ConvVolumes
{
    /// <summary>Convolves volumes.</summary>
    /// <param name="context">Takes what is allocated; has the threads.</param>
    /// <param name="axes">The window along depth, height and width.</param>
    /// <param name="operands">Volumes, of float32 or float64.</param>
    public static void Convolve(ForwardContext context, WindowAxis[] axes, int group, in ConvOperands operands)
    {
        (WindowAxis d, WindowAxis v, WindowAxis h) = (axes[0], axes[1], axes[2]);
        (Tensor x, Tensor w, Tensor? b, Tensor y) = operands;
        int channels = x.Dims[1], filters = w.Dims[0], size = x.Type.Size();
        int from = v.Input * h.Input * size, to = v.Output * h.Output * size;
        Tensor weights = w.Reshape([filters, w.Dims[1] * d.Kernel, v.Kernel, h.Kernel]);
        Tensor stacked = context.Allocate(x.Type, [d.Output, channels * d.Kernel, v.Input, h.Input]);
        Tensor images = context.Allocate(x.Type, [d.Output, filters, v.Output, h.Output]);
        for (int n = 0; n < x.Dims[0]; n++)
        {
            for (int plane = 0; plane < d.Output * channels * d.Kernel; plane++)
            {
                (int o, int c, int tap) = (plane / (channels * d.Kernel), plane / d.Kernel % channels, plane % d.Kernel);
                int depth = (o * d.Stride) - d.PadBegin + (tap * d.Dilation);
                Span<byte> target = stacked.Bytes.Span.Slice(plane * from, from);
                if ((uint)depth >= (uint)d.Input) target.Clear();
                else x.Bytes.Span.Slice(((((n * channels) + c) * d.Input) + depth) * from, from).CopyTo(target);
            }

            Conv.Images(
                context, new(ConvGeometry.ToWindow(d.Output, channels * d.Kernel, filters, v, h), group), new(stacked, weights, b, images));
            for (int plane = 0; plane < d.Output * filters; plane++)
            {
                (int o, int m) = (plane / filters, plane % filters);
                images.Bytes.Span.Slice(plane * to, to).CopyTo(y.Bytes.Span[(((((n * filters) + m) * d.Output) + o) * to)..]);
            }
        }
    }

    /// <summary>
    /// A transposed convolution: the convolution of X, with zeros between its elements and around them, with the weights turned round.
    /// </summary>
    /// <param name="context">Takes what is allocated; has the threads.</param>
    /// <param name="axes">The window along each axis; its Input is the result's length, its Output that of X.</param>
    /// <param name="x">[N, C, D, H, W], of float32 or float64.</param>
    /// <param name="w">[C, M/group, KD, KH, KW], of the same type.</param>
    /// <param name="b">[M], or null.</param>
    /// <returns>[N, M, OD, OH, OW].</returns>
    public static Tensor Transposed(ForwardContext context, WindowAxis[] axes, int group, Tensor x, Tensor w, Tensor? b)
    {
        WindowAxis[] plain = [.. axes.Select(a => new WindowAxis(a.Input + a.Extent - 1, a.Input, a.Kernel, 1, a.Dilation, 0, 0))];
        Tensor spread = context.Allocate(x.Type, [x.Dims[0], x.Dims[1], .. plain.Select(a => a.Input)]);
        spread.Bytes.Span.Clear();
        int size = x.Type.Size(), width = axes[2].Output;
        for (int i = 0; i < x.Count; i++)
        {
            int outer = i / width / axes[1].Output / axes[0].Output;
            int z = Place(0, i / width / axes[1].Output % axes[0].Output), row = Place(1, i / width % axes[1].Output);
            int column = Place(2, i % width);
            if (z < 0 || row < 0 || column < 0) continue;
            int to = (((((outer * plain[0].Input) + z) * plain[1].Input) + row) * plain[2].Input) + column;
            x.Bytes.Span.Slice(i * size, size).CopyTo(spread.Bytes.Span[(to * size)..]);
        }

        Tensor y = context.Allocate(x.Type, [x.Dims[0], w.Dims[1] * group, .. axes.Select(a => a.Input)]);
        Convolve(context, plain, group, new(spread, Turned(w, group), b is null ? null : Casting.To(b, x.Type), y));
        return y;

        int Place(int axis, int index)
        {
            int place = axes[axis].Extent - 1 - axes[axis].PadBegin + (index * axes[axis].Stride);
            return place < plain[axis].Input ? place : -1;
        }
    }

    /// <summary>The weights of a transposed convolution as those of the convolution that it is.</summary>
    /// <param name="w">[C, M/group, KD, KH, KW].</param>
    /// <returns>[M, C/group, KD, KH, KW], each window turned round.</returns>
    public static Tensor Turned(Tensor w, int group)
    {
        int channels = w.Dims[0] / group, filters = w.Dims[1], size = w.Type.Size();
        int taps = w.Dims[2] * w.Dims[3] * w.Dims[4];
        Tensor result = Tensor.Zeros(w.Type, [filters * group, channels, w.Dims[2], w.Dims[3], w.Dims[4]]);
        for (int i = 0; i < result.Count; i++)
        {
            (int m, int c, int tap) = (i / taps / channels, i / taps % channels, i % taps);
            int from = ((((m / filters * channels) + c) * filters) + (m % filters)) * taps;
            w.Bytes.Span.Slice((from + taps - 1 - tap) * size, size).CopyTo(result.Bytes.Span[(i * size)..]);
        }

        return result;
    }
}
