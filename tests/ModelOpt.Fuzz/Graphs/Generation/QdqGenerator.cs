using Microsoft.ML.OnnxRuntime;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Resampling;
using ModelOpt.Fuzz.Graphs.Checks;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <summary>
/// Makes random models that are quantized already: a random float model, into which QuantizeLinear and DequantizeLinear are put, by
/// ONNX Runtime's rules or by rules that other tools have.
/// </summary>
internal sealed class QdqGenerator
{
    private static readonly HashSet<string> Movers =
        ["Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "MaxPool", "Slice", "Split", "Gather", "Identity", "Dropout", "Resize"];

    private readonly Random _random;
    private readonly Subject _subject;
    private readonly ModelProto _model;
    private readonly QdqStyle _style;
    private readonly Dictionary<string, Grid> _grids = [];

    private QdqGenerator(Random random, Subject subject)
    {
        (_random, _subject, _model) = (random, subject, subject.Model.Clone());
        _style = QdqStyle.Random(random, (int)_model.OpsetImport[0].Version);
    }

    /// <summary>Makes a model.</summary>
    public static ModelProto Make(Random random)
    {
        for (; ; )
        {
            ModelProto model = GraphGenerator.Make(random, shrinks: false).Model;
            // Only what is computed has a range that is seen.
            HashSet<string> constants = [.. model.Graph.Initializer.Select(i => i.Name)];
            foreach (ValueInfoProto output in model.Graph.Output.Where(o => constants.Contains(o.Name)).ToArray())
                model.Graph.Output.Remove(output);
            foreach (ValueInfoProto input in model.Graph.Input.Where(i => constants.Contains(i.Name)).ToArray())
                model.Graph.Input.Remove(input);
            try
            {
                Subject subject = new(model);
                if (!subject.IsTame) continue;
                ModelProto made = new QdqGenerator(random, subject).Make();
                QdqBorder.Apply(made, random);
                return made;
            }
            catch (OnnxRuntimeException e)
            {
                throw new InvalidOperationException($"The float model is not valid: {e.Message}", e);
            }
        }
    }

    private ModelProto Make()
    {
        NodeProto[] nodes = [.. _model.Graph.Node];
        string[] inputs = [.. Samples.Fed(_model).Select(i => i.Name)];
        _model.Graph.Node.Clear();
        foreach (string input in inputs) Pair(input, nodes);
        foreach (NodeProto node in nodes)
        {
            Constants(node, nodes);
            _model.Graph.Node.Add(node);
            foreach (string output in node.Output.ToArray()) Pair(output, nodes);
        }

        return _model;
    }

    /// <summary>Puts a pair, or several, behind a value.</summary>
    private void Pair(string value, NodeProto[] nodes)
    {
        if (!_subject.Values[0].TryGetValue(value, out Tensor? tensor) || tensor.Type != ElementType.Float32 || tensor.Count == 0) return;
        NodeProto? producer = nodes.FirstOrDefault(n => n.Output.Contains(value));
        NodeProto[] readers = [.. nodes.Where(n => n.Input.Contains(value))];
        bool isOutput = _model.Graph.Output.Any(o => o.Name == value);
        bool isFused = producer?.OpType is "Conv" or "Gemm" or "Add" && readers is [{ OpType: "Relu" or "Clip" }] && !isOutput;
        if (_random.NextDouble() > (isFused ? 0.15 : _style.Share)) return;

        Grid grid = GridOf(value, producer);
        if (isOutput && producer is not null)
        {
            // The output's name stays with what the caller gets.
            string raw = $"{value}_raw";
            producer.Output[producer.Output.IndexOf(value)] = raw;
            Restore(Quantize(raw, grid), grid, value);
            _grids[value] = grid;
            return;
        }

        if (isOutput) return;
        bool ownPairs = _random.NextDouble() < _style.OwnPairs, ownRestores = _random.NextDouble() < _style.OwnRestores;
        string? stored = ownPairs ? null : Quantize(value, grid), restored = stored is null || ownRestores ? null : Restore(stored, grid);
        foreach (NodeProto reader in readers)
        {
            if (_random.NextDouble() < _style.Unrounded) continue;
            Grid own = ownPairs && _random.Next(2) == 0 ? Wider(grid) : grid;
            string read = restored ?? Restore(stored ?? Quantize(value, own), own);
            _grids[read] = own;
            for (int i = 0; i < reader.Input.Count; i++)
                if (reader.Input[i] == value) reader.Input[i] = read;
        }
    }

    private Grid GridOf(string value, NodeProto? producer)
    {
        if (producer is not null && Movers.Contains(producer.OpType) && _random.NextDouble() < _style.SameBehindMovers
            && _grids.TryGetValue(producer.Input[0], out Grid? same)) return same;
        float[] seen = [.. _subject.Values.SelectMany(v => v[value].Span<float>().ToArray())];
        float low = Math.Min(0, seen.Min()), high = Math.Max(0, seen.Max());
        // Calibration on other data finds other ends.
        float factor = (float)(0.9 + (0.3 * _random.NextDouble()));
        return _style.GridOf(low * factor, high * factor, _random);
    }

    private static Grid Wider(Grid grid) => grid with { Scale = grid.Scale * 1.3f };

    private string Quantize(string value, Grid grid) =>
        Add("QuantizeLinear", Fresh("q"), value, Constant("scale", Tensor.Scalar(grid.Scale)), Constant("zero", _style.ZeroPoint(grid)));

    private string Restore(string stored, Grid grid, string? name = null) =>
        Add("DequantizeLinear", name ?? Fresh("dq"), stored, Constant("scale", Tensor.Scalar(grid.Scale)),
            Constant("zero", _style.ZeroPoint(grid)));

    /// <summary>Stores a node's constants as integers.</summary>
    private void Constants(NodeProto node, NodeProto[] nodes)
    {
        bool isLayer = node.OpType is "Conv" or "Gemm" or "MatMul" or "ConvTranspose";
        for (int i = 0; i < node.Input.Count; i++)
        {
            TensorProto? proto = _model.Graph.Initializer.FirstOrDefault(c => c.Name == node.Input[i]);
            if (proto is null || proto.DataType != (int)ElementType.Float32) continue;
            Tensor constant = OnnxTensors.Read(proto, new ExternalData(null), proto.Name);
            if (isLayer && i == 1 && constant.Rank >= 2) Weight(node, proto, constant);
            else if (isLayer && i == 2) Bias(node, proto, constant);
            else if (!isLayer && constant.Rank > 0 && node.OpType is "Add" or "Mul" or "Sub" or "Concat"
                && _random.NextDouble() < _style.Share) Operand(proto, constant);
        }
    }

    private void Weight(NodeProto node, TensorProto proto, Tensor weight)
    {
        bool transposed = node.Attribute.Any(a => a.Name == "transB" && a.I == 1);
        int axis = node.OpType switch { "Conv" => 0, "ConvTranspose" => 1, "Gemm" => transposed ? 0 : 1, _ => weight.Rank - 1 };
        if (_random.NextDouble() > _style.PerChannel) axis = -1;
        StoredWeight stored = StoredWeight.Of(weight, axis, _style.WeightType, _style.AsymmetricWeights, _random);
        _scales[proto.Name] = stored.Scales;
        Replace(proto, stored.Integers, stored.Scales, stored.ZeroPoints, axis);
    }

    private readonly Dictionary<string, float[]> _scales = [];

    /// <summary>A bias in int32, on the grid of the sums or on one of its own; or in float.</summary>
    private void Bias(NodeProto node, TensorProto proto, Tensor bias)
    {
        if (_random.NextDouble() < _style.FloatBias || bias.Rank != 1) return;
        bool follows = _random.NextDouble() < _style.FollowingBias && _grids.ContainsKey(node.Input[0])
            && _scales.ContainsKey(node.Input[1]);
        float[] steps = follows ? [.. _scales[node.Input[1]].Select(s => s * _grids[node.Input[0]].Scale)]
            : [bias.Span<float>().ToArray().Max(MathF.Abs) / (_random.Next(2) == 0 ? 1 << 20 : 127) + 1e-9f];
        if (steps.Length > 1 && steps.Length != bias.Count) return;
        Tensor integers = Tensor.Zeros(ElementType.Int32, bias.Dims);
        for (int i = 0; i < bias.Count; i++)
            integers.Span<int>()[i] = (int)Math.Clamp(
                Math.Round((double)bias.Span<float>()[i] / steps[steps.Length == 1 ? 0 : i]), -(1 << 30), 1 << 30);
        Replace(proto, integers, steps, null, steps.Length == 1 ? -1 : 0);
    }

    private void Operand(TensorProto proto, Tensor constant)
    {
        StoredWeight stored = StoredWeight.Of(constant, -1, ElementType.UInt8, true, _random);
        Replace(proto, stored.Integers, stored.Scales, stored.ZeroPoints, -1);
    }

    /// <summary>Puts a DequantizeLinear of integers in a constant's place; all who read it read the same.</summary>
    private void Replace(TensorProto proto, Tensor integers, float[] steps, Tensor? zeroPoints, int axis)
    {
        _model.Graph.Initializer.Remove(proto);
        string stored = Constant($"{proto.Name}_stored", integers),
            scale = Constant("scale", axis < 0 ? Tensor.Scalar(steps[0]) : Tensor.Vector<float>(steps));
        string[] zero = zeroPoints is null ? [] : [Constant("zero", zeroPoints)];
        Add("DequantizeLinear", proto.Name, [stored, scale, .. zero]);
        if (axis >= 0) _model.Graph.Node[^1].Attribute.Add(
            new AttributeProto { Name = "axis", I = axis, Type = AttributeProto.Types.AttributeType.Int });
    }

    private string Add(string type, string result, params string[] inputs)
    {
        _model.Graph.Node.Add(new NodeProto { OpType = type, Name = Fresh(type), Input = { inputs }, Output = { result } });
        return result;
    }

    private string Constant(string stem, Tensor tensor)
    {
        string name = Fresh(stem);
        _model.Graph.Initializer.Add(OnnxTensors.Write(name, tensor));
        return name;
    }

    private int _names;

    private string Fresh(string stem) => $"{stem}_{++_names}";
}
