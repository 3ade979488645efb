using System.Runtime.InteropServices;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime;

namespace ModelOpt.Cli.Engines;

/// <summary>
/// ModelOpt's own runtime. It runs a TFLite model as it is, and compiles an ONNX model first without further compression.
/// </summary>
internal sealed class ModelOptEngine : IEngine
{
    private readonly TfliteModel _runtime;
    private readonly TensorInfo _input;
    private readonly TensorInfo _output;
    private readonly ElementType _inputType;
    private readonly ElementType _outputType;

    /// <summary>Loads a model.</summary>
    /// <param name="tflite">The TFLite file that it is or was compiled to.</param>
    public ModelOptEngine(string model, byte[] tflite)
    {
        try
        {
            _runtime = TfliteModel.Load(tflite);
        }
        catch (InvalidModelException e)
        {
            throw new CompilationException(EvaluationDiagnostics.InvalidTflite.At(model, null, e.Message), e);
        }

        _input = Engine.Single(model, _runtime.Inputs, _runtime.Outputs.Count);
        _output = _runtime.Outputs[0];
        (_inputType, _outputType) = (TypeOf(_input), TypeOf(_output));
        Input = new TensorSignature(
            _input.Name,
            _input.Scale > 0 ? ElementType.Float32 : _inputType,
            new Shape(_input.Shape.Select((size, axis) => size < 0 ? new Dim(-1, axis == 0 ? "N" : $"size{axis}") : size)));
    }

    public TensorSignature Input { get; }

    public float[] Run(Tensor sample)
    {
        Tensor stored = _input.Scale > 0 ? Quantize(sample) : sample;
        Tensor result;
        using (ModelCall call = _runtime.HasOpenSizes ? _runtime.Begin(sample.Dims) : _runtime.Begin())
        {
            Set(call, stored);
            call.Run();
            result = Tensor.Zeros(_outputType, call.GetOutputShape(0).ToArray());
            Get(call, result);
        }

        float[] elements = Elements.ToFloats(result);
        if (_output.Scale > 0) elements = Array.ConvertAll(elements, q => (q - _output.ZeroPoint) * _output.Scale);
        return elements;
    }

    public void Dispose() => _runtime.Dispose();

    private Tensor Quantize(Tensor sample)
    {
        Tensor stored = Tensor.Zeros(_inputType, sample.Dims);
        (int min, int max) = stored.Type == ElementType.UInt8 ? (0, 255) : (-128, 127);
        Span<float> from = sample.Span<float>();
        for (int i = 0; i < from.Length; i++)
        {
            float rounded = MathF.Round(from[i] / _input.Scale, MidpointRounding.ToEven) + _input.ZeroPoint;
            Elements.Store(stored, i, (long)Math.Clamp(rounded, min, max));
        }

        return stored;
    }

    private static void Set(ModelCall call, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case ElementType.Float32: call.SetInput<float>(0, tensor.Span<float>()); break;
            case ElementType.Float16: call.SetInput<Half>(0, tensor.Span<Half>()); break;
            case ElementType.Float64: call.SetInput<double>(0, tensor.Span<double>()); break;
            case ElementType.Bool: call.SetInput<bool>(0, MemoryMarshal.Cast<byte, bool>(tensor.Bytes.Span)); break;
            case ElementType.Int8: call.SetInput<sbyte>(0, tensor.Span<sbyte>()); break;
            case ElementType.UInt8: call.SetInput<byte>(0, tensor.Span<byte>()); break;
            case ElementType.Int16: call.SetInput<short>(0, tensor.Span<short>()); break;
            case ElementType.UInt16: call.SetInput<ushort>(0, tensor.Span<ushort>()); break;
            case ElementType.Int32: call.SetInput<int>(0, tensor.Span<int>()); break;
            case ElementType.UInt32: call.SetInput<uint>(0, tensor.Span<uint>()); break;
            case ElementType.UInt64: call.SetInput<ulong>(0, tensor.Span<ulong>()); break;
            default: call.SetInput<long>(0, tensor.Span<long>()); break;
        }
    }

    private static void Get(ModelCall call, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case ElementType.Float32: call.GetOutput(0, tensor.Span<float>()); break;
            case ElementType.Float16: call.GetOutput(0, tensor.Span<Half>()); break;
            case ElementType.Float64: call.GetOutput(0, tensor.Span<double>()); break;
            case ElementType.Bool: call.GetOutput(0, MemoryMarshal.Cast<byte, bool>(tensor.Bytes.Span)); break;
            case ElementType.Int8: call.GetOutput(0, tensor.Span<sbyte>()); break;
            case ElementType.UInt8: call.GetOutput(0, tensor.Span<byte>()); break;
            case ElementType.Int16: call.GetOutput(0, tensor.Span<short>()); break;
            case ElementType.UInt16: call.GetOutput(0, tensor.Span<ushort>()); break;
            case ElementType.Int32: call.GetOutput(0, tensor.Span<int>()); break;
            case ElementType.UInt32: call.GetOutput(0, tensor.Span<uint>()); break;
            case ElementType.UInt64: call.GetOutput(0, tensor.Span<ulong>()); break;
            default: call.GetOutput(0, tensor.Span<long>()); break;
        }
    }

    private static ElementType TypeOf(TensorInfo tensor) => Enum.GetValues<ElementType>().Single(t => ClrTypeOf(t) == tensor.ElementType);

    private static Type? ClrTypeOf(ElementType type) => type switch
    {
        ElementType.Float32 => typeof(float),
        ElementType.Float16 => typeof(Half),
        ElementType.Float64 => typeof(double),
        ElementType.Bool => typeof(bool),
        ElementType.Int8 => typeof(sbyte),
        ElementType.UInt8 => typeof(byte),
        ElementType.Int16 => typeof(short),
        ElementType.UInt16 => typeof(ushort),
        ElementType.Int32 => typeof(int),
        ElementType.UInt32 => typeof(uint),
        ElementType.Int64 => typeof(long),
        ElementType.UInt64 => typeof(ulong),
        _ => null,
    };
}
