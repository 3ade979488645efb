using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;
using FileNode = ModelOpt.Runtime.Model.Node;
using FileTensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>An operator of a file while nodes of the graph are made of it.</summary>
internal sealed class Lifting(LiftedValues values, FileNode node)
{
    private readonly string _name = node.Outputs[0].Name.Split(';')[0];
    private bool _isNamed;

    /// <summary>The operator of the file.</summary>
    public FileNode Node => node;

    /// <summary>The values that stand for tensors.</summary>
    public LiftedValues Values => values;

    /// <summary>The options.</summary>
    public FlatTable Options => node.Options;

    /// <summary>The first output.</summary>
    public FileTensor Output => node.Outputs[0];

    /// <summary>The number of inputs.</summary>
    public int Count => node.Inputs.Length;

    /// <summary>A tensor that the operator reads.</summary>
    public FileTensor Input(int index) => node.Input(index);

    /// <summary>Whether an input is given.</summary>
    public bool Has(int index) => node.OptionalInput(index) is not null;

    /// <summary>An input with channels last, as the file has it.</summary>
    public Value Last(int index) => values.Last(Input(index));

    /// <summary>An input with channels first.</summary>
    public Value First(int index) => values.First(Input(index));

    /// <summary>Whether to compute with channels first: an input of the output's rank is there so only.</summary>
    public bool PrefersFirst() => Output.Rank >= 3
        && node.Inputs.Any(t => t is not null && t.Rank == Output.Rank && values.Constant(t) is null && values.IsFirst(t));

    /// <summary>An input of an operator that broadcasts, in the order in which the others are.</summary>
    public Value Operand(int index, bool isFirst)
    {
        FileTensor tensor = Input(index);
        int rank = Output.Rank, missing = rank - tensor.Rank;
        if (!isFirst || tensor.Rank == 0) return Last(index);
        if (missing <= 0) return First(index);
        if (values.Constant(tensor) is not null && tensor.Quantization is not { Count: > 1 })
            return values.ConstantValue(tensor, [.. Enumerable.Repeat(1, missing), .. tensor.Shape], LiftedValues.ToFirst(rank));
        Value wide = Add("Unsqueeze", [Last(index), Longs([.. Enumerable.Range(0, missing).Select(i => (long)i)])]);
        return Add("Transpose", [wide], ("perm", LiftedValues.ToFirst(rank).Select(i => (long)i).ToArray()));
    }

    /// <summary>An axis of the file where channels may come first.</summary>
    public static int Axis(int axis, int rank, bool isFirst)
    {
        if (axis < 0) axis += rank;
        return !isFirst || axis == 0 ? axis : axis == rank - 1 ? 1 : axis + 1;
    }

    /// <summary>The elements of a constant input as the file stores them.</summary>
    /// <exception cref="CompilationException">They are known only when the model runs.</exception>
    public Tensor Constant(int index, string what) =>
        values.Constant(Input(index)) ?? throw Refusal($"{what} that are computed");

    /// <summary>The integers of a constant input.</summary>
    public long[] Ints(int index, string what)
    {
        Tensor tensor = Constant(index, what);
        return tensor.Type is ElementType.Int32 or ElementType.Int64 ? tensor.ToInt64s()
            : throw Refusal($"{what} of type {tensor.Type}");
    }

    /// <summary>The real numbers of a constant input.</summary>
    public Tensor Reals(int index, string what)
    {
        Constant(index, what);
        return values.Reals(Input(index));
    }

    /// <summary>An axis or another integer that a constant input says.</summary>
    public int Int(int index, string what) => Ints(index, what) is [var one] ? (int)one : throw Refusal($"several {what}");

    /// <summary>An input of integers as int64, which ONNX asks for.</summary>
    public Value LongsOf(int index) => values.Constant(Input(index)) is { Type: ElementType.Int32 or ElementType.Int64 } known
        ? Constant(Tensor.Of<long>(known.Dims, known.ToInt64s()))
        : Cast(Last(index), ElementType.Int64);

