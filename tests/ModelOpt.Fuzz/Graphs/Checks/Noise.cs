using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using AttributeType = ModelOpt.Compiler.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>
/// How much rounding may change outputs. Where a QDQ model rounds an activation, uniform noise of a step is added instead, in float, or
/// half a step up or down to all of its elements, as equal elements are rounded alike: whatever is worse than that is no rounding.
/// </summary>
internal static class Noise
{
    /// <summary>Draws that say enough of many elements.</summary>
    public const int FewDraws = 4;

    /// <summary>Draws that also say how far the noise of few elements reaches: where only one takes part, it differs tenfold.</summary>
    public const int ManyDraws = 64;

    // A mean of four integers is a tie in one element of four. Who adds an odd zero point before rounding, as ONNX Runtime's integer pools
    // do, rounds each of them otherwise: a quarter of a step squared, three times what uniform noise has.
    private const float MeanTies = 1.7320508f;

    /// <summary>What rounding of activations does to the outputs of a QDQ model.</summary>
    /// <param name="subject">The QDQ model, evaluated.</param>
    /// <param name="original">The float model that it was made of, if it was.</param>
    /// <returns>The outputs without noise, by sample, and the largest mean square of the noise of a draw, by output.</returns>
    public static (Dictionary<string, Tensor>[] Clean, Dictionary<string, double> Power) OfActivations(
        Subject subject, Subject? original = null, int draws = FewDraws)
    {
        ModelProto model = subject.Model.Clone();
        List<(string Noise, string Value, float Step)> added = Inject(model, subject, original?.Model);
        using Reference reference = new(model);
        Dictionary<string, Tensor>[] clean = [.. Run((_, _) => 0)];
        Dictionary<string, double> power = subject.Outputs.ToDictionary(o => o, _ => 0.0);
        // Of generators with seeds in a row, the same draws are nearly the same.
        Random random = new(1);
        for (int draw = 0; draw < 2 * draws; draw++)
        {
            Dictionary<string, float> signs = added.ToDictionary(a => a.Noise, _ => random.Next(2) == 0 ? 1f : -1f);
            bool isUniform = draw < draws;
            Dictionary<string, Tensor>[] noisy =
                [.. Run((noise, half) => isUniform ? (float)((random.NextDouble() - 0.5) * 2 * half) : signs[noise] * half)];
            foreach (string output in subject.Outputs)
                power[output] = Math.Max(power[output], PowerOf(clean, noisy, output));
        }

        return (clean, power);

        IEnumerable<Dictionary<string, Tensor>> Run(Func<string, float, float> draw) => subject.Inputs.Select((inputs, sample) =>
        {
            Dictionary<string, Tensor> feeds = new(inputs);
            foreach ((string noise, string value, float step) in added)
                feeds.Add(noise, Filled(subject.Values[sample][value].Dims, () => draw(noise, step / 2)));
            return reference.Run(feeds);
        });
    }

    /// <summary>What rounding of constants does to the outputs of a float model: the largest mean square of a draw, by output.</summary>
    /// <param name="subject">The float model, evaluated.</param>
    /// <param name="half">Whether constants become float16; else int8.</param>
    public static Dictionary<string, double> OfConstants(Subject subject, bool half, int draws = FewDraws)
    {
        Dictionary<string, double> power = subject.Outputs.ToDictionary(o => o, _ => 0.0);
        Random random = new(1);
        for (int draw = 0; draw < draws; draw++)
        {
            ModelProto model = subject.Model.Clone();
            ComputedConstants.Fold(model, subject.Values[0]);
            BlockWeights.Expand(model);
            HashSet<string> sizes = [.. model.Graph.Node.Where(n => n.OpType == "Resize").SelectMany(n => n.Input.Skip(1))];
            foreach (TensorProto constant in model.Graph.Initializer.Where(
                c => c.DataType == (int)ElementType.Float32 && c.Dims.Count > 0 && !sizes.Contains(c.Name)))
                Perturb(constant, model.Graph.Node.FirstOrDefault(n => n.Input.Contains(constant.Name)), half, random);
            using Reference reference = new(model);
            Dictionary<string, Tensor>[] changed = [.. subject.Inputs.Select(reference.Run)];
            foreach (string output in subject.Outputs)
                power[output] = Math.Max(power[output], PowerOf(subject.Values, changed, output));
        }

        return power;
    }

