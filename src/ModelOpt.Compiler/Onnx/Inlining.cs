using Google.Protobuf.Collections;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Selection;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Puts the nodes of a local function in the place of each node that calls it, and those of a branch in the place of an If whose condition
/// is a constant: in the model's graph and in the bodies of its nodes. The reader refuses calls that are left.
/// </summary>
internal sealed class Inlining
{
    // A few nested calls of a small file could make any number of nodes.
    private const int MaxNodes = 1 << 18;
    private const int MaxDepth = 64;

    private readonly ModelProto _model;
    private readonly ExternalData _external;
    private readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions = [];
    private readonly Dictionary<string, bool> _conditions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private List<NodeProto> _result = [];
    private int _seen;

    private Inlining(ModelProto model, ExternalData external)
    {
        (_model, _external) = (model, external);
        foreach (FunctionProto function in model.Functions)
        {
            if (!_functions.TryAdd((Domain(function.Domain), function.Name, function.Overload), function))
                throw OnnxDiagnostics.DuplicateName.Error(null, function.Name);
        }
    }

    /// <summary>Inlines what can be in a model's graph.</summary>
    /// <param name="model">The model; its graph is changed.</param>
    /// <exception cref="CompilationException">A function calls itself, or is not one of the model's opset.</exception>
    public static void Apply(ModelProto model, ExternalData external)
    {
        if (model.Functions.Count > 0 || model.Graph.Node.Any(n => IsIf(n))) new Inlining(model, external).Run();
    }

    private void Run()
    {
        Take(_model.Graph);
        Expand(_model.Graph, 0);
    }

    private void Take(GraphProto graph)
    {
        _taken.UnionWith(OwnNames(graph));
        _taken.UnionWith(graph.Node.SelectMany(n => n.Input));
        foreach (GraphProto body in graph.Node.SelectMany(n => n.Attribute).SelectMany(GraphsOf)) Take(body);
    }

    private void Expand(GraphProto graph, int depth)
    {
        List<NodeProto> around = _result;
        _result = [];
        // A body's names hide those around it, and end with it.
        List<(string Name, bool Condition)> hidden = [];
        string[] own = [.. OwnNames(graph)];
        foreach (string name in own)
            if (_conditions.Remove(name, out bool condition)) hidden.Add((name, condition));
        foreach (TensorProto tensor in graph.Initializer) Note(tensor.Name, tensor);
        foreach (NodeProto node in graph.Node.ToArray()) Add(node, depth);
        graph.Node.Clear();
        graph.Node.AddRange(_result);
        foreach (string name in own) _conditions.Remove(name);
        foreach ((string name, bool condition) in hidden) _conditions[name] = condition;
        _result = around;
    }

    private void Add(NodeProto node, int depth)
    {
        if (depth > MaxDepth)
            throw OnnxDiagnostics.InvalidModel.Error(Label(node), "functions or branches are nested too deeply, or call themselves");
        if (++_seen > MaxNodes) throw OnnxDiagnostics.InvalidModel.Error(Label(node), $"functions make more than {MaxNodes} nodes");
        if (_functions.TryGetValue((Domain(node.Domain), node.OpType, node.Overload), out FunctionProto? function))
        {
            CheckOpset(node, function);
            Dictionary<string, AttributeProto> attributes = new(StringComparer.Ordinal);
            foreach (AttributeProto attribute in function.AttributeProto.Concat(node.Attribute)) attributes[attribute.Name] = attribute;
            Dictionary<string, string> names = new(StringComparer.Ordinal);
            for (int i = 0; i < function.Input.Count; i++) names[function.Input[i]] = i < node.Input.Count ? node.Input[i] : "";
            Splice(node, function.Node, function.Output, names, attributes, depth);
        }
        else if (IsIf(node) && node.Input.Count == 1 && _conditions.TryGetValue(node.Input[0], out bool condition)
            && node.Attribute.FirstOrDefault(a => a.Name == (condition ? "then_branch" : "else_branch"))?.G is { } branch)
        {
            Dictionary<string, string> names = new(StringComparer.Ordinal);
            foreach (TensorProto tensor in branch.Initializer)
            {
                TensorProto moved = tensor.Clone();
                moved.Name = names[tensor.Name] = Unique(node, tensor.Name);
                _model.Graph.Initializer.Add(moved);
                Note(moved.Name, moved);
            }

            Splice(node, branch.Node, branch.Output.Select(o => o.Name), names, null, depth);
        }
        else
        {
            bool isConstant = node.OpType == "Constant" && Domain(node.Domain).Length == 0 && node.Output.Count > 0;
            if (isConstant && node.Attribute is [{ T: { } constant }]) Note(node.Output[0], constant);
            foreach (GraphProto body in node.Attribute.SelectMany(GraphsOf)) Expand(body, depth + 1);
            _result.Add(node);
        }
    }

