using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using ModelOpt.Benchmarks;
using ModelOpt.Runtime.Simd;

// Before anything of the runtime chooses its instructions.
if (args is ["shapes" or "layers" or "sparse", ("avx2" or "avx-vnni" or "avx512" or "avx512-vnni") and var instructions, ..])
{
    AppContext.SetData(Instructions.Option, instructions);
    args = [args[0], .. args[2..]];
}

switch (args)
{
    case ["shapes", ..]:
        ShapeTable.Print(Layer.OneDnn);
        break;
    case ["sparse", .. var filter]:
        SparseTable.Print(string.Join(" ", filter));
        break;
    case ["training", var model, .. var batch]:
        TrainingTable.Print(model, batch is [var size] ? int.Parse(size, CultureInfo.InvariantCulture) : 64);
        break;
    case ["layers", ..]:
        ShapeTable.Print([.. Layer.OneDnn, .. Layer.Int8, .. Layer.Float32]);
        break;
    default:
        // In this process: the layers are set up here, and no project has to be generated and built.
        Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance);
        BenchmarkSwitcher.FromAssembly(typeof(Layer).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
        break;
}
