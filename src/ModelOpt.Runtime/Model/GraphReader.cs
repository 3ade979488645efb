using System.Text;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <summary>
/// Reads the main subgraph of a .tflite file, with those that its operators run, and checks it: indices in range, every tensor computed
/// once and before its use, constants as long as their shape says. Counts are limited, so that memory follows what the file holds.
/// </summary>
internal sealed partial class GraphReader
{
    private const int MaxTensors = 200_000;
    private const int MaxNodes = 20_000;
    private const int MaxOperands = 1_000_000;
    private const int MaxNameBytes = 256;
    private const int MaxDepth = 16;
    private const string CustomName = "custom operator '";

    private readonly ModelTable _model;
    private readonly SubgraphTable _subgraph;
    private readonly Tensor?[] _tensors;
    private readonly Counts _counts;
    private readonly int[] _path;

    private GraphReader(ModelTable model, Counts counts, int[] path)
    {
        (_model, _counts, _path) = (model, counts, path);
        _subgraph = new SubgraphTable(model.Subgraphs[path[^1]]);
        // A subgraph counts as often as it is run from: each time it is planned anew.
        counts.Tensors += _subgraph.Tensors.Count;
        counts.Nodes += _subgraph.Operators.Count;
        if (counts.Tensors > MaxTensors)
            throw new InvalidModelException($"The model has {counts.Tensors} tensors; at most {MaxTensors} are supported.");
        if (counts.Nodes > MaxNodes)
            throw new InvalidModelException($"The model has {counts.Nodes} operators; at most {MaxNodes} are supported.");
        _tensors = new Tensor?[_subgraph.Tensors.Count];
    }

    public static Graph Read(ReadOnlyMemory<byte> file)
    {
        ModelTable model = ModelTable.Open(file);
        if (model.Version != 3)
            throw new InvalidModelException($"The file has schema version {model.Version}; version 3 is supported.");
        if (model.Subgraphs.Count == 0)
            throw new InvalidModelException("The model has no subgraph.");
        return new GraphReader(model, new Counts(new ConstantBudget(file.Length)), [0]).Read();
    }

    private Graph Read()
    {
        (BuiltinOperator Operator, string Name)[] operators = ReadOperatorCodes();
        Tensor[] inputs = Resolve(_subgraph.Inputs, "An input");
        var computed = new HashSet<Tensor>();
        foreach (Tensor input in inputs)
        {
            if (input.IsConstant || !computed.Add(input))
                throw input.Error("cannot be an input: it is a constant, or an input already");
        }
        var nodes = new List<Node>(_subgraph.Operators.Count);
        var variables = new Variables(this);
        for (int i = 0; i < _subgraph.Operators.Count; i++)
        {
            var table = new OperatorTable(_subgraph.Operators[i]);
            if (variables.Take(table, i, operators, computed))
                continue;
            Node node = variables.Bound(ReadNode(table, i, operators), computed);
            foreach (Tensor? input in node.Inputs)
            {
                if (input is { IsConstant: false } && !computed.Contains(input) && !IsEmptyConstant(input))
                    throw node.Error($"tensor '{input.Name}' is used before it is computed");
            }
            foreach (Tensor output in node.Outputs)
            {
                if (output.IsConstant || !computed.Add(output))
                    throw node.Error($"tensor '{output.Name}' already has a value");
            }
            if (node.Operator == BuiltinOperator.StablehloComposite)
                nodes.AddRange(Composites.Inline(node));
            else
                nodes.Add(node);
        }
        Tensor[] outputs = Resolve(_subgraph.Outputs, "An output");
        foreach (Tensor output in outputs)
        {
            if (!output.IsConstant && !computed.Contains(output) && !IsEmptyConstant(output))
                throw output.Error("is an output of the model, and is never computed");
        }
        return variables.Graph(nodes, inputs, outputs);
    }

    // The buffer of a constant without elements looks like that of a tensor that is computed.
    private static bool IsEmptyConstant(Tensor tensor)
    {
        if (tensor.Elements > 0)
            return false;
        tensor.Data = ReadOnlyMemory<byte>.Empty;
        return true;
    }

