using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Detection;

/// <summary>The boxes that are taken, a row (sample, class, box) for each, and rows of −1 behind.</summary>
/// <param name="bounds">How many inputs there are behind boxes and scores; each may be absent.</param>
internal sealed class NonMaxSuppressionKernel(NonMaxSuppressionOptions options, int samples, int classes, int count, int bounds) : Kernel
{
    private const int WorkOfOne = 64;

    public override int ScratchBytes => sizeof(ulong) * count;

    public override long Work => (long)samples * classes * count * WorkOfOne;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Span<long> rows = args.Output<long>(0);
        rows.Fill(-1);
        ReadOnlySpan<long> limit = bounds > 0 ? args.Input<long>(2) : [];
        ReadOnlySpan<float> overlap = bounds > 1 ? args.Input<float>(3) : [], least = bounds > 2 ? args.Input<float>(4) : [];
        long most = limit.IsEmpty ? options.Most : Math.Min(options.Most, limit[0]);
        new BoxSuppression(args.Input<float>(0), args.Input<float>(1), options.IsCentered, most).Take(
            samples, classes, count, overlap.IsEmpty ? 0 : overlap[0], least.IsEmpty ? null : least[0], rows, args.Scratch<ulong>());
    }
}
