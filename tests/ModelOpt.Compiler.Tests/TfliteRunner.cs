using System.Runtime.InteropServices;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests;

/// <summary>Runs TFLite models on tensors, in our runtime and in LiteRT.</summary>
internal static class TfliteRunner
{
    /// <summary>The tensor as TFLite models have it: they compute in float32 whatever float type the ONNX model has.</summary>
    public static Tensor Stored(Tensor tensor) => tensor.Type.IsFloat() ? Casting.To(tensor, ElementType.Float32) : tensor;

    /// <summary>Runs a model in our runtime, with a batch of 1, or with the inputs' sizes where others are open, too.</summary>
    public static Tensor[] Run(byte[] tflite, params Tensor[] inputs) => RunBatch(tflite, 1, inputs);

    /// <summary>Runs a model in our runtime.</summary>
    /// <param name="batch">The number of samples, where the model leaves it open.</param>
    public static Tensor[] RunBatch(byte[] tflite, int batch, params Tensor[] inputs)
    {
        using TfliteModel model = TfliteModel.Load(tflite);
        using ModelCall call = model.HasOpenSizes ? model.Begin([.. inputs.SelectMany(i => i.Dims.ToArray())]) : model.Begin(batch);
        for (int i = 0; i < inputs.Length; i++) SetInput(call, i, Stored(inputs[i]));
        call.Run();
        var results = new Tensor[model.Outputs.Count];
        for (int i = 0; i < results.Length; i++)
        {
            Type type = model.Outputs[i].ElementType;
            results[i] = Tensor.Zeros(
                Enum.GetValues<ElementType>().Single(t => ClrTypeOf(t) == type), call.GetOutputShape(i).ToArray());
            GetOutput(call, i, results[i]);
        }

        return results;
    }

    /// <summary>Runs a model in LiteRT.</summary>
    public static Tensor[] RunLiteRt(byte[] tflite, params Tensor[] inputs) =>
        [.. LiteRt.Run(tflite, [.. inputs.Select(i => Stored(i).Bytes.ToArray())]).Select(o => new Tensor(
            Enum.GetValues<ElementType>().Single(t => $"{t}".Equals(o.Type, StringComparison.OrdinalIgnoreCase)), o.Shape, o.Data))];

    private static Type? ClrTypeOf(ElementType type) => type switch
    {
        ElementType.Float32 => typeof(float),
        ElementType.Int8 => typeof(sbyte),
        ElementType.UInt8 => typeof(byte),
        ElementType.Int16 => typeof(short),
        ElementType.Int32 => typeof(int),
        ElementType.Int64 => typeof(long),
        ElementType.Bool => typeof(bool),
        ElementType.UInt16 => typeof(ushort),
        ElementType.UInt32 => typeof(uint),
        ElementType.UInt64 => typeof(ulong),
        _ => null,
    };

    private static void SetInput(ModelCall call, int index, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case ElementType.Float32: call.SetInput<float>(index, tensor.Span<float>()); break;
            case ElementType.Int8: call.SetInput<sbyte>(index, tensor.Span<sbyte>()); break;
            case ElementType.UInt8: call.SetInput<byte>(index, tensor.Span<byte>()); break;
            case ElementType.Int16: call.SetInput<short>(index, tensor.Span<short>()); break;
            case ElementType.Int32: call.SetInput<int>(index, tensor.Span<int>()); break;
            case ElementType.Int64: call.SetInput<long>(index, tensor.Span<long>()); break;
            case ElementType.UInt16: call.SetInput<ushort>(index, tensor.Span<ushort>()); break;
            case ElementType.UInt32: call.SetInput<uint>(index, tensor.Span<uint>()); break;
            case ElementType.UInt64: call.SetInput<ulong>(index, tensor.Span<ulong>()); break;
            case ElementType.Bool: call.SetInput<bool>(index, MemoryMarshal.Cast<byte, bool>(tensor.Span<byte>())); break;
            default: throw new NotSupportedException($"{tensor.Type}");
        }
    }

    private static void GetOutput(ModelCall call, int index, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case ElementType.Float32: call.GetOutput(index, tensor.Span<float>()); break;
            case ElementType.Int8: call.GetOutput(index, tensor.Span<sbyte>()); break;
            case ElementType.UInt8: call.GetOutput(index, tensor.Span<byte>()); break;
            case ElementType.Int16: call.GetOutput(index, tensor.Span<short>()); break;
            case ElementType.Int32: call.GetOutput(index, tensor.Span<int>()); break;
            case ElementType.Int64: call.GetOutput(index, tensor.Span<long>()); break;
            case ElementType.UInt16: call.GetOutput(index, tensor.Span<ushort>()); break;
            case ElementType.UInt32: call.GetOutput(index, tensor.Span<uint>()); break;
            case ElementType.UInt64: call.GetOutput(index, tensor.Span<ulong>()); break;
            case ElementType.Bool: call.GetOutput(index, MemoryMarshal.Cast<byte, bool>(tensor.Span<byte>())); break;
            default: throw new NotSupportedException($"{tensor.Type}");
        }
    }
}