    /// <summary>Adds copies of nodes that make a node's outputs.</summary>
    /// <param name="outputs">Their names of the outputs, in order.</param>
    /// <param name="names">What their other names stand for. In a branch, a name that neither is here nor is made is the graph's.</param>
    /// <param name="attributes">The attributes that they may refer to; null where they are not a function's.</param>
    private void Splice(
        NodeProto node, IEnumerable<NodeProto> body, IEnumerable<string> outputs, Dictionary<string, string> names,
        Dictionary<string, AttributeProto>? attributes, int depth)
    {
        NodeProto[] copies = [.. body.Select(n => n.Clone())];
        HashSet<string> made = [.. copies.SelectMany(n => n.Output)];
        List<(string From, string To)> passed = [];
        foreach ((string inner, string outer) in outputs.Zip(node.Output))
        {
            if (outer.Length == 0) continue;
            if (!made.Contains(inner) || !names.TryAdd(inner, outer)) passed.Add((inner, outer));
        }

        foreach (string name in made.Where(m => m.Length > 0)) names.TryAdd(name, Unique(node, name));
        foreach (NodeProto copy in copies)
        {
            copy.Name = copy.Name.Length > 0 ? $"{Label(node)}/{copy.Name}" : "";
            if (attributes is not null) Resolve(copy.Attribute, attributes);
            Rename(copy, names, isFunction: attributes is not null);
            Add(copy, depth + 1);
        }

        // What a function passes through, or gives twice, has one name inside, and another outside.
        foreach ((string from, string to) in passed)
            _result.Add(new NodeProto { OpType = "Identity", Input = { names.GetValueOrDefault(from, from) }, Output = { to } });
    }

    private static void Rename(NodeProto node, Dictionary<string, string> names, bool isFunction)
    {
        for (int i = 0; i < node.Input.Count; i++) node.Input[i] = Of(node.Input[i]);
        for (int i = 0; i < node.Output.Count; i++) node.Output[i] = Of(node.Output[i]);
        foreach (GraphProto inner in node.Attribute.SelectMany(GraphsOf))
        {
            // Names that an inner graph defines hide those around it.
            Dictionary<string, string> visible = new(names, StringComparer.Ordinal);
            foreach (string own in OwnNames(inner)) visible[own] = own;
            foreach (NodeProto child in inner.Node) Rename(child, visible, isFunction);
            foreach (ValueInfoProto output in inner.Output) output.Name = visible.GetValueOrDefault(output.Name, output.Name);
        }

        // A function sees nothing of the graph that calls it.
        string Of(string name) => names.TryGetValue(name, out string? known) ? known
            : isFunction && name.Length > 0 ? throw OnnxDiagnostics.UndefinedValue.Error(Label(node), name) : name;
    }

    private static void Resolve(RepeatedField<AttributeProto> attributes, Dictionary<string, AttributeProto> given)
    {
        foreach (AttributeProto attribute in attributes.ToArray())
        {
            foreach (NodeProto node in GraphsOf(attribute).SelectMany(g => g.Node)) Resolve(node.Attribute, given);
            if (attribute.RefAttrName.Length == 0) continue;
            attributes.Remove(attribute);
            if (!given.TryGetValue(attribute.RefAttrName, out AttributeProto? value)) continue;
            AttributeProto copy = value.Clone();
            copy.Name = attribute.Name;
            attributes.Add(copy);
        }
    }

    /// <summary>The names that a graph defines.</summary>
    private static IEnumerable<string> OwnNames(GraphProto graph) => graph.Initializer.Select(i => i.Name)
        .Concat(graph.Input.Select(i => i.Name)).Concat(graph.Node.SelectMany(n => n.Output)).Where(n => n.Length > 0);

    private static IEnumerable<GraphProto> GraphsOf(AttributeProto attribute) =>
        attribute.G is { } one ? attribute.Graphs.Append(one) : attribute.Graphs;

    /// <summary>A function's nodes have the form of its own opset; where that differs from the model's, they would be misread.</summary>
    private void CheckOpset(NodeProto node, FunctionProto function)
    {
        if (Version(function.OpsetImport) is not { } own || Version(_model.OpsetImport) is not { } opset || own == opset) return;
        foreach (string type in function.Node.Where(n => Domain(n.Domain).Length == 0).Select(n => n.OpType))
        {
            if (Operator.Find(type) is { } op && op.VersionAt((int)own) != op.VersionAt((int)opset))
                throw OnnxDiagnostics.UnsupportedFeature.Error(
                    Label(node), $"functions of another opset ({function.Name} of {own}, the model of {opset}) that use {type} are");
        }
    }

    private void Note(string name, TensorProto tensor)
    {
        if (tensor.DataType == (int)ElementType.Bool && tensor.Dims.Aggregate(1L, (n, d) => n * d) == 1)
            _conditions[name] = OnnxTensors.Read(tensor, _external, name).Bytes.Span[0] != 0;
    }

    private string Unique(NodeProto node, string name)
    {
        string stem = $"{Label(node)}/{name}", unique = stem;
        while (!_taken.Add(unique)) unique = $"{stem}_{_counts[stem] = _counts.GetValueOrDefault(stem) + 1}";
        return unique;
    }

    private static string Label(NodeProto node) =>
        node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(o => o.Length > 0) ?? node.OpType;

    private static bool IsIf(NodeProto node) => node.OpType == "If" && Domain(node.Domain).Length == 0;

    private static long? Version(IEnumerable<OperatorSetIdProto> imports) =>
        imports.LastOrDefault(i => Domain(i.Domain).Length == 0)?.Version;

    private static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;
}
