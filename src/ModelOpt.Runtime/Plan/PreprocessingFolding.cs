using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Kernels.Quantize;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Folds the preparation of raw bytes – CAST from uint8, then arithmetic with constants for each channel, then QUANTIZE, with a TRANSPOSE
/// anywhere between – into one table of 256 entries for each channel, applied in the order of the bytes, and a TRANSPOSE of its result.
/// Each entry is computed by the same float operations in the same order.
/// </summary>
internal static class PreprocessingFolding
{
    private const int MaxChannels = 64;

    public static void Apply(Graph graph)
    {
        Dictionary<Tensor, int> uses = graph.CountUses();
        Dictionary<Tensor, Node> consumers = [];
        foreach (Node node in graph.Nodes)
        {
            foreach (Tensor? input in node.Inputs)
            {
                if (input is not null)
                    consumers[input] = node;
            }
        }
        var nodes = new List<Node>();
        var removed = new HashSet<Node>();
        foreach (Node node in graph.Nodes)
        {
            if (removed.Contains(node))
                continue;
            if (Chain.TryStart(node, uses, consumers) is { } chain)
            {
                nodes.AddRange(chain.Replacement());
                removed.UnionWith(chain.Nodes);
            }
            else
            {
                nodes.Add(node);
            }
        }
        graph.Nodes = nodes;
    }

    private sealed class Chain
    {
        private readonly Tensor _source;
        private readonly List<(Func<float, float, float> Function, Tensor Constant, bool ConstantFirst)> _steps = [];
        private Node? _transpose;
        private int _axis = -1;

        private Chain(Node cast)
        {
            _source = cast.Input(0);
            Nodes = [cast];
        }

        public List<Node> Nodes { get; }

        public static Chain? TryStart(Node cast, Dictionary<Tensor, int> uses, Dictionary<Tensor, Node> consumers)
        {
            if (cast.Operator != BuiltinOperator.Cast
                || cast.Input(0).Type != TensorType.UInt8
                || cast.Output.Type != TensorType.Float32
                || cast.Input(0).Elements == 0)
                return null;
            var chain = new Chain(cast);
            Node last = cast;
            while (uses.GetValueOrDefault(last.Output) == 1
                && consumers.TryGetValue(last.Output, out Node? next)
                && chain.TryAppend(last.Output, next))
            {
                last = next;
                if (next.Operator == BuiltinOperator.Quantize)
                    break;
            }
            return chain._steps.Count > 0 || last.Operator == BuiltinOperator.Quantize ? chain : null;
        }

        /// <summary>The table lookup, and the TRANSPOSE if there was one.</summary>
        public IEnumerable<Node> Replacement()
        {
            Tensor result = Nodes[^1].Output;
            int axis = _axis < 0 ? 0 : _axis;
            int channels = _axis < 0 ? 1 : _source.Shape[axis];
            int inner = _axis < 0 ? _source.Elements : Product(_source.Shape[(axis + 1)..]);
            int outer = _source.Elements / Math.Max(1, channels * inner);
            Kernel kernel = result.Type == TensorType.Float32
                ? new ChannelLookupKernel<float>(outer, channels, inner, Tables(channels, x => x))
                : CreateKernel(outer, channels, inner, Tables(channels, x => QuantizationTables.Quantize(x, result)));
            Node first = Nodes[0];
            Tensor output = _transpose is null
                ? result
                : new Tensor($"{result.Name} (before TRANSPOSE)", result.Type, _source.Shape, result.Quantization);
            yield return first.Fused(kernel, [_source], [output]);
            if (_transpose is not null)
                yield return new Node(_transpose.Operator, _transpose.Index, [output, _transpose.Input(1)], [result]);
        }

        // Equal tables of all channels are one.
        private static ChannelLookupKernel<byte> CreateKernel(int outer, int channels, int inner, byte[] tables) =>
            tables.AsSpan(256).SequenceEqual(tables.AsSpan(0, tables.Length - 256))
                ? new ChannelLookupKernel<byte>(outer * channels * inner, 1, 1, tables[..256])
                : new ChannelLookupKernel<byte>(outer, channels, inner, tables);

        private bool TryAppend(Tensor current, Node next)
        {
            switch (OperatorKernels.Of(next))
            {
                case TransposeOperator when _transpose is null && next.Input(0) == current && next.Input(1).IsConstant:
                    _transpose = next;
                    break;
                case QuantizeOperator when next.Output.IsQuantized8:
                    break;
                case ArithmeticOperator:
                    bool constantFirst = next.Input(1) == current;
                    Tensor constant = next.Input(constantFirst ? 0 : 1);
                    if (!constant.IsConstant || ArithmeticOperator.Activation(next) != ActivationFunction.None
                        || !next.Output.Shape.AsSpan().SequenceEqual(current.Shape) || !TryChooseAxis(current, constant))
                        return false;
                    _steps.Add((ArithmeticOperator.Float(next), constant, constantFirst));
                    break;
                default:
                    return false;
            }
            Nodes.Add(next);
            return true;
        }

        // A constant may vary along one axis, the same for all when seen from the source.
        private bool TryChooseAxis(Tensor current, Tensor constant)
        {
            if (constant.Elements == 1)
                return true;
            int fromEnd = Array.FindIndex(constant.Shape.Reverse().ToArray(), size => size != 1);
            int axis = current.Rank - 1 - fromEnd;
            if (axis < 0 || current.Shape[axis] != constant.Elements || constant.Elements > MaxChannels)
                return false;
            int source = _transpose is null ? axis : TransposeOperator.Permutation(_transpose)[axis];
            if (_axis >= 0 && _axis != source)
                return false;
            _axis = source;
            return true;
        }

        private T[] Tables<T>(int channels, Func<float, T> finish)
        {
            var tables = new T[channels * 256];
            for (int i = 0; i < tables.Length; i++)
            {
                float x = i % 256;
                foreach ((Func<float, float, float> function, Tensor constant, bool constantFirst) in _steps)
                {
                    float c = constant.Constant<float>()[constant.Elements == 1 ? 0 : i / 256];
                    x = constantFirst ? function(c, x) : function(x, c);
                }
                tables[i] = finish(x);
            }
            return tables;
        }

        private static int Product(int[] sizes) => sizes.Aggregate(1, (a, b) => a * b);
    }
}
