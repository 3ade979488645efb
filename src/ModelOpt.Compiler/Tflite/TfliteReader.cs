using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Tflite.Lifts;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Model;
using FileGraph = ModelOpt.Runtime.Model.Graph;
using FileNode = ModelOpt.Runtime.Model.Node;
using FileTensor = ModelOpt.Runtime.Model.Tensor;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Node = ModelOpt.Compiler.Graphs.Node;

namespace ModelOpt.Compiler.Tflite;

/// <summary>
/// TFLite files to graphs. The runtime's reader checks the file; each operator becomes nodes of the graph, with channels first where ONNX
/// has them so. Integers that stand for real numbers become these between QuantizeLinear and DequantizeLinear, as in QDQ files.
/// </summary>
internal static class TfliteReader
{
    /// <summary>Whether bytes are those of a TFLite file.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> bytes) => bytes.Length >= 8 && bytes[4..8].SequenceEqual("TFL3"u8);

    /// <summary>Reads a model.</summary>
    /// <param name="bytes">The file's bytes.</param>
    /// <param name="foldsPairs">Whether QDQ pairs become annotations; otherwise they stay nodes.</param>
    /// <exception cref="CompilationException">The bytes are not a model, or not one that is supported.</exception>
    public static Graph Read(byte[] bytes, bool foldsPairs = true)
    {
        FileGraph file;
        try
        {
            file = GraphReader.Read(bytes);
        }
        catch (InvalidModelException e)
        {
            throw Damaged(e, null);
        }

        RefuseUnsupported(file);
        Graph graph = Lift(file);
        UnreadRemoval.Apply(graph);
        Each(graph, (owner, node) => Operator.Of(node).Upgrade(owner, node, Graph.Opset));
        FloatUnification.Apply(graph);
        if (foldsPairs) QdqFolding.Apply(graph);
        Each(graph, (owner, node) => Operator.Of(node).Normalize(owner, node));
        return graph;
    }

    private static void Each(Graph graph, Action<Graph, Node> action)
    {
        foreach (Node node in graph.Nodes.ToArray())
        {
            foreach (Graph body in node.Bodies) Each(body, action);
            Guard.Run(node, () => action(graph, node));
        }
    }

    private static Graph Lift(FileGraph file)
    {
        Graph graph = new();
        LiftedValues values = new(graph);
        foreach (FileTensor tensor in file.Inputs.Concat(file.Outputs)) values.Reserve(tensor.Name);
        bool hasState = file.InitialStates.Length > 0;
        foreach (FileTensor tensor in file.FedInputs) graph.Inputs.Add(Input(graph, values, tensor, hasState));
        StateLifting states = new(graph, values, file);
        states.Begin();
        LiftNodes(file, values);
        foreach (FileTensor tensor in file.Outputs[..^file.InitialStates.Length]) graph.Outputs.Add(Output(graph, values, tensor));
        Run(null, states.End);
        return graph;
    }

    /// <summary>Makes nodes of the operators of a file or of a subgraph that they run.</summary>
    /// <exception cref="CompilationException">Some are refused.</exception>
    public static void LiftNodes(FileGraph file, LiftedValues values)
    {
        List<Diagnostic> refusals = [];
        foreach (FileNode node in file.Nodes)
        {
            try
            {
                Run(node, () => OperatorLifts.Find(node)!(new Lifting(values, node)));
            }
            catch (CompilationException e)
            {
                refusals.Add(e.Diagnostic);
                foreach (FileTensor output in node.Outputs) values.StandIn(output);
            }
        }

        if (refusals.Count > 0) throw Lowering.Refused(refusals);
    }

    /// <param name="isOne">Whether a batch that the file leaves open is the one that it states: state is that of one conversation.</param>
    private static Value Input(Graph graph, LiftedValues values, FileTensor tensor, bool isOne)
    {
        if (graph.Inputs.Exists(i => i.Name == tensor.Name)) throw OnnxDiagnostics.DuplicateName.Error(null, tensor.Name);
        Shape shape = new((tensor.Signature ?? tensor.Shape).Select(
            (d, axis) => d >= 0 ? (Dim)d : isOne && axis == 0 ? tensor.Shape[0] : Dim.Unknown));
        Value value = new(tensor.Name, LiftedValues.TypeOf(tensor), OnnxTypes.NameOpenDims(shape, tensor.Name));
        values.DefineStored(tensor, value);
        return value;
    }

    /// <summary>The value that callers get under the name of a tensor.</summary>
    private static Value Output(Graph graph, LiftedValues values, FileTensor tensor)
    {
        Value stored = null!;
        Run(null, () => stored = values.Stored(tensor));
        // A name is that of one value: an input that is an output, too, or an output that is given twice, gets another.
        string name = graph.Inputs.Concat(graph.Outputs).Any(v => v.Name == tensor.Name) ? values.NameOf(tensor) : tensor.Name;
        if (stored.Producer is null || graph.IsOutput(stored) || stored.Consumers.Count > 0)
            return values.Add(name, "Identity", "", [stored]);
        stored.Name = name;
        return stored;
    }

    private static void RefuseUnsupported(FileGraph file)
    {
        FileNode[] nodes = [.. All(file).Where(n => OperatorLifts.Find(n) is null)];
        if (nodes.Length == 0) return;
        IEnumerable<string> operators = nodes
            .GroupBy(n => n.Name, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} (operator{(g.Count() > 1 ? "s" : "")} {string.Join(", ", g.Take(3).Select(n => n.Index))}"
                + (g.Count() > 3 ? $" and {g.Count() - 3} more)" : ")"));
        throw GraphDiagnostics.UnsupportedOperator.Error(nodes[0].Outputs[0].Name, string.Join(", ", operators));
    }

    private static IEnumerable<FileNode> All(FileGraph file) =>
        file.Nodes.SelectMany(n => n.Subgraphs.SelectMany(All).Prepend(n));

    /// <summary>Does what may find a part of the file wrong, in whatever way.</summary>
    private static void Run(FileNode? node, Action action)
    {
        try
        {
            action();
        }
        catch (InvalidModelException e)
        {
            throw Damaged(e, node?.Outputs[0].Name);
        }
        catch (Exception e) when (e is ArgumentException or ArithmeticException or IndexOutOfRangeException or InvalidOperationException
            or KeyNotFoundException or OutOfMemoryException)
        {
            throw new CompilationException(TfliteDiagnostics.InvalidTflite.At(
                null, node?.Outputs[0].Name, $"the operands of {node?.Name} contradict each other"), e);
        }
    }

    private static CompilationException Damaged(InvalidModelException e, string? layer) =>
        new(TfliteDiagnostics.InvalidTflite.At(null, layer, e.Message.TrimEnd('.')), e);
}
