using System.Globalization;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests;

/// <summary>Runs whole models, and tells what they computed and whether they did so by assembled code.</summary>
internal static class ModelRunner
{
    /// <summary>Small networks of all common layers, one input and output each, any batch.</summary>
    public static byte[][] Networks { get; } = [SampleNetworks.Float(), SampleNetworks.Int8(), SampleNetworks.Residual()];

    /// <summary>Writes lines: the digest of all results, whether assembled code was mapped, whether it could be.</summary>
    public static void Run(TextWriter output)
    {
        long before = ExecutableBytes();
        TfliteModel[] models = [.. LoadAll()];
        output.WriteLine($"results {Digest(models)}");
        output.WriteLine($"mapped {ExecutableBytes() > before}");
        using ExecutableMemory? memory = ExecutableMemory.TryCreate([0xC3]);
        output.WriteLine($"mappable {memory is not null}");
        Array.ForEach(models, model => model.Dispose());
    }

    /// <summary>The digest of all results in this process.</summary>
    public static string Digest()
    {
        TfliteModel[] models = [.. LoadAll()];
        string digest = Digest(models);
        Array.ForEach(models, model => model.Dispose());
        return digest;
    }

    private static IEnumerable<TfliteModel> LoadAll() =>
        from network in Networks
        from threads in (int[])[1, 2]
        select TfliteModel.Load(network, new RuntimeOptions { Threads = threads });

    // FNV-1a: .NET's own hashes need a library of the system, which a cross-compiled process may lack.
    private static string Digest(TfliteModel[] models)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (TfliteModel model in models)
        {
            foreach (int batch in (int[])[1, 3])
            {
                foreach (byte value in MemoryMarshal.AsBytes<float>(Results(model, batch, seed: 5)))
                    hash = (hash ^ value) * 0x100000001b3;
            }
        }

        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }

    /// <summary>What a model makes of random samples.</summary>
    public static float[] Results(TfliteModel model, int batch, int seed)
    {
        float[] input = SampleNetworks.Floats(new Random(seed), batch * model.Inputs[0].ElementsPerSample);
        var output = new float[batch * model.Outputs[0].ElementsPerSample];
        model.Run<float, float>(input, output);
        return output;
    }

    /// <summary>
    /// Bytes of this process's memory that can be executed, not be written, and come from no file. That is what
    /// executable memory of ours looks like in Linux, and little else does; 0 in other systems.
    /// </summary>
    public static long ExecutableBytes()
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        long bytes = 0;
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length != 5 || fields[1] != "r-xp")
                continue;
            string[] range = fields[0].Split('-');
            bytes += long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                - long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return bytes;
    }
}