    /// <summary>The elements in another type.</summary>
    public Value Cast(Value value, ElementType type) => Add("Cast", [value], ("to", (long)type));

    /// <summary>A constant.</summary>
    public Value Constant(Tensor tensor) => new(values.NameOf($"{_name}_constant"), tensor);

    /// <summary>A constant vector of int64.</summary>
    public Value Longs(params ReadOnlySpan<long> numbers) => Constant(Tensor.Vector(numbers.ToArray()));

    /// <summary>A constant number in the type of the output.</summary>
    public Value Number(float number) => Constant(Casting.To(Tensor.Scalar(number), RealType(Output)));

    /// <summary>The type in which the graph has a tensor.</summary>
    public static ElementType RealType(FileTensor tensor) =>
        LiftedValues.IsQuantized(tensor) ? ElementType.Float32 : LiftedValues.TypeOf(tensor);

    /// <summary>The refusal of the operator's form.</summary>
    /// <param name="reason">What is not supported.</param>
    public CompilationException Refusal(string reason) => GraphDiagnostics.UnsupportedForm.Error(_name, node.Name, reason);

    /// <summary>Adds a node.</summary>
    /// <returns>Its first output.</returns>
    public Value Add(string type, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        values.Add(values.NameOf(Output), type, "", Trimmed(inputs), attributes);

    /// <summary>Adds the node that has the name of the layer.</summary>
    public Value AddLayer(string type, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        string label = _isNamed ? "" : values.NameOf(Output);
        _isNamed = true;
        return values.Add(values.NameOf(Output), type, label, Trimmed(inputs), attributes);
    }

    /// <summary>Adds a node with several outputs.</summary>
    public Value[] AddMany(string type, Value?[] inputs, int outputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Value[] results = [.. Enumerable.Range(0, outputs).Select(_ => new Value(values.NameOf(Output)))];
        Node added = values.Graph.Add(new Node(type, "", Trimmed(inputs), results));
        foreach ((string key, object value) in attributes) added.Attributes.Add(key, value);
        return results;
    }

    /// <summary>Says what an output is.</summary>
    /// <param name="isFirst">Whether channels come first.</param>
    public void Finish(Value value, bool isFirst = false, int output = 0) => values.Define(node.Outputs[output], value, isFirst);

    /// <summary>Says what the first output is before its activation.</summary>
    public void Finish(Value value, bool isFirst, ActivationFunction activation) => Finish(Activated(value, activation), isFirst);

    /// <summary>Says what an output of integers is, which ONNX gives as int64.</summary>
    public void FinishLongs(Value value, int output = 0)
    {
        ElementType type = LiftedValues.TypeOf(node.Outputs[output]);
        Finish(type == ElementType.Int64 ? value : Cast(value, type), output: output);
    }

    /// <summary>An activation that an operator applies to its result.</summary>
    public Value Activated(Value value, ActivationFunction activation) => activation switch
    {
        ActivationFunction.None => value,
        ActivationFunction.Relu => Add("Relu", [value]),
        ActivationFunction.Relu6 => Clipped(value, 0, 6),
        ActivationFunction.ReluN1To1 => Clipped(value, -1, 1),
        ActivationFunction.Tanh => Add("Tanh", [value]),
        _ => throw Refusal($"the activation {activation}"),
    };

    /// <summary>The numbers between two bounds.</summary>
    public Value Clipped(Value value, float low, float high) =>
        Add("Clip", [value, Constant(Tensor.Scalar(low)), Constant(Tensor.Scalar(high))]);

    /// <summary>The sizes of the first output, −1 for those that are open; in the file's order.</summary>
    public static long[] SizesOf(FileTensor tensor) => [.. (tensor.Signature ?? tensor.Shape).Select(d => (long)d)];

    private static Value?[] Trimmed(Value?[] inputs)
    {
        int count = inputs.Length;
        while (count > 0 && inputs[count - 1] is null) count--;
        return inputs[..count];
    }
}