    private (BuiltinOperator Operator, string Name)[] ReadOperatorCodes()
    {
        FlatTableVector codes = _model.OperatorCodes;
        if (codes.Count > MaxNodes)
            throw new InvalidModelException(
                $"The model has {codes.Count} operator codes; at most {MaxNodes} are supported.");
        var operators = new (BuiltinOperator, string)[codes.Count];
        for (int i = 0; i < operators.Length; i++)
            operators[i] = ReadOperatorCode(new OperatorCodeTable(codes[i]));
        return operators;
    }

    private static (BuiltinOperator Operator, string Name) ReadOperatorCode(OperatorCodeTable table)
    {
        BuiltinOperator op = table.Operator;
        if (op.IsCustom())
            throw new InvalidModelException($"The file is damaged: TFLite has no operator {(int)op}.");
        if (op != BuiltinOperator.Custom)
            return (op, op.TfliteName());
        string code = Text(table.CustomCode);
        return (CustomOperators.Find(code), $"{CustomName}{code}'");
    }

    private Node ReadNode(OperatorTable table, int index, (BuiltinOperator Operator, string Name)[] operators)
    {
        if (table.OpcodeIndex >= operators.Length)
            throw new InvalidModelException($"Operator {index} has code {table.OpcodeIndex} of {operators.Length}.");
        Int32Vector inputIndices = table.Inputs;
        _counts.Operands += inputIndices.Length;
        if (_counts.Operands > MaxOperands || inputIndices.Length > MaxOperands)
            throw new InvalidModelException($"The operators have more than {MaxOperands} operands in all.");
        var inputs = new Tensor?[inputIndices.Length];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = inputIndices[i] == -1 ? null : TensorAt(inputIndices[i], "An input", index);
        Tensor[] outputs = Resolve(table.Outputs, "An output", index);
        if (outputs.Length == 0)
            throw new InvalidModelException($"Operator {index} has no output.");
        (BuiltinOperator op, string name) = operators[table.OpcodeIndex];
        ReadOnlyMemory<byte> options = table.CustomOptions;
        if (op == BuiltinOperator.StablehloComposite && CustomOperators.Find(Text(table.Composite.Name)) is var known && known.IsCustom())
        {
            (op, name, options) = (known, known.CustomCode(), CustomOperators.ReadComposite(table.Composite.Attributes));
            if (op is BuiltinOperator.LSTM or BuiltinOperator.GRU or BuiltinOperator.RNN)
                inputs = Composites.Place(RecurrentOptions.ReadGiven(CustomOperators.Read(options)), inputs);
        }
        return new Node(op, index, inputs, outputs)
        {
            Name = name,
            Options = op.IsCustom() ? CustomOperators.Read(options) : table.Options,
            OptionsType = table.OptionsType,
            CustomCode = op == BuiltinOperator.Custom ? name[CustomName.Length..^1] : "",
            CustomOptions = op == BuiltinOperator.Custom ? table.CustomOptions : default,
            Subgraphs = ReadSubgraphs(op, table, index),
        };
    }

    private Graph[] ReadSubgraphs(BuiltinOperator op, OperatorTable table, int node)
    {
        if (op == BuiltinOperator.StablehloComposite)
            return [Subgraph(table.Composite.Decomposition)];
        if (op is not (BuiltinOperator.If or BuiltinOperator.While))
            return [];
        SubgraphOptions options = SubgraphOptions.Read(table.Options, table.OptionsType);
        return [Subgraph(options.First), Subgraph(options.Second)];

        Graph Subgraph(int index)
        {
            string what = $"{op.TfliteName()}, operator {node}, runs subgraph {index}";
            if ((uint)index >= (uint)_model.Subgraphs.Count)
                throw new InvalidModelException($"{what} of {_model.Subgraphs.Count}.");
            if (_path.Contains(index))
                throw new InvalidModelException($"{what}, which it is a part of.");
            if (_path.Length == MaxDepth)
                throw new InvalidModelException($"{what}: subgraphs run each other more than {MaxDepth} deep.");
            return new GraphReader(_model, _counts, [.. _path, index]).Read();
        }
    }

