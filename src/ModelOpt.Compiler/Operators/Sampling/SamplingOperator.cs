using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels.Sampling;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>
/// An operator that draws random numbers: after each load of a file the same, and from run to run others. A node without a seed gets one
/// of its own, so that the same model gives the same file.
/// </summary>
internal abstract class SamplingOperator : Operator
{
    private const string SeedName = "seed";
    // TFLite takes two zeros for no seed.
    private const long Second = 1;

    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 0;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.None;

    protected sealed override bool DrawsNumbers => true;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) => [];

    public sealed override bool TakesComputedSizes(Node node) => true;

    public sealed override void Normalize(Graph graph, Node node)
    {
        if (node.Attributes.ContainsKey(SeedName)) return;
        // FNV-1a, of which a float holds 24 bits.
        uint hash = 2166136261;
        foreach (char letter in node.Output.Name) hash = unchecked((hash ^ letter) * 16777619);
        node.Attributes[SeedName] = (float)(hash >> 8);
    }

    /// <summary>The numbers of a node's first run.</summary>
    protected static RandomNumbers Numbers(Node node) => new(Seed(node), Second, 0);

    /// <summary>The seeds of a node.</summary>
    protected static RandomOptions Options(Node node) => new(Seed(node), Second);

    /// <summary>Uniform numbers in [0, 1), or normal ones of deviation 1, in the shape of a tensor.</summary>
    /// <param name="shape">int32.</param>
    protected static TfliteTensor Draw(Lowering context, Node node, BuiltinOperator op, TfliteTensor shape, TfliteTensor to)
    {
        context.Emit(op, [shape], [to], Options(node));
        return to;
    }

    /// <summary>The sizes of a tensor, int32, as a constant where they are known.</summary>
    protected static TfliteTensor SizesOf(Lowering context, Node node, TfliteTensor sized, Func<TfliteTensor> source)
    {
        var steps = new LoweringSteps(context, node);
        return sized.OpenAxis < 0 && !sized.IsComputed ? steps.Ints(sized.Dims) : steps.Sizes(source());
    }

    /// <summary>The element type that attribute <c>dtype</c> says.</summary>
    /// <param name="fallback">The type where there is none.</param>
    protected static ElementType TypeOf(Node node, ElementType fallback, Func<ElementType, bool> takes)
    {
        var type = (ElementType)node.Int("dtype", (long)fallback);
        return takes(type) && type.Size() > 0 ? type : throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "dtype", $"is {type}");
    }

    private static long Seed(Node node) => BitConverter.SingleToInt32Bits(node.Float(SeedName, 0));
}
