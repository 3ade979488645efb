using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Sampling;

/// <summary>float32 numbers that are drawn, other ones in each run.</summary>
internal sealed class RandomKernel(RandomOptions options, bool isNormal, CallCounter calls, long count) : Kernel
{
    private const int WorkOfOne = 40;

    public override long Work => count * WorkOfOne;

    public override void Run(in KernelArguments args, int start, int end)
    {
        var numbers = new RandomNumbers(options.Seed, options.Seed2, calls.Next());
        if (isNormal) numbers.Normal(args.Output<float>(0));
        else numbers.Uniform(args.Output<float>(0));
    }
}
