using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Node = ModelOpt.Compiler.Graphs.Node;
using StoredNode = ModelOpt.Runtime.Model.Node;
using StoredTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Proves on the bytes of the written TFLite file that every constraint still holds: reads the file back and counts zeros, patterns and
/// distinct values in its integers, float16 or float32 numbers.
/// </summary>
internal static class ConstraintVerifier
{
    /// <summary>Checks the weights of a file.</summary>
    /// <exception cref="CompilationException">A constraint is broken; the diagnostic names the layer.</exception>
    public static void Verify(Graph graph, byte[] tflite)
    {
        if (!graph.Nodes.Any(IsConstrained)) return;
        Node[] layers = [.. graph.Nodes.Where(n => Operator.Of(n).WritesWeight(n))];
        Runtime.Model.Graph file = GraphReader.Read(tflite);
        Dictionary<StoredTensor, StoredNode> producers = file.Producers();
        (StoredNode Node, StoredTensor Weight)[] stored =
            [.. file.Nodes.Select(n => (Node: n, Weight: WeightOf(n, producers)!)).Where(s => s.Weight is not null)];
        if (layers.Length != stored.Length)
            throw ConstraintDiagnostics.NotAsDecided.Error(null, $"there are {stored.Length} layers instead of {layers.Length}");
        foreach ((Node layer, (StoredNode node, StoredTensor weight)) in layers.Zip(stored))
        {
            if (ConstraintsOf(layer) is { } constraints) Verify(layer, constraints, node, weight);
        }

        VerifyRecurrent(graph, file, producers);
    }

    /// <summary>Checks recurrent layers, which the file has as they are.</summary>
    private static void VerifyRecurrent(Graph graph, Runtime.Model.Graph file, Dictionary<StoredTensor, StoredNode> producers)
    {
        Node[] layers = [.. graph.Nodes.Where(LayerWeight.IsRecurrent)];
        StoredNode[] stored =
            [.. file.Nodes.Where(n => n.Operator is BuiltinOperator.LSTM or BuiltinOperator.GRU or BuiltinOperator.RNN)];
        if (layers.Length != stored.Length)
            throw ConstraintDiagnostics.NotAsDecided.Error(null, $"there are {stored.Length} recurrent layers instead of {layers.Length}");
        foreach ((Node layer, StoredNode node) in layers.Zip(stored))
        {
            foreach (LayerWeight weight in LayerWeight.OfRecurrent(layer))
            {
                if (weight.Value.Constraints is not { } constraints) continue;
                float[] decided = Stored(weight.Value), written = ConstantOf(node.Input(weight.Input), producers) is { } t ? Floats(t) : [];
                if (!decided.AsSpan().SequenceEqual(written)) throw ConstraintDiagnostics.NotOnGrid.Error(layer.Label, weight.Input);
                Verify(layer.Label, constraints, written, weight.Dims);
            }
        }
    }

    private static bool IsConstrained(Node node) => ConstraintsOf(node) is not null
        || (LayerWeight.IsRecurrent(node) && LayerWeight.OfRecurrent(node).Any(w => w.Value.Constraints is not null));

    /// <summary>Checks the stored weights of one layer.</summary>
    /// <param name="weight">The stored integers or floats, output channels first.</param>
    /// <param name="dims">[out, in, …].</param>
    public static void Verify(string layer, WeightConstraints constraints, float[] weight, int[] dims)
    {
        int perChannel = weight.Length / Math.Max(1, dims[0]);
        if (constraints.Mask is { } mask)
        {
            int lost = weight.Where((w, i) => mask.Zeros[i] && w != 0).Count();
            if (lost > 0) throw ConstraintDiagnostics.ZerosLost.Error(layer, lost);
            if (!PatternCheck.IsWhole(mask, dims)) throw ConstraintDiagnostics.PatternBroken.Error(layer, mask.Pattern, 0);
            if (PatternCheck.FirstBroken(mask.Pattern, i => weight[i] == 0, dims) is { } channel)
                throw ConstraintDiagnostics.PatternBroken.Error(layer, mask.Pattern, channel);
        }

        if (constraints.Codebook is { } codebook)
        {
            int most = codebook.Scope == ClusterScope.Tensor ? weight.Distinct().Count()
                : Enumerable.Range(0, dims[0]).Max(c => weight.AsSpan(c * perChannel, perChannel).ToArray().Distinct().Count());
            if (most > codebook.Clusters) throw ConstraintDiagnostics.TooManyValues.Error(layer, most, codebook.Clusters);
        }
    }

