using System.Runtime.InteropServices;
using ModelOpt.Runtime;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>A .tflite in ModelOpt's own runtime.</summary>
internal sealed class RuntimeModel : IDisposable
{
    private readonly TfliteModel _model;

    /// <summary>Loads a file.</summary>
    /// <exception cref="InvalidModelException">The runtime refuses it.</exception>
    public RuntimeModel(byte[] tflite)
    {
        _model = TfliteModel.Load(tflite, new RuntimeOptions { Threads = 1 });
        Outputs = [.. _model.Outputs.Select(o => o.Name)];
    }

    /// <summary>What the outputs are called, in order: as in the file, unless set.</summary>
    public string[] Outputs { get; set; }

    /// <summary>Whether several samples can be run at once.</summary>
    public bool TakesBatches => _model.HasDynamicBatch;

    /// <summary>Runs samples at once.</summary>
    /// <param name="samples">For each sample, a tensor for each input by name.</param>
    /// <returns>The outputs by name, the samples one after another.</returns>
    public Dictionary<string, Tensor> Run(params IReadOnlyList<IReadOnlyDictionary<string, Tensor>> samples)
    {
        using ModelCall call = _model.Begin(samples.Count);
        for (int i = 0; i < _model.Inputs.Count; i++)
        {
            byte[] bytes = [.. samples.SelectMany(s => s[_model.Inputs[i].Name].Bytes.ToArray())];
            Set(call, i, bytes);
        }

        call.Run();
        Dictionary<string, Tensor> results = [];
        for (int i = 0; i < _model.Outputs.Count; i++)
        {
            Tensor result = Tensor.Zeros(TypeOf(_model.Outputs[i].ElementType), call.GetOutputShape(i));
            Get(call, i, result.Bytes.Span);
            results.Add(Outputs[i], result);
        }

        return results;
    }

    public void Dispose() => _model.Dispose();

    private void Set(ModelCall call, int index, ReadOnlySpan<byte> bytes)
    {
        switch (TypeOf(_model.Inputs[index].ElementType))
        {
            case ElementType.Float32: call.SetInput(index, MemoryMarshal.Cast<byte, float>(bytes)); break;
            case ElementType.Int64: call.SetInput(index, MemoryMarshal.Cast<byte, long>(bytes)); break;
            case ElementType.Int32: call.SetInput(index, MemoryMarshal.Cast<byte, int>(bytes)); break;
            case ElementType.Int16: call.SetInput(index, MemoryMarshal.Cast<byte, short>(bytes)); break;
            case ElementType.UInt16: call.SetInput(index, MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case ElementType.Int8: call.SetInput(index, MemoryMarshal.Cast<byte, sbyte>(bytes)); break;
            case ElementType.Bool: call.SetInput(index, MemoryMarshal.Cast<byte, bool>(bytes)); break;
            default: call.SetInput(index, bytes); break;
        }
    }

    private void Get(ModelCall call, int index, Span<byte> bytes)
    {
        switch (TypeOf(_model.Outputs[index].ElementType))
        {
            case ElementType.Float32: call.GetOutput(index, MemoryMarshal.Cast<byte, float>(bytes)); break;
            case ElementType.Int64: call.GetOutput(index, MemoryMarshal.Cast<byte, long>(bytes)); break;
            case ElementType.Int32: call.GetOutput(index, MemoryMarshal.Cast<byte, int>(bytes)); break;
            case ElementType.Int16: call.GetOutput(index, MemoryMarshal.Cast<byte, short>(bytes)); break;
            case ElementType.UInt16: call.GetOutput(index, MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case ElementType.Int8: call.GetOutput(index, MemoryMarshal.Cast<byte, sbyte>(bytes)); break;
            case ElementType.Bool: call.GetOutput(index, MemoryMarshal.Cast<byte, bool>(bytes)); break;
            default: call.GetOutput(index, bytes); break;
        }
    }

    private static ElementType TypeOf(Type type) =>
        type == typeof(float) ? ElementType.Float32
        : type == typeof(long) ? ElementType.Int64
        : type == typeof(int) ? ElementType.Int32
        : type == typeof(short) ? ElementType.Int16
        : type == typeof(ushort) ? ElementType.UInt16
        : type == typeof(sbyte) ? ElementType.Int8
        : type == typeof(byte) ? ElementType.UInt8
        : type == typeof(bool) ? ElementType.Bool
        : throw new NotSupportedException($"{type}");
}