    /// <summary>How much outputs change where every value inside changes by a millionth: the largest difference, by output.</summary>
    public static Dictionary<string, double> OfValues(Subject subject)
    {
        ModelProto model = subject.Model.Clone();
        string[] values = [.. model.Graph.Node.SelectMany(n => n.Input).Distinct().Where(v =>
            subject.Values[0].GetValueOrDefault(v) is { Type: ElementType.Float32 }
            || subject.Inputs[0].GetValueOrDefault(v) is { Type: ElementType.Float32 })];
        foreach (string value in values)
        {
            foreach (NodeProto reader in model.Graph.Node)
            {
                for (int i = 0; i < reader.Input.Count; i++)
                {
                    if (reader.Input[i] == value) reader.Input[i] = $"noisy {value}";
                }
            }

            NodeProto? producer = model.Graph.Node.FirstOrDefault(n => n.Output.Contains(value));
            model.Graph.Node.Insert(producer is null ? 0 : model.Graph.Node.IndexOf(producer) + 1,
                Node("Mul", $"noisy {value}", value, $"noise {value}"));
            model.Graph.Input.Add(OnnxTypes.Write($"noise {value}", ElementType.Float32, new Shape(Of(0, value).Dims)));
        }

        Random random = new(1);
        using Reference reference = new(model);
        Dictionary<string, Tensor>[] changed = [.. subject.Inputs.Select((inputs, sample) =>
        {
            Dictionary<string, Tensor> feeds = new(inputs);
            foreach (string value in values)
                feeds.Add($"noise {value}", Filled(Of(sample, value).Dims, () => 1 + (float)((random.NextDouble() - 0.5) * 2e-6)));
            return reference.Run(feeds);
        })];
        return subject.Outputs.ToDictionary(o => o, o => Difference.Of(subject.Values, changed, o, "noise").Most);

        Tensor Of(int sample, string value) => subject.Values[sample].GetValueOrDefault(value) ?? subject.Inputs[sample][value];
    }

    /// <summary>The mean square of a difference; endless where the noise makes something that is no number, such as a root.</summary>
    private static double PowerOf(Dictionary<string, Tensor>[] clean, Dictionary<string, Tensor>[] noisy, string output)
    {
        bool isNumber = noisy.All(n => Difference.Numbers(n[output]).All(double.IsFinite));
        return isNumber ? Difference.Of(clean, noisy, output, "noise").Power : double.PositiveInfinity;
    }

    private static bool IsMean(ModelProto model, string value) => model.Graph.Node.Any(
        n => n.Output.Contains(value) && n.OpType is "AveragePool" or "GlobalAveragePool" or "ReduceMean");

