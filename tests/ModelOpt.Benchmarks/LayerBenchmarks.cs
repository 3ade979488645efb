using BenchmarkDotNet.Attributes;

namespace ModelOpt.Benchmarks;

/// <summary>One layer after the other, those of the derived class's static property Layers.</summary>
public abstract class LayerBenchmarks : IDisposable
{
    private LayerRunner? _runner;

    /// <summary>The layer under test.</summary>
    [ParamsSource("Layers")]
    public Layer? Layer { get; set; }

    /// <summary>Loads the model.</summary>
    [GlobalSetup]
    public void Load() => _runner = new LayerRunner(Layer!);

    /// <summary>One inference.</summary>
    [Benchmark]
    public void Run() => _runner!.Run();

    /// <summary>Unloads the model.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _runner?.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Int8 convolutions at oneDNN's shapes.</summary>
public class OneDnnShapes : LayerBenchmarks
{
    /// <summary>The layers to measure.</summary>
    public static IEnumerable<Layer> Layers => Layer.OneDnn;
}

/// <summary>Other int8 operators.</summary>
public class Int8Layers : LayerBenchmarks
{
    /// <summary>The layers to measure.</summary>
    public static IEnumerable<Layer> Layers => Layer.Int8;
}

/// <summary>Float32 operators.</summary>
public class Float32Layers : LayerBenchmarks
{
    /// <summary>The layers to measure.</summary>
    public static IEnumerable<Layer> Layers => Layer.Float32;
}
