using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <content>
/// Variables: tensors that operators update in place, and resources that READ_VARIABLE and ASSIGN_VARIABLE name. Each that is read before
/// it is written becomes a state: an input of the graph, with what the call before left, and an output.
/// </content>
internal sealed partial class GraphReader
{
    private sealed class Variable
    {
        public InitialState? Initial { get; set; }

        /// <summary>The value at the start of a call, once something reads it.</summary>
        public Tensor? Before { get; set; }

        /// <summary>The value that the next operator finds.</summary>
        public Tensor? Current { get; set; }
    }

    private sealed class Variables(GraphReader reader)
    {
        private readonly Dictionary<int, Variable> _handles = [];
        private readonly Dictionary<string, Variable> _named = new(StringComparer.Ordinal);
        private readonly Dictionary<Tensor, Variable> _inPlace = [];
        private readonly List<Variable> _states = [];

        /// <summary>Takes an operator that only names, reads or writes variables.</summary>
        public bool Take(OperatorTable table, int index, (BuiltinOperator Operator, string Name)[] operators, HashSet<Tensor> computed)
        {
            BuiltinOperator op = table.OpcodeIndex < operators.Length ? operators[table.OpcodeIndex].Operator : default;
            if (op is not (BuiltinOperator.CallOnce or BuiltinOperator.VarHandle or BuiltinOperator.ReadVariable
                or BuiltinOperator.AssignVariable))
                return false;
            if (reader._path.Length > 1)
                throw Wrong(op, index, "variables are supported in the main subgraph only");
            if (op == BuiltinOperator.CallOnce)
                Start(table.Options.Int32(0), index, operators);
            else
                Run(reader, op, table, index, computed);
            return true;
        }

        /// <summary>A node whose variables are inputs, and outputs behind its own.</summary>
        public Node Bound(Node node, HashSet<Tensor> computed)
        {
            var after = new List<Tensor>();
            for (int i = 0; i < node.Inputs.Length; i++)
            {
                if (node.Inputs[i] is not { IsVariable: true } tensor)
                    continue;
                if (reader._path.Length > 1)
                    throw tensor.Error("is a variable of a subgraph, which is not supported");
                if (tensor.IsConstant)
                    throw tensor.Error("is a variable and a constant");
                if (!_inPlace.TryGetValue(tensor, out Variable? variable))
                {
                    // As TFLite starts them: with 0, in int8 with the zero point.
                    byte zero = tensor is { Type: TensorType.Int8, Quantization: { } grid } ? (byte)grid.ZeroPoint(0) : (byte)0;
                    _inPlace.Add(tensor, variable = new Variable { Initial = new InitialState(tensor.Bytes, default, zero) });
                    Begin(variable, tensor, computed);
                }

                node.Inputs[i] = variable.Current;
                variable.Current = new Tensor($"{tensor.Name}/next", tensor.Type, tensor.Shape, tensor.Quantization);
                after.Add(variable.Current);
            }

            return after.Count == 0 ? node : node.On(node.Inputs, [.. node.Outputs, .. after], null);
        }

        /// <summary>The graph with its states.</summary>
        public Graph Graph(List<Node> nodes, Tensor[] inputs, Tensor[] outputs)
        {
            var changed = new List<Variable>();
            foreach (Variable state in _states)
            {
                InitialState initial = state.Initial ?? throw state.Before!.Error("is a variable that is read before it has a value");
                if (state.Current != state.Before)
                    changed.Add(state);
                else
                    state.Before!.Data = initial.Data;
            }

            return new Graph(
                nodes, [.. inputs, .. changed.Select(s => s.Before!)], [.. outputs, .. changed.Select(s => s.Current!)],
                reader._counts.Budget)
            {
                InitialStates = [.. changed.Select(s => s.Initial!.Value)],
            };
        }

        private static InvalidModelException Wrong(BuiltinOperator op, int index, string why) =>
            new($"{op.TfliteName()}, operator {index}: {why}.");

