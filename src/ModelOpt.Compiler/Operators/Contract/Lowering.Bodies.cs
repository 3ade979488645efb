using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Bodies become subgraphs of the file. They take and give real numbers, in ONNX's order of axes.</content>
internal sealed partial class Lowering
{
    private CancellationToken _cancellation;

    private Lowering(Graph body, Lowering around)
    {
        (_graph, _model) = (body, around._model.AddSubgraph());
        (_refusals, _cancellation) = (around._refusals, around._cancellation);
        _batch = around._batch;
    }

    /// <summary>Whether a value is read by a node or is an output.</summary>
    public bool IsRead(Value value) => value.Consumers.Count > 0 || _graph.IsOutput(value);

    /// <summary>A tensor for an output that is left out.</summary>
    /// <param name="like">A value of its type and shape.</param>
    public TfliteTensor Unread(Node node, Value like) => Temporary(node, TypeOf(like.Type, like), Dims(like), OpenAxis(like));

    /// <summary>Writes a body as a subgraph.</summary>
    /// <param name="outputs">How many of its outputs the subgraph has.</param>
    /// <returns>The subgraph's number.</returns>
    public int Subgraph(Graph body, int outputs)
    {
        Lowering inner = new(body, this);
        inner.LowerNodes(_cancellation);
        foreach (Value output in body.Outputs.Take(outputs)) inner.Try(() => inner.DefineOutput(output), []);
        return inner._model.Index;
    }

    /// <summary>Writes the body of a loop as a subgraph: it counts runs in its first input, and gives all that is fed to it.</summary>
    /// <param name="carried">How many of its outputs, and of its inputs behind the first, change from run to run.</param>
    /// <returns>The subgraph's number.</returns>
    public int LoopBody(Node node, Graph body, int carried, IReadOnlyList<TfliteTensor> more)
    {
        Lowering inner = new(body, this);
        inner.LowerNodes(_cancellation);
        TfliteTensor number = inner._model.Inputs[0], next = Temporary(node, number, number.Dims);
        inner.Emit(BuiltinOperator.Add, [number, inner.Constant("one", Tensor.Scalar(1L))], [next],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        inner._model.Outputs.Add(next);
        foreach (Value output in body.Outputs.Take(carried)) inner.Try(() => inner.DefineOutput(output), []);
        inner._model.Inputs.AddRange(more.Select(Input));
        inner._model.Outputs.AddRange(inner._model.Inputs.Skip(1 + carried));
        return inner._model.Index;
    }

    /// <summary>
    /// Writes the condition of a loop as a subgraph: it holds as long as a bool does and fewer runs than a limit are done.
    /// </summary>
    /// <param name="inputs">What the loop carries: the number of the run, the bool, and more.</param>
    /// <param name="limit">The most runs, where that is known.</param>
    /// <param name="limitIndex">Which of the inputs says it otherwise; -1 where there is no limit.</param>
    /// <returns>The subgraph's number.</returns>
    public int LoopCondition(Node node, IReadOnlyList<TfliteTensor> inputs, long? limit, int limitIndex)
    {
        Lowering inner = new(new Graph(), this);
        inner._model.Inputs.AddRange(inputs.Select(Input));
        (TfliteTensor number, TfliteTensor holds) = (inner._model.Inputs[0], inner._model.Inputs[1]);
        if (limit is null && limitIndex < 0)
        {
            inner._model.Outputs.Add(holds);
            return inner._model.Index;
        }

        // (bool)(holds · max(limit − number, 0)): there is no comparison, so that the operators are those of every model.
        TfliteTensor most = limit is { } known ? inner.Constant("limit", Tensor.Scalar(known)) : inner._model.Inputs[limitIndex];
        TfliteTensor zero = inner.Constant("zero", Tensor.Scalar(0L));
        TfliteTensor left = Step(BuiltinOperator.Sub, new ArithmeticOptions(BuiltinOptionsType.Sub, ActivationFunction.None), most, number);
        left = Step(BuiltinOperator.Maximum, new EmptyOptions(BuiltinOptionsType.MaximumMinimum), left, zero);
        TfliteTensor one = Cast(holds, TensorType.Int64);
        left = Step(BuiltinOperator.Mul, new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None), one, left);
        inner._model.Outputs.Add(Cast(left, TensorType.Bool));
        return inner._model.Index;

        TfliteTensor Step(BuiltinOperator op, IOperatorOptions options, TfliteTensor a, TfliteTensor b)
        {
            TfliteTensor result = Temporary(node, TensorType.Int64, a.Rank > b.Rank ? a.Dims : b.Dims);
            inner.Emit(op, [a, b], [result], options);
            return result;
        }

        TfliteTensor Cast(TfliteTensor from, TensorType type)
        {
            TfliteTensor to = Temporary(node, type, from.Dims);
            inner.EmitCast(from, to);
            return to;
        }
    }

    /// <summary>An input of a subgraph that takes a tensor.</summary>
    private static TfliteTensor Input(TfliteTensor fed) => new(fed.Name.Length > 0 ? fed.Name : "value", fed.Type, fed.Dims, fed.OpenAxis);
}