    private static List<(string Noise, string Value, float Step)> Inject(ModelProto model, Subject subject, ModelProto? original)
    {
        Grids grids = new(model);
        List<(string, string, float)> added = [];
        foreach (NodeProto quantize in model.Graph.Node.Where(n => n.OpType == "QuantizeLinear").ToArray())
        {
            if (grids.Of(quantize) is not { } grid || !subject.Values[0].TryGetValue(quantize.Input[0], out Tensor? first)) continue;
            NodeProto[] readers = [.. model.Graph.Node.Where(n => n.Input.Contains(quantize.Output[0]))];
            if (readers.Any(r => r.OpType != "DequantizeLinear") || model.Graph.Output.Any(o => o.Name == quantize.Output[0])) continue;
            string value = quantize.Input[0], noise = $"noise {quantize.Output[0]}", noisy = $"noisy {quantize.Output[0]}";
            float[] seen = [.. subject.Values.SelectMany(v => v[value].Span<float>().ToArray())];
            // What is nearly on a grid of 16 bits is not brought onto it.
            float step = !seen.All(grid.Has) ? grid.Scale : grid.Max > byte.MaxValue ? 2 * seen.Max(grid.Error) : 0;
            if (IsMean(model, value)) step *= MeanTies;
            bool isRounded = step == 0;
            if (!isRounded)
            {
                model.Graph.Input.Add(OnnxTypes.Write(noise, ElementType.Float32, new Shape(first.Dims)));
                added.Add((noise, value, step));
                model.Graph.Node.Insert(model.Graph.Node.IndexOf(quantize), Node("Add", noisy, value, noise));
            }

            bool isExact = PrescribedGrids.Has(grid) || original is null || !IsMadeAlike(model, original, value, readers);
            (float low, float high) = Ends(grid, seen, isExact);
            Replace(model, quantize, Node("Clip", quantize.Output[0], isRounded ? value : noisy, Scalar(model, low), Scalar(model, high)));
            foreach (NodeProto reader in readers) Replace(model, reader, Node("Identity", reader.Output[0], quantize.Output[0]));
        }

        return added;
    }

    /// <summary>
    /// What a grid cuts off: values that end less than half a step beyond it are rounded to its end, and nothing is cut off there.
    /// Saturation that is an activation of the original, or that a prescribed grid asks for, is exact.
    /// </summary>
    private static (float Low, float High) Ends(Grid grid, float[] seen, bool isExact)
    {
        float half = isExact ? 0 : grid.Scale / 2;
        return (grid.Low - seen.Min() <= half ? grid.Low - half : grid.Low, seen.Max() - grid.High <= half ? grid.High + half : grid.High);
    }

    /// <summary>Whether the original makes a value in the same way: no activation became saturation.</summary>
    private static bool IsMadeAlike(ModelProto model, ModelProto original, string value, NodeProto[] readers)
    {
        // The value has its name behind the pair where that is an output, else before it.
        HashSet<string> names = [value, .. readers.Select(r => r.Output[0])];
        string? type = model.Graph.Node.FirstOrDefault(n => n.Output.Contains(value))?.OpType;
        return original.Graph.Node.FirstOrDefault(n => n.Output.Any(names.Contains))?.OpType == type;
    }

    private static NodeProto Node(string type, string output, params string[] inputs) =>
        new() { OpType = type, Input = { inputs }, Output = { output } };

    private static void Replace(ModelProto model, NodeProto old, NodeProto node) => model.Graph.Node[model.Graph.Node.IndexOf(old)] = node;

    private static string Scalar(ModelProto model, float value)
    {
        string name = $"bound {model.Graph.Initializer.Count}";
        model.Graph.Initializer.Add(OnnxTensors.Write(name, Tensor.Scalar(value)));
        return name;
    }

    private static Tensor Filled(ReadOnlySpan<int> dims, Func<float> element)
    {
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float x in tensor.Span<float>()) x = element();
        return tensor;
    }

    /// <summary>Moves each element by up to half a step: of float16, or of the largest weight of its channel divided by 127.</summary>
    private static void Perturb(TensorProto constant, NodeProto? reader, bool half, Random random)
    {
        float[] values = Difference.Numbers(OnnxTensors.Read(constant, new ExternalData(null), constant.Name)).Select(v => (float)v)
            .ToArray();
        bool byChannel = reader is { OpType: "Conv" or "Gemm" } && reader.Input[1] == constant.Name
            && (reader.OpType == "Conv" || reader.Attribute.Any(a => a.Name == "transB" && a.I == 1));
        int row = byChannel ? values.Length / (int)constant.Dims[0] : values.Length;
        for (int start = 0; start < values.Length; start += row)
        {
            float largest = values[start..(start + row)].Max(MathF.Abs);
            for (int i = start; i < start + row; i++)
            {
                double step = half ? MathF.Max(MathF.Abs(values[i]) / 1024, 6e-8f) : largest / 127;
                values[i] += (float)((random.NextDouble() - 0.5) * step);
            }
        }

        constant.FloatData.Clear();
        constant.RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray());
    }
}
