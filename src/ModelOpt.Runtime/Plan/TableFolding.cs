using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Kernels.Quantize;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds functions of each element of one 8-bit or bool tensor, such as x · sigmoid(x), into a table of 256 entries. The kernels of the
/// nodes compute the entries, from all bytes that an element may be.
/// </summary>
internal static class TableFolding
{
    private const int Entries = 256;

    // Fewer elements are not worth the entries.
    private const int LeastElements = 2 * Entries;

    public static void Apply(Graph graph)
    {
        var functions = new Dictionary<Tensor, Function>();
        foreach (Node node in graph.Nodes)
        {
            if (Function.TryCreate(node, functions) is { } function)
                functions.Add(node.Output, function);
        }

        var needed = new HashSet<Tensor>(graph.Outputs);
        foreach (Node node in graph.Nodes)
        {
            if (functions.ContainsKey(node.Outputs[0]))
                continue;
            foreach (Tensor? input in node.Inputs)
            {
                if (input is not null)
                    needed.Add(input);
            }
        }

        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            Tensor output = graph.Nodes[i].Outputs[0];
            if (needed.Contains(output) && functions.TryGetValue(output, out Function? function) && function.Steps > 1)
                graph.Nodes[i] = function.Fused(output, graph) ?? graph.Nodes[i];
        }
    }

    /// <summary>What is computed from a tensor, element by element.</summary>
    private sealed class Function
    {
        private readonly Node _node;
        private readonly Function?[] _operands;
        private readonly Tensor _source;
        private Tensor? _values;
        private bool _isTried;

        private Function(Node node, Tensor source, Function?[] operands, int steps)
        {
            _node = node;
            _source = source;
            _operands = operands;
            Steps = steps;
        }

        /// <summary>Nodes from the source to the result; some count more than once.</summary>
        public int Steps { get; }

        /// <summary>The function of a node; null where it is none.</summary>
        /// <param name="node">The node.</param>
        /// <param name="functions">Those of the nodes before.</param>
        public static Function? TryCreate(Node node, Dictionary<Tensor, Function> functions)
        {
            if (node.FusedKernel is not null || node.Outputs.Length != 1 || node.FoldedPadding != default || !IsResult(node.Output))
                return null;
            if (StorageMap.KeepsBytes(node))
                return functions.GetValueOrDefault(node.Input(0));
            if (!IsElementwise(node))
                return null;
            Tensor? source = null;
            int[]? shape = null;
            var operands = new Function?[node.Inputs.Length];
            int steps = 1;
            for (int i = 0; i < operands.Length; i++)
            {
                if (node.Inputs[i] is not { } input)
                    return null;
                if (input.IsConstant && input.Elements == 1)
                    continue;
                operands[i] = functions.GetValueOrDefault(input);
                Tensor from = operands[i]?._source ?? input;
                if (from != (source ??= from) || !input.Shape.AsSpan().SequenceEqual(shape ??= input.Shape))
                    return null;
                steps += operands[i]?.Steps ?? 0;
            }

            return source is not null && IsSource(source) && node.Output.Shape.AsSpan().SequenceEqual(shape)
                ? new Function(node, source, operands, Math.Min(steps, Entries))
                : null;
        }

        /// <summary>The function as one node; null where its entries can't be computed.</summary>
        public Node? Fused(Tensor output, Graph graph)
        {
            long budget = graph.Budget.Folding;
            Tensor? values = Values(ref budget);
            graph.Budget.Folding = budget;
            if (values is null)
                return null;
            Kernel kernel = output.Type == TensorType.Float32
                ? new FloatLookupKernel(output.Elements, values.Constant<float>().ToArray())
                : new LookupTableKernel(output.Elements, values.ConstantBytes().ToArray());
            return _node.Fused(kernel, [_source], [output]);
        }

        private static bool IsSource(Tensor tensor) =>
            !tensor.IsConstant && tensor.Elements >= LeastElements && (IsByte(tensor) || tensor.Type == TensorType.Bool);

        private static bool IsResult(Tensor tensor) => IsByte(tensor) || tensor.Type is TensorType.Bool or TensorType.Float32;

        private static bool IsByte(Tensor tensor) => tensor is { IsQuantized8: true, Quantization.Count: 1 };

        private static bool IsElementwise(Node node) => OperatorKernels.Of(node)
            is UnaryOperator or ArithmeticOperator or QuantizeOperator or DequantizeOperator or CastOperator or ComparisonOperator
            or PowOperator or PReluOperator or LogicalNotOperator;

        /// <summary>The results for all bytes; null where they can't be computed.</summary>
        private Tensor? Values(ref long budget)
        {
            if (_isTried)
                return _values;
            _isTried = true;
            var inputs = new Tensor?[_operands.Length];
            for (int i = 0; i < inputs.Length; i++)
            {
                Tensor input = _node.Input(i);
                inputs[i] = input.IsConstant && input.Elements == 1 ? With(input, [1], input.Data!.Value)
                    : _operands[i] is { } operand ? operand.Values(ref budget)
                    : With(input, [Entries], AllBytes());
                if (inputs[i] is null)
                    return null;
            }

            var result = new Tensor(_node.Output.Name, _node.Output.Type, [Entries], _node.Output.Quantization);
            Node node = _node.On(inputs, [result], null);
            node.FoldedRange = _node.FoldedRange;
            return ConstantFolding.TryFold(node, ref budget) ? _values = result : null;
        }

        private static Tensor With(Tensor tensor, int[] shape, ReadOnlyMemory<byte> data) =>
            new(tensor.Name, tensor.Type, shape, tensor.Quantization) { Data = data };

        private static byte[] AllBytes()
        {
            var bytes = new byte[Entries];
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = (byte)i;
            return bytes;
        }
    }
}
