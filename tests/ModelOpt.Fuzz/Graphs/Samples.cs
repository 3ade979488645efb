using System.Globalization;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>
/// The samples that a model is calibrated and compared with: drawn by the inputs' names, between bounds that the model's metadata
/// gives, so that a saved model brings its data along.
/// </summary>
internal static class Samples
{
    /// <summary>How many samples each input has.</summary>
    public const int Count = 8;

    private const string RangeKey = "range ";

    /// <summary>Says between what bounds an input's samples are drawn.</summary>
    public static void SetRange(ModelProto model, string input, double low, double high)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{low:R} {high:R}");
        model.MetadataProps.Add(new StringStringEntryProto { Key = RangeKey + input, Value = text });
    }

    /// <summary>The inputs that are fed: those that are no initializers.</summary>
    public static IEnumerable<ValueInfoProto> Fed(ModelProto model)
    {
        HashSet<string> initializers = [.. model.Graph.Initializer.Select(i => i.Name)];
        return model.Graph.Input.Where(i => !initializers.Contains(i.Name));
    }

    /// <summary>Draws all samples of all inputs; an open batch is 1.</summary>
    public static Dictionary<string, Tensor>[] Draw(ModelProto model) =>
        [.. Enumerable.Range(0, Count).Select(sample => Fed(model).ToDictionary(i => i.Name, i => Draw(model, i, sample)))];

    /// <summary>All samples of an input in NumPy's form, one after another along a first axis.</summary>
    public static byte[] ToNpy(IReadOnlyList<Tensor> samples)
    {
        Tensor first = samples[0];
        int[] dims = first.Dims.Length > 0 && first.Dims[0] == 1 ? first.Dims[1..].ToArray() : first.Dims.ToArray();
        string descr = first.Type switch { ElementType.Float32 => "<f4", ElementType.Int32 => "<i4", ElementType.Int64 => "<i8",
            ElementType.Int8 => "|i1", ElementType.UInt8 => "|u1", ElementType.Int16 => "<i2", _ => "<u2" };
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({string.Join(", ", [samples.Count, .. dims])},), }}\n";
        return [0x93, .. "NUMPY\u0001\0"u8, (byte)header.Length, (byte)(header.Length >> 8), .. System.Text.Encoding.ASCII.GetBytes(header),
            .. samples.SelectMany(s => s.Bytes.ToArray())];
    }

    private static Tensor Draw(ModelProto model, ValueInfoProto input, int sample)
    {
        (ElementType type, Shape? shape) = OnnxTypes.Read(input);
        Tensor tensor = Tensor.Zeros(type, [.. shape!.Select(d => d.IsKnown ? (int)d.Size : 1)]);
        string[] range = (model.MetadataProps.LastOrDefault(p => p.Key == RangeKey + input.Name)?.Value ?? "-1 1").Split(' ');
        (double low, double high) = (double.Parse(range[0], CultureInfo.InvariantCulture),
            double.Parse(range[1], CultureInfo.InvariantCulture));
        var random = new Random(SeedOf(input.Name) + sample);
        if (type == ElementType.Float32)
        {
            foreach (ref float x in tensor.Span<float>()) x = (float)(low + ((high - low) * random.NextDouble()));
        }
        else if (type == ElementType.Int32)
        {
            foreach (ref int x in tensor.Span<int>()) x = random.Next((int)low, (int)high + 1);
        }
        else if (type != ElementType.Int64)
        {
            int[] drawn = [.. Enumerable.Range(0, tensor.Count).Select(_ => random.Next((int)low, (int)high + 1))];
            tensor = Casting.To(Tensor.Of<int>(tensor.Dims, drawn), type);
        }
        else
        {
            foreach (ref long x in MemoryMarshal.Cast<byte, long>(tensor.Bytes.Span)) x = random.Next((int)low, (int)high + 1);
        }

        return tensor;
    }

    // string.GetHashCode differs from process to process.
    private static int SeedOf(string name) => name.Aggregate(17, (hash, c) => unchecked((hash * 31) + c)) & 0xffffff;
}
