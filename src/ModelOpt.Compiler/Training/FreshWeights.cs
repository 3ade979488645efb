using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// New weights to train from: of layers, normally distributed with variance 2 / inputs (He et al., 2015), biases 0; normalizations do
/// nothing
/// (scale 1, shift 0, mean 0, variance 1); slopes of PRelu 1/4.
/// </summary>
internal static class FreshWeights
{
    private const float Slope = 0.25f;

    /// <summary>Replaces the parameters of a graph, in the order of its nodes.</summary>
    /// <param name="graph">The graph; each bias and each vector of a normalization is read by one node only.</param>
    /// <param name="seed">Where chance starts: the same seed gives the same bits on every machine.</param>
    public static void Draw(Graph graph, int seed)
    {
        var random = new Random(seed);
        HashSet<Value> drawn = [];
        foreach (Node node in graph.Nodes)
        {
            if (Operator.Of(node) is not IDifferentiable op) continue;
            bool isNormalization = node.Type == "BatchNormalization";
            for (int i = 1; i < node.Inputs.Count; i++)
            {
                if (!isNormalization && !op.Parameters.Contains(i)) continue;
                if (node.Inputs[i] is not { Constant: { Type: ElementType.Float32 } old } value || !drawn.Add(value)) continue;
                Tensor tensor = Tensor.Zeros(ElementType.Float32, old.Dims);
                if (isNormalization) tensor.Span<float>().Fill(i is 1 or 4 ? 1 : 0);
                else if (node.Type == "PRelu") tensor.Span<float>().Fill(Slope);
                else if (i == 1) Normal(tensor.Span<float>(), MathF.Sqrt(2f / Math.Max(1, InputsOf(node, old))), random);
                value.Constant = tensor;
            }
        }
    }

    /// <summary>How many inputs an output of a layer is the weighted sum of.</summary>
    private static int InputsOf(Node node, Tensor weight)
    {
        int axis = Operator.Of(node).WeightAxis(node);
        return axis >= 0 ? weight.Count / weight.Dims[axis] : weight.Dims[Math.Max(0, weight.Rank - 2)];
    }

    /// <summary>Marsaglia's polar method, with float32 functions that have the same bits on every machine.</summary>
    private static void Normal(Span<float> numbers, float deviation, Random random)
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            float x, y, square;
            do
            {
                (x, y) = ((2 * random.NextSingle()) - 1, (2 * random.NextSingle()) - 1);
                square = (x * x) + (y * y);
            }
            while (square is 0 or >= 1);
            numbers[i] = deviation * x * MathF.Sqrt(-2 * MathF32.Log(square) / square);
        }
    }
}