    private static void Verify(Node layer, WeightConstraints constraints, StoredNode node, StoredTensor weight)
    {
        Value value = layer.Input(1);
        // A MatMul's matrix is stored transposed, and its constraints have no channels.
        int[] dims = Operator.Of(layer).WeightAxis(layer) < 0 ? [1, value.Constant!.Count] : value.Constant!.Dims.ToArray();
        float[] decided = Stored(value), file = Floats(weight);
        if (decided.Length != file.Length)
            throw ConstraintDiagnostics.NotAsDecided.Error(layer.Label, $"there are {file.Length} weights instead of {decided.Length}");
        WeightLayout layout = OperatorKernels.Of(node).Weight;
        bool isDense = layout is WeightLayout.Rows or WeightLayout.Matrices;
        float[] ordered = isDense ? file : InOnnxOrder(file, dims, layout == WeightLayout.DepthwiseFilters);
        int perChannel = decided.Length / Math.Max(1, dims[0]);
        for (int c = 0; c < dims[0]; c++)
        {
            float[] a = decided.AsSpan(c * perChannel, perChannel).ToArray(), b = ordered.AsSpan(c * perChannel, perChannel).ToArray();
            if (isDense)
            {
                // After a Flatten the columns have the order of the stored image.
                Array.Sort(a);
                Array.Sort(b);
            }

            if (!a.AsSpan().SequenceEqual(b)) throw ConstraintDiagnostics.NotOnGrid.Error(layer.Label, c);
        }

        Verify(layer.Label, constraints, isDense ? decided : ordered, dims);
    }

    private static WeightConstraints? ConstraintsOf(Node node) =>
        node.InputOrNull(1) is { IsConstant: true } weight ? weight.Constraints : null;

    /// <summary>The constant that a layer multiplies by, perhaps through the DEQUANTIZE of one that is only stored in fewer bits.</summary>
    private static StoredTensor? WeightOf(StoredNode node, Dictionary<StoredTensor, StoredNode> producers)
    {
        if (OperatorKernels.Of(node).Weight == WeightLayout.None) return null;
        return node.OptionalInput(1) is { } weight ? ConstantOf(weight, producers) : null;
    }

    /// <summary>A constant, perhaps behind a DEQUANTIZE; or null.</summary>
    private static StoredTensor? ConstantOf(StoredTensor? weight, Dictionary<StoredTensor, StoredNode> producers)
    {
        if (weight is not null && producers.TryGetValue(weight, out StoredNode? producer))
            weight = producer.Operator == BuiltinOperator.Dequantize ? producer.Input(0) : null;
        return weight is { IsConstant: true } ? weight : null;
    }

    /// <summary>The numbers that a weight is stored as.</summary>
    private static float[] Stored(Value weight)
    {
        Graphs.Tensor tensor = weight.Constant!;
        if (weight.Quantization is null or { Type: ElementType.Float16 }) return tensor.Span<float>().ToArray();
        return [.. weight.Quantization.Quantize(tensor).Span<sbyte>().ToArray().Select(i => (float)i)];
    }

    private static float[] Floats(StoredTensor tensor)
    {
        Graphs.Tensor read = tensor.Type switch
        {
            TensorType.Int8 => Read(ElementType.Int8),
            TensorType.Float16 => Read(ElementType.Float16),
            _ => Read(ElementType.Float32),
        };
        return Casting.To(read, ElementType.Float32).Span<float>().ToArray();

        Graphs.Tensor Read(ElementType type) => new(type, tensor.Shape, tensor.Data!.Value.ToArray());
    }

    /// <summary>OHWI, or 1HWO for depthwise, to OIHW.</summary>
    private static float[] InOnnxOrder(float[] weight, int[] dims, bool isDepthwise)
    {
        int outputs = dims[0], inputs = dims[1], taps = weight.Length / Math.Max(1, outputs * inputs);
        float[] result = new float[weight.Length];
        for (int o = 0, at = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                for (int t = 0; t < taps; t++)
                    result[at++] = weight[isDepthwise ? (t * outputs) + o : (((o * taps) + t) * inputs) + i];
            }
        }

        return result;
    }
}
