using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Runtime;

namespace ModelOpt.Cli.Bench;

/// <summary>ModelOpt's own runtime, used as an application would use it.</summary>
internal sealed class ModelOptContender : IContender
{
    private readonly int _batch;
    private readonly Copy[] _inputs;
    private readonly Copy[] _outputs;

    /// <summary>Loads a model.</summary>
    /// <exception cref="CompilationException">It cannot be loaded, or not be run on so many samples.</exception>
    public ModelOptContender(string model, byte[] file, int threads, int batch)
    {
        _batch = batch;
        try
        {
            Model = TfliteModel.Load(file, new RuntimeOptions { Threads = threads });
        }
        catch (InvalidModelException e)
        {
            throw new CompilationException(EvaluationDiagnostics.InvalidTflite.At(model, null, e.Message), e);
        }

        if (batch > 1 && !Model.HasDynamicBatch)
            throw new CompilationException(EvaluationDiagnostics.FixedBatch.At(model, null, batch));
        _inputs = [.. Model.Inputs.Select((tensor, i) => Input(i, tensor.ElementType, CountOf(tensor, batch)))];
        _outputs = [.. Model.Outputs.Select((tensor, i) => Output(i, tensor.ElementType, CountOf(tensor, batch)))];
    }

    private delegate void Copy(in ModelCall call);

    public string Name => "ModelOpt";

    public TfliteModel Model { get; }

    /// <summary>The elements of a tensor of a call; where sizes are open, those of the example in the file.</summary>
    public static int CountOf(TensorInfo tensor, int batch) =>
        tensor.HasOpenSizes ? tensor.FileElements : batch * tensor.ElementsPerSample;

    public void Run()
    {
        using ModelCall call = Model.Begin(_batch);
        foreach (Copy set in _inputs) set(call);
        call.Run();
        foreach (Copy get in _outputs) get(call);
    }

    public void Dispose() => Model.Dispose();

    private static Copy Input(int index, Type type, int count) =>
        type == typeof(float) ? Input<float>(index, count)
        : type == typeof(sbyte) ? Input<sbyte>(index, count)
        : type == typeof(byte) ? Input<byte>(index, count)
        : type == typeof(int) ? Input<int>(index, count)
        : type == typeof(long) ? Input<long>(index, count)
        : type == typeof(Half) ? Input<Half>(index, count)
        : type == typeof(double) ? Input<double>(index, count)
        : type == typeof(short) ? Input<short>(index, count)
        : type == typeof(ushort) ? Input<ushort>(index, count)
        : type == typeof(uint) ? Input<uint>(index, count)
        : type == typeof(ulong) ? Input<ulong>(index, count)
        : Input<bool>(index, count);

    private static Copy Input<T>(int index, int count)
        where T : unmanaged
    {
        T[] values = BenchInput.Create<T>(count);
        return (in ModelCall call) => call.SetInput<T>(index, values);
    }

    private static Copy Output(int index, Type type, int count) =>
        type == typeof(float) ? Output<float>(index, count)
        : type == typeof(sbyte) ? Output<sbyte>(index, count)
        : type == typeof(byte) ? Output<byte>(index, count)
        : type == typeof(int) ? Output<int>(index, count)
        : type == typeof(long) ? Output<long>(index, count)
        : type == typeof(Half) ? Output<Half>(index, count)
        : type == typeof(double) ? Output<double>(index, count)
        : type == typeof(short) ? Output<short>(index, count)
        : type == typeof(ushort) ? Output<ushort>(index, count)
        : type == typeof(uint) ? Output<uint>(index, count)
        : type == typeof(ulong) ? Output<ulong>(index, count)
        : Output<bool>(index, count);

    private static Copy Output<T>(int index, int count)
        where T : unmanaged
    {
        var values = new T[count];
        return (in ModelCall call) => call.GetOutput<T>(index, values);
    }
}
