using System.Reflection;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// The compiler's knowledge of one ONNX operator, in one file. The compiler finds it by type; there is no list to edit. Operators have no
/// state: they see a node's attributes and values only.
/// </summary>
internal abstract class Operator
{
    private static readonly Dictionary<string, Operator> All = Assembly.GetExecutingAssembly().GetTypes()
        .Where(t => t.IsSubclassOf(typeof(Operator)) && !t.IsAbstract)
        .Select(t => (Operator)Activator.CreateInstance(t)!)
        .ToDictionary(o => o.Type, StringComparer.Ordinal);

    /// <summary>The names of all operators, in ordinal order.</summary>
    public static IEnumerable<string> Names => All.Keys.Order(StringComparer.Ordinal);

    /// <summary>ONNX's name of the operator: that of the class, except where C# or its rules do not allow it.</summary>
    public virtual string Type => GetType().Name;

    /// <summary>How many inputs and outputs a node has, in the form of <see cref="Graph.Opset"/>.</summary>
    public abstract Arity Arity { get; }

    /// <summary>How the operator is treated when its values are quantized.</summary>
    public abstract QuantizationRule Quantization { get; }

    /// <summary>
    /// How many of the first inputs are data, to be quantized where the node is; those behind (bounds, pads, axes) stay
    /// as they are.
    /// </summary>
    public abstract int DataInputs { get; }

    /// <summary>The number that a node writes where no element of its data comes; null where it writes none, or zero.</summary>
    public virtual Value? Fill(Node node) => null;

    /// <summary>The kinds of elements that input 0 may have.</summary>
    /// <param name="node">The node, with the types of its inputs.</param>
    public virtual ElementKinds Takes(Node node) => ElementKinds.Any;

    /// <summary>Properties of a node's function.</summary>
    public abstract OperatorTraits Traits(Node node);

    /// <summary>Whether a node is a layer (<see cref="OperatorTraits.Layer"/>).</summary>
    public static bool IsLayer(Node node) => Of(node).Traits(node).HasFlag(OperatorTraits.Layer);

    /// <summary>Whether it draws random numbers, so that no constant stands for its outputs.</summary>
    protected virtual bool DrawsNumbers => false;

    /// <summary>Whether a node draws random numbers; types and shapes need not be known.</summary>
    public static bool IsRandom(Node node) => Of(node).DrawsNumbers;

    /// <summary>How axes travel from the inputs to the outputs; an axis that is on no route does not.</summary>
    public abstract IEnumerable<AxisRoute> Axes(Node node);

    /// <summary>
    /// Adapts attributes and integer inputs (sizes, starts, groups) to values that lose elements of routes that are not rigid. Other inputs
    /// are cut by who asks.
    /// </summary>
    /// <param name="node">The node; its values still have the shapes that they had.</param>
    public virtual void Narrow(Graph graph, Node node, AxisCut cut)
    {
    }

    /// <summary>Why a node cannot run in int8 although its operator can; null where it can.</summary>
    public virtual string? WhyFloat(Node node) => null;

    /// <summary>Whether the integer form keeps the digits that the result has steps for.</summary>
    /// <param name="inputs">The grids of the data inputs, per tensor.</param>
    /// <param name="result">The grid of an output, or of the activation fused to it.</param>
    public virtual bool TakesGrids(IEnumerable<Quantization> inputs, Quantization result) => true;

    /// <summary>Whether the number of outputs changes what the node computes, so that an unread output still counts.</summary>
    public virtual bool CountsOutputs => false;

    /// <summary>The attributes that hold graphs; a node has all of them.</summary>
    public virtual IReadOnlyList<string> Bodies => [];

    /// <summary>The bodies of a node that may run, whose shapes are inferred.</summary>
    /// <param name="node">The node, with the shapes of its inputs.</param>
    public virtual IEnumerable<Graph> LiveBodies(Node node) => node.Bodies;

    /// <summary>For <see cref="QuantizationRule.Weighted"/>: the axis of the weight (input 1) that counts output channels.</summary>
    /// <returns>The axis, or -1 where one scale must serve the whole weight.</returns>
    public virtual int WeightAxis(Node node) => 0;

    /// <summary>The inputs of a node that are weights, which are stored in fewer bits also where it computes in float32.</summary>
    /// <returns>The position of each, and its axis that counts output channels, or -1 where one scale must serve all of it.</returns>
    public virtual IReadOnlyList<(int Input, int Axis)> Weights(Node node) =>
        Quantization == QuantizationRule.Weighted ? [(1, WeightAxis(node))] : [];

    /// <summary>Whether a node is written as a convolution or a product with a constant, be it a weight of the model's or not.</summary>
    public virtual bool WritesWeight(Node node) => Quantization == QuantizationRule.Weighted && node.Input(1).IsConstant;