        private void Begin(Variable variable, Tensor before, HashSet<Tensor> computed)
        {
            if (before.IsConstant || !computed.Add(before))
                throw before.Error("already has a value");
            variable.Before = variable.Current = before;
            _states.Add(variable);
        }

        private void Run(GraphReader at, BuiltinOperator op, OperatorTable table, int index, HashSet<Tensor> computed)
        {
            Int32Vector from = table.Inputs, to = table.Outputs;
            if (op == BuiltinOperator.VarHandle)
            {
                if (to.Length != 1)
                    throw Wrong(op, index, "it has no output");
                _handles[to[0]] = Named(table);
                return;
            }

            if (from.Length == 0 || !_handles.TryGetValue(from[0], out Variable? variable))
                throw Wrong(op, index, "its first input is no variable");
            if (op == BuiltinOperator.AssignVariable)
            {
                if (from.Length != 2)
                    throw Wrong(op, index, "it has no value");
                Tensor value = at.TensorAt(from[1], "An input", index);
                if (!value.IsConstant && !computed.Contains(value))
                    throw Wrong(op, index, $"tensor '{value.Name}' is used before it is computed");
                if (variable.Current is { } known && !known.IsLike(value))
                    throw Wrong(op, index, $"tensor '{value.Name}' is not as what the variable holds");
                variable.Current = value;
                return;
            }

            if (to.Length != 1 || (uint)to[0] >= (uint)at._tensors.Length || at._tensors[to[0]] is not null)
                throw Wrong(op, index, "its output has a value already, or there is none");
            Tensor read = at.TensorAt(to[0], "An output", index);
            if (variable.Current is { } current)
            {
                if (!current.IsLike(read))
                    throw Wrong(op, index, $"tensor '{read.Name}' is not as what the variable holds");
                at._tensors[to[0]] = current;
                return;
            }

            if (variable.Initial is { } initial && initial.Bytes != read.Bytes)
                throw Wrong(op, index, $"tensor '{read.Name}' is not as what the variable begins with");
            Begin(variable, read, computed);
        }

        /// <summary>CALL_ONCE: a subgraph that gives variables their first values, which are constants.</summary>
        private void Start(int subgraph, int index, (BuiltinOperator Operator, string Name)[] operators)
        {
            if ((uint)subgraph >= (uint)reader._model.Subgraphs.Count || subgraph == reader._path[0])
                throw Wrong(BuiltinOperator.CallOnce, index, $"there is no subgraph {subgraph}");
            var body = new GraphReader(reader._model, reader._counts, [.. reader._path, subgraph]);
            var handles = new Dictionary<int, Variable>();
            for (int i = 0; i < body._subgraph.Operators.Count; i++)
            {
                var table = new OperatorTable(body._subgraph.Operators[i]);
                Int32Vector from = table.Inputs, to = table.Outputs;
                BuiltinOperator op = table.OpcodeIndex < operators.Length ? operators[table.OpcodeIndex].Operator : default;
                if (op == BuiltinOperator.VarHandle && to.Length == 1)
                    handles[to[0]] = Named(table);
                else if (op == BuiltinOperator.AssignVariable && from.Length == 2 && handles.TryGetValue(from[0], out Variable? variable)
                    && body.TensorAt(from[1], "An input", i) is { IsConstant: true } value)
                    variable.Initial = new InitialState(value.Bytes, value.Data!.Value, 0);
                else
                    throw Wrong(BuiltinOperator.CallOnce, index, "its subgraph does more than give variables constants");
            }
        }

        private Variable Named(OperatorTable table)
        {
            FlatTable options = table.Options;
            string name = $"{Text(options.Memory(0).Span)}/{Text(options.Memory(1).Span)}";
            if (!_named.TryGetValue(name, out Variable? variable))
                _named.Add(name, variable = new Variable());
            return variable;
        }
    }
}
