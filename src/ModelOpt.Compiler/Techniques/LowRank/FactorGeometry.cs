using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>The cost of a layer's factors, and the nodes that they become.</summary>
internal sealed class FactorGeometry
{
    private readonly Node _layer;
    private readonly Workers _workers;
    private readonly int _rank;
    private readonly long _inputPlane, _outputPlane, _verticalPlane, _horizontalPlane;

    /// <summary>Takes the sizes of a layer.</summary>
    /// <param name="layer">A Conv of known spatial sizes and one group, or a canonical Gemm; its weight is constant.</param>
    /// <param name="workers">The threads that compute with the weight.</param>
    public FactorGeometry(Node layer, Workers workers = default)
    {
        (_layer, _workers) = (layer, workers);
        Tensor weight = layer.Input(1).Constant!;
        _rank = weight.Rank - 2;
        Shape = _rank switch
        {
            2 => new WeightShape(weight.Dims[0], weight.Dims[1], weight.Dims[2], weight.Dims[3]),
            1 => new WeightShape(weight.Dims[0], weight.Dims[1], 1, weight.Dims[2]),
            _ => new WeightShape(weight.Dims[0], weight.Dims[1], 1, 1),
        };
        Macs = Operator.Of(layer).Macs(layer);
        if (_rank == 0) (_inputPlane, _outputPlane, _verticalPlane, _horizontalPlane) = (1, 1, 1, 1);
        else
        {
            int[] input = [1, .. layer.ShapeOf(0).Skip(1).Select(d => (int)d.Size)];
            (WindowAxis v, WindowAxis h) = ConvGeometry.OfConv(layer, weight.Shape).Resolve(input);
            (_inputPlane, _outputPlane) = ((long)v.Input * h.Input, (long)v.Output * h.Output);
            (_verticalPlane, _horizontalPlane) = ((long)v.Output * h.Input, (long)v.Input * h.Output);
        }
    }

    /// <summary>The weight's sizes.</summary>
    public WeightShape Shape { get; }

    /// <summary>Multiply-accumulates of the layer as it is.</summary>
    public long Macs { get; }

    /// <summary>The weight as a matrix [out, in·kh·kw].</summary>
    public RowMatrix Weight =>
        new(Shape.Outputs, Shape.PerOutput, [.. _layer.Input(1).Constant!.Span<float>().ToArray().Select(w => (double)w)], _workers);

    /// <summary>The forms that can be cheaper than the layer.</summary>
    public IEnumerable<FactorForm> Forms => (Shape.Height > 1, Shape.Width > 1) switch
    {
        (true, true) => Enum.GetValues<FactorForm>(),
        (false, false) => [FactorForm.Channel],
        _ => [FactorForm.Channel, FactorForm.Input, FactorForm.Tucker],
    };

    /// <summary>Multiply-accumulates of factors.</summary>
    public long MacsOf(FactorForm form, IReadOnlyList<int> ranks)
    {
        (int outputs, int inputs, int height, int width) = Shape;
        long taps = height * width, r = ranks[0];
        long own = form switch
        {
            FactorForm.Channel => r * (Shape.PerOutput + outputs) * _outputPlane,
            FactorForm.Vertical => r * (((long)inputs * height * _verticalPlane) + ((long)outputs * width * _outputPlane)),
            FactorForm.Horizontal => r * (((long)inputs * width * _horizontalPlane) + ((long)outputs * height * _outputPlane)),
            FactorForm.Input => r * ((inputs * _inputPlane) + (outputs * taps * _outputPlane)),
            _ => (r * inputs * _inputPlane) + (((r * taps) + outputs) * ranks[1] * _outputPlane),
        };
        // A fixed batch multiplies the layer's and the factors' alike.
        long whole = Shape.PerOutput * outputs * _outputPlane;
        return whole > 0 ? (long)((double)own / whole * Macs) : 0;
    }

    /// <summary>Puts factors in the place of the layer. The last one keeps the name of the output.</summary>
    public void Replace(Graph graph, Factorization factors, LayerTarget target)
    {
        string label = _layer.Label;
        Value output = _layer.Output, from = _layer.Input(0);
        Value? bias = _layer.InputOrNull(2);
        List<Node> nodes = [];
        for (int i = 0; i < factors.Factors.Count; i++)
        {
            RowMatrix factor = factors.Factors[i];
            bool last = i == factors.Factors.Count - 1;
            (bool vertical, bool horizontal) = Covers(factors.Form, i);
            List<int> dims = [factor.Rows, factor.Columns / ((vertical ? Shape.Height : 1) * (horizontal ? Shape.Width : 1))];
            if (_rank == 2) dims.Add(vertical ? Shape.Height : 1);
            if (_rank >= 1) dims.Add(horizontal ? Shape.Width : 1);
            List<Value?> inputs = [from, graph.AddConstant($"{label}/{i}/weight", Tensor.Of<float>([.. dims], ToFloat(factor.Data)))];
            if (last && Bias(factors, target, bias) is { } values) inputs.Add(graph.AddConstant($"{label}/{i}/bias", values));
            var node = new Node(_layer.Type, $"{label}/{i}", inputs, []) { PartOf = _layer.PartOf ?? label };
            if (_rank > 0) SetWindow(node, vertical, horizontal, dims);
            else node.Attributes["transB"] = 1L;
            graph.InsertBefore(_layer, node);
            nodes.Add(node);
            if (last) break;
            from = new Value(graph.UniqueName($"{label}/{i}/output"));
            node.AddOutput(from);
            Operator.Of(node).InferShapes(node);
        }

        graph.Remove(_layer);
        nodes[^1].AddOutput(output);
    }

    /// <summary>The bias of a weight that stands for the layer's: outputs keep their mean.</summary>
    /// <param name="bias">The layer's bias, or null.</param>
    private static Tensor? Bias(Factorization factors, LayerTarget target, Value? bias) =>
        target.BiasFor(factors.Composed) is { } mean ? Tensor.Vector<float>(mean) : bias?.Constant;

    /// <summary>Which axes of the window a factor has; the others are its neighbours'.</summary>
    private static (bool Vertical, bool Horizontal) Covers(FactorForm form, int index) => form switch
    {
        FactorForm.Channel => (index == 0, index == 0),
        FactorForm.Vertical => (index == 0, index == 1),
        FactorForm.Horizontal => (index == 1, index == 0),
        _ => (index == 1, index == 1),
    };

    /// <summary>
    /// Strides, dilations and padding, per axis where the window is. Zeros that a later factor pads with are what the factor
    /// before it computes from zeros, as only the last one has a bias.
    /// </summary>
    private void SetWindow(Node node, bool vertical, bool horizontal, List<int> dims)
    {
        bool[] has = _rank == 2 ? [vertical, horizontal] : [horizontal];
        node.Attributes["kernel_shape"] = dims.Skip(2).Select(d => (long)d).ToArray();
        Set("strides", 1, 1);
        Set("dilations", 1, 1);
        string autoPad = _layer.String("auto_pad", "NOTSET");
        if (autoPad == "NOTSET") Set("pads", 2, 0);
        else node.Attributes["auto_pad"] = autoPad;

        void Set(string name, int each, long none)
        {
            if (_layer.Ints(name) is not { } given) return;
            node.Attributes[name] = Enumerable.Range(0, _rank * each).Select(i => has[i % _rank] ? given[i] : none).ToArray();
        }
    }

    internal static float[] ToFloat(double[] values) => Array.ConvertAll(values, v => (float)v);
}
