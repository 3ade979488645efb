using ModelOpt.Runtime;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Fuzz.Files;

/// <summary>
/// Makes TFLite models of a few random operators that fit each other: output shapes are what the runtime itself infers, so that
/// kernels run, of any size.
/// </summary>
internal sealed partial class TfliteGenerator
{
    private static readonly int[] Sizes = [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33];

    private readonly Random _random;
    private readonly TensorType _type;
    private readonly List<Made> _tensors = [];
    private readonly List<Call> _calls = [];

    private TfliteGenerator(Random random)
    {
        _random = random;
        _type = random.Next(20) switch { < 8 => TensorType.Float32, < 16 => TensorType.Int8, < 18 => TensorType.UInt8, 18 =>
            TensorType.Int32, _ => TensorType.Int64 };
    }

    /// <summary>A model, mostly one that loads.</summary>
    public static byte[] Make(Random random)
    {
        var generator = new TfliteGenerator(random);
        int current = generator.Input(generator.RandomShape());
        for (int i = random.Next(1, 6); i > 0; i--) current = generator.Step(current);
        return generator.Write([current, .. generator._calls.SelectMany(c => c.Outputs).Where(_ => random.Next(12) == 0)]);
    }

    private int Step(int current)
    {
        (int tensorCount, int callCount) = (_tensors.Count, _calls.Count);
        try
        {
            Action<int>[] choices = _type is TensorType.Int32 or TensorType.Int64 ? Movements : _random.Next(2) == 0 ? Layers
                : [.. Movements, .. Elements];
            choices[_random.Next(choices.Length)](current);
            Call call = _calls[^1];
            TensorSpec[] specs = call.HasShapes ? [.. call.Outputs.Select(o => new TensorSpec(_tensors[o].Type, _tensors[o].Shape))]
                : Settle();
            if (specs.Sum(s => s.Shape.Aggregate(1L, (a, b) => a * b)) < 1 << 20) return call.Outputs[_random.Next(call.Outputs.Length)];
        }
        catch (Exception e) when (e is InvalidModelException or ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            // It did not fit: the model goes on without it.
        }

        _tensors.RemoveRange(tensorCount, _tensors.Count - tensorCount);
        _calls.RemoveRange(callCount, _calls.Count - callCount);
        return current;
    }

    /// <summary>Gives the outputs of the last call the types and shapes that the runtime infers.</summary>
    private TensorSpec[] Settle()
    {
        Call call = _calls[^1];
        TensorSpec[] specs = ShapeInference.Infer(GraphReader.Read(Write([.. call.Outputs])).Nodes[^1]);
        for (int i = 0; i < call.Outputs.Length; i++)
            _tensors[call.Outputs[i]] = _tensors[call.Outputs[i]] with { Type = specs[i].Type, Shape = specs[i].Shape };
        return specs;
    }

    private byte[] Write(int[] outputs)
    {
        var model = new TestModel();
        for (int i = 0; i < _tensors.Count; i++)
        {
            Made t = _tensors[i];
            if (t.Data is not null) model.Constant($"c{i}", t.Type, t.Shape, t.Data, t.Scales.Length > 0 ? t.Scales : null, t.Zero, t.Axis);
            else model.Tensor($"t{i}", t.Type, t.Shape, t.Scales.Length > 0 ? t.Scales[0] : 0, t.Zero, t.IsVariable);
        }

        Call? control = _calls.FirstOrDefault(c => c.Operator is BuiltinOperator.If or BuiltinOperator.While);
        bool hasVariables = _calls.Exists(c => c.Operator == BuiltinOperator.VarHandle);
        if (hasVariables)
            model.Operator(BuiltinOperator.CallOnce, [], [], new NumberOptions(BuiltinOptionsType.CallOnce, control is null ? 1 : 3));

        foreach (Call call in _calls) model.Operator(call.Operator, call.Inputs, call.Outputs, call.Options);
        HashSet<int> made = [.. _calls.SelectMany(c => c.Outputs)];
        int[] inputs = [.. Enumerable.Range(0, _tensors.Count).Where(i => _tensors[i].Data is null && !made.Contains(i)
            && !_tensors[i].IsVariable)];
        model.Subgraph(inputs, [.. outputs.Distinct()]);
        if (control is not null) AddBodies(model, control);
        if (hasVariables) AddBeginnings(model);
        return model.Build();
    }

    private int[] RandomShape()
    {
        int rank = _random.Next(10) switch { < 7 => 4, 7 => 2, 8 => 3, _ => _random.Next(0, 6) };
        int[] shape = [.. Enumerable.Range(0, rank).Select(_ => Size())];
        if (rank == 4 && _random.Next(3) > 0) shape[0] = _random.Next(1, 3);
        if (_random.Next(40) == 0 && rank > 0) shape[_random.Next(rank)] = 0;
        if (rank == 4 && _random.Next(15) == 0) shape[3] = _random.Next(33, 140);
        return shape;
    }

    private int Size() => Sizes[_random.Next(Sizes.Length)];

    private int Input(int[] shape, TensorType? of = null) =>
        Add(new Made(of ?? _type, shape, null, ScalesOf(of ?? _type), ZeroOf(of ?? _type), 0));

    private int Output(int like = -1, TensorType? of = null) => Add(
        like >= 0 && _random.Next(3) > 0
        && (of ?? _tensors[like].Type) == _tensors[like].Type ? _tensors[like] with { Data = null, Shape = [] }
        : new Made(of ?? (like >= 0 ? _tensors[like].Type : _type), [], null, ScalesOf(of ?? _type), ZeroOf(of ?? _type), 0));

    private int Constant(TensorType of, int[] shape, float[]? scales = null, int zero = 0, int axis = 0)
    {
        long bytes = shape.Aggregate((long)of.Size(), (a, b) => a * b);
        if (bytes > 1 << 18) throw new ArgumentException("The constant would be large.");
        byte[] data = new byte[bytes];
        _random.NextBytes(data);
        if (of == TensorType.Float32)
        {
            for (int i = 0; i < data.Length; i += 4) BitConverter.TryWriteBytes(data.AsSpan(i), (_random.NextSingle() * 2) - 1);
        }

        if (_random.Next(4) == 0)
        {
            // Zeros enough for the sparse kernels.
            int size = of.Size();
            for (int i = 0; i < data.Length; i += size)
            {
                if (_random.Next(8) > 0) data.AsSpan(i, size).Clear();
            }
        }

        return Add(new Made(of, shape, data, scales ?? ScalesOf(of), scales is null ? ZeroOf(of) : zero, axis));
    }

    private int Ints(params int[] values) => Add(new Made(
        TensorType.Int32, [values.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), [], 0, 0));

    private int Add(Made tensor)
    {
        _tensors.Add(tensor);
        return _tensors.Count - 1;
    }

    private void Emit(BuiltinOperator op, int[] inputs, int[] outputs, IOperatorOptions? options = null, bool hasShapes = false) =>
        _calls.Add(new Call(op, inputs, outputs, options, hasShapes));

    private float[] ScalesOf(TensorType of) => of is TensorType.Int8 or TensorType.UInt8 ? [0.002f + (0.2f * _random.NextSingle())] : [];

    private int ZeroOf(TensorType of) =>
        of switch { TensorType.Int8 => _random.Next(-128, 128), TensorType.UInt8 => _random.Next(256), _ => 0 };

    private sealed record Made(TensorType Type, int[] Shape, byte[]? Data, float[] Scales, int Zero, int Axis, bool IsVariable = false);

    private sealed record Call(
        BuiltinOperator Operator, int[] Inputs, int[] Outputs, IOperatorOptions? Options, bool HasShapes);
}