    // A negative number of an operator stands for the model.
    private Tensor[] Resolve(Int32Vector indices, string what, int node = -1)
    {
        if (indices.Length > _tensors.Length)
            throw new InvalidModelException(
                $"{what} of {Name(node)}: {indices.Length} are listed, but the model has {_tensors.Length} tensors.");
        var tensors = new Tensor[indices.Length];
        for (int i = 0; i < tensors.Length; i++)
            tensors[i] = TensorAt(indices[i], what, node);
        return tensors;
    }

    private Tensor TensorAt(int index, string what, int node)
    {
        if ((uint)index >= (uint)_tensors.Length)
            throw new InvalidModelException($"{what} of {Name(node)} is tensor {index} of {_tensors.Length}.");
        return _tensors[index] ??= ReadTensor(_subgraph.Tensors[index], index);
    }

    private Tensor ReadTensor(FlatTable flat, int index)
    {
        var table = new TensorTable(flat);
        string name = Name(table.Name, index);
        Int32Vector shape = table.Shape;
        if (shape.Length > Tensor.MaxRank)
            throw new InvalidModelException(
                $"Tensor '{name}' has {shape.Length} dimensions; at most {Tensor.MaxRank} are supported.");
        Int32Vector signature = table.ShapeSignature;
        if (PackedIntegers.Bits(table.Type) > 0)
            return ReadPacked(table, name, shape.ToArray());
        var tensor = new Tensor(name, table.Type, shape.ToArray(), ReadQuantization(table.Quantization, name))
        {
            IsVariable = table.IsVariable,
            HasDynamicBatch = signature.Length > 0 && signature.Length == shape.Length && signature[0] == -1,
            Signature = signature.Length > 0 && signature.Length == shape.Length ? signature.ToArray() : null,
            Data = ReadData(table, name),
        };
        if (table.IsSparse && tensor.Data is { } stored)
        {
            _counts.Budget.Folding -= tensor.Bytes;
            if (_counts.Budget.Folding < 0)
                throw tensor.Error("is stored in a sparse format, and is much larger than the file");
            tensor.Data = SparseTensors.Expand(table.Sparsity, tensor.Shape, tensor.Type.Size(), stored, tensor.Bytes);
        }
        if (tensor.Data is { } data && data.Length != tensor.Bytes)
            throw tensor.Error($"has {data.Length} bytes of data where its shape needs {tensor.Bytes}");
        return tensor;
    }

    private ReadOnlyMemory<byte>? ReadData(TensorTable table, string name)
    {
        FlatTableVector buffers = _model.Buffers;
        if (table.Buffer == 0)
            return null;
        if (table.Buffer >= buffers.Count)
            throw new InvalidModelException($"Tensor '{name}' refers to buffer {table.Buffer} of {buffers.Count}.");
        var buffer = new BufferTable(buffers[(int)table.Buffer]);
        if (buffer.IsExternal)
            throw new InvalidModelException(
                $"Tensor '{name}' lies outside of the FlatBuffer; such files are not supported.");
        return buffer.Data.Length == 0 ? default(ReadOnlyMemory<byte>?)
            : GuardPages.Enabled ? GuardPages.Copy(buffer.Data.Span)
            : buffer.Data;
    }

    private static Quantization? ReadQuantization(QuantizationTable table, string name)
    {
        ReadOnlyMemory<byte> scales = table.Scales;
        ReadOnlyMemory<byte> zeroPoints = table.ZeroPoints;
        int count = scales.Length / sizeof(float), zeroPointCount = zeroPoints.Length / sizeof(long);
        if (count == 0)
            return null;
        if (zeroPointCount > 1 && zeroPointCount != count)
            throw new InvalidModelException($"Tensor '{name}' has {count} scales and {zeroPointCount} zero points.");
        return new Quantization(scales, zeroPoints, table.Dimension);
    }

    private static string Name(int node) => node < 0 ? "the model" : $"operator {node}";

    private static string Name(ReadOnlySpan<byte> utf8, int index) =>
        utf8.IsEmpty ? $"#{index}" : Text(utf8);

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, MaxNameBytes)]);

    /// <summary>What was read so far, of all subgraphs.</summary>
    private sealed class Counts(ConstantBudget budget)
    {
        public ConstantBudget Budget => budget;

        public long Tensors { get; set; }

        public long Nodes { get; set; }

        public long Operands { get; set; }
    }
}
