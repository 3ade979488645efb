using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>A grid of integers that one scale serves.</summary>
internal sealed record Grid(float Scale, int ZeroPoint, int Min, int Max)
{
    public float Low => (Min - ZeroPoint) * Scale;

    public float High => (Max - ZeroPoint) * Scale;

    /// <summary>The grid of integers of a type.</summary>
    public static Grid Of(ElementType type, float scale, int zeroPoint)
    {
        (int min, int max) = type switch
        {
            ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
            ElementType.Int16 => (short.MinValue, short.MaxValue),
            ElementType.UInt16 => (ushort.MinValue, ushort.MaxValue),
            _ => (int.MinValue, int.MaxValue),
        };
        return new Grid(scale, zeroPoint, min, max);
    }

    /// <summary>The integer of a number.</summary>
    public int Quantize(double x) => (int)Math.Clamp(Math.Round(x / Scale) + ZeroPoint, Min, Max);

    /// <summary>How far a number is from the nearest on the grid.</summary>
    public float Error(float x) => MathF.Abs(x - ((Quantize(x) - ZeroPoint) * Scale));

    /// <summary>Whether a number is on the grid.</summary>
    public bool Has(float x) => Math.Abs((x / Scale) - Math.Round(x / Scale)) < 1e-3 && x >= Low - (Scale / 2) && x <= High + (Scale / 2);
}

/// <summary>The grids of a model's QuantizeLinear nodes.</summary>
internal sealed class Grids(ModelProto model)
{
    private readonly Dictionary<string, TensorProto> _constants = model.Graph.Initializer.ToDictionary(i => i.Name);

    /// <summary>The grid of a QuantizeLinear, or null where it has a scale for each channel.</summary>
    public Grid? Of(NodeProto quantize)
    {
        if (!_constants.TryGetValue(quantize.Input[1], out TensorProto? scale)) return null;
        double[] scales = Numbers(scale);
        if (scales.Length != 1) return null;
        TensorProto? zero = quantize.Input.Count > 2 ? _constants[quantize.Input[2]] : null;
        return Grid.Of(zero is null ? ElementType.UInt8 : (ElementType)zero.DataType, (float)scales[0],
            zero is null ? 0 : (int)Numbers(zero)[0]);
    }

    private static double[] Numbers(TensorProto tensor) =>
        Difference.Numbers(OnnxTensors.Read(tensor, new ExternalData(null), tensor.Name));
}