    /// <summary>The operator of a node.</summary>
    /// <exception cref="CompilationException">It is not supported.</exception>
    public static Operator Of(Node node) =>
        Find(node) ?? throw GraphDiagnostics.UnsupportedOperator.Error(
            node.Label, node.Domain.Length == 0 ? node.Type : $"{node.Domain}.{node.Type}");

    /// <summary>The operator of a node, or null where it is not supported.</summary>
    public static Operator? Find(Node node) => node.Domain.Length == 0 ? Find(node.Type) : null;

    /// <summary>An operator by its name in ONNX, or null where it is not supported.</summary>
    public static Operator? Find(string type) => All.GetValueOrDefault(type);

    /// <summary>
    /// Every version of the operator that ONNX has, ascending, up to the newest at <see cref="Graph.Opset"/>. The rest of
    /// the operator knows the form of the newest only.
    /// </summary>
    public abstract IReadOnlyList<OpsetStep> Versions { get; }

    /// <summary>
    /// Brings a node of the form that ONNX had as an experiment, before it took the operator up, to the first version; null where there
    /// was none.
    /// </summary>
    protected virtual Action<Node>? Experimental => null;

    /// <summary>The opset that brought the version in force at an opset; 0 where that is older than the operator.</summary>
    public int VersionAt(int opset) => Versions.LastOrDefault(v => v.Opset <= opset)?.Opset ?? 0;

    /// <summary>
    /// Brings a node from the form of the model's opset to that of <see cref="Graph.Opset"/>, a version at a time. Called once, when the
    /// model is read, before shapes are known.
    /// </summary>
    /// <exception cref="CompilationException">The opset does not have the operator, not an attribute of the node, or not all of its
    /// inputs or outputs.</exception>
    public void Upgrade(Graph graph, Node node, int opset)
    {
        if (opset < Versions[0].Opset)
        {
            Action<Node> early = Experimental
                ?? throw OnnxDiagnostics.NewerOperator.Error(node.Label, Type, Versions[0].Opset, opset);
            early(node);
        }

        // The first opsets let a node name inputs that it may overwrite.
        if (opset < 6) node.Attributes.Remove("consumed_inputs");
        foreach (OpsetStep step in Versions.Where(s => s.Opset <= opset))
        {
            if (step.Dropped.FirstOrDefault(node.Attributes.ContainsKey) is { } dropped)
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, dropped, $"is not one of {Type} from opset {step.Opset} on");
        }

        foreach (OpsetStep step in Versions.Where(s => s.Opset > opset)) step.Upgrade?.Invoke(graph, node);
        Arity.Check(node);
        foreach (string name in Bodies) node.Body(name);
        if (Arity.MostInputs > 0) node.CheckAttributes();
    }

    /// <summary>
    /// Removes attributes and inputs of a node that have no effect, or replaces the node. Called once, after <see cref="Upgrade"/>.
    /// </summary>
    /// <param name="node">The node, in the form of <see cref="Graph.Opset"/>.</param>
    public virtual void Normalize(Graph graph, Node node)
    {
    }

    /// <summary>
    /// The lowest opset that can express the node: <see cref="Graph.WrittenOpset"/>, except for later operators and features.
    /// </summary>
    public virtual int MinimumOpset(Node node) => Math.Max(Graph.WrittenOpset, Versions[0].Opset);

    /// <summary>
    /// Brings a copy of a node's inputs and attributes from the form of <see cref="Graph.Opset"/> to that of the opset to be written.
    /// </summary>
    /// <param name="opset">That opset, at least <see cref="MinimumOpset"/>.</param>
    public virtual void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
    }

    /// <summary>Sets type and shape (and, for integers that carry shapes, the content) of the outputs.</summary>
    /// <param name="node">A node whose inputs' types and shapes are known, some dims perhaps symbolic.</param>
    /// <exception cref="CompilationException">The inputs do not fit the operator.</exception>
    public abstract void InferShapes(Node node);

    /// <summary>Computes the outputs, in float where the type is float. The definition that all else is tested against.</summary>
    /// <param name="context">The inputs' tensors; takes the outputs'.</param>
    public abstract void Forward(ForwardContext context);

    /// <summary>Writes the node as TFLite operators.</summary>
    public abstract void Lower(Lowering context, Node node);

    /// <summary>
    /// Whether <see cref="Lower"/> writes operators that follow sizes of inputs and outputs that are known only when the model runs.
    /// </summary>
    public virtual bool TakesComputedSizes(Node node) => false;

    /// <summary>Multiply-accumulates of one run, with batch 1 if it is open; 0 for operators that do not multiply.</summary>
    public virtual long Macs(Node node) => 0;
}
