using System.Runtime.InteropServices;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Tflite;

/// <summary>Writes small .tflite files.</summary>
internal sealed class TestModel
{
    private readonly FlatBufferBuilder _builder = new();
    private readonly List<FlatOffset> _tensors = [];
    private readonly List<FlatOffset> _buffers = [];
    private readonly List<FlatOffset> _operators = [];
    private readonly List<BuiltinOperator> _codes = [];
    private readonly List<FlatOffset> _subgraphs = [];

    public TestModel() => _buffers.Add(Buffer([]));

    /// <summary>A tensor without a value. A size of −1 stands for 1 that may vary.</summary>
    public int Tensor(string name, TensorType type, int[] shape, float scale = 0, int zeroPoint = 0, bool isVariable = false) =>
        Add(name, type, shape, 0, scale == 0 ? [] : [scale], [zeroPoint], 0, isVariable);

    public int Constant<T>(
        string name, TensorType type, int[] shape, T[] values, float[]? scales = null, int zeroPoint = 0, int axis = 0)
        where T : unmanaged
    {
        _buffers.Add(Buffer(MemoryMarshal.AsBytes<T>(values)));
        return Add(
            name, type, shape, _buffers.Count - 1, scales ?? [],
            scales is null ? [] : [.. scales.Select(_ => (long)zeroPoint)], axis);
    }

    public void Operator(BuiltinOperator op, int[] inputs, int[] outputs, IOperatorOptions? options = null)
    {
        FlatOffset? table = options is null ? null
            : op.IsCustom() ? _builder.CreateVector<byte>(CustomOperators.Write(options)) : options.Write(_builder);
        FlatOffset inputVector = _builder.CreateVector<int>(inputs), outputVector = _builder.CreateVector<int>(outputs);
        if (!_codes.Contains(op))
            _codes.Add(op);
        _builder.StartTable(6);
        _builder.Add(0, _codes.IndexOf(op));
        _builder.Add(1, inputVector);
        _builder.Add(2, outputVector);
        if (op.IsCustom() && table is { } custom)
        {
            _builder.Add(5, custom);
        }
        else if (options is not null)
        {
            _builder.Add(3, (byte)options.Type);
            _builder.Add(4, table!.Value);
        }
        _operators.Add(_builder.EndTable());
    }

    /// <summary>Ends a subgraph, the main one first; tensors and operators that are added next are those of another.</summary>
    public TestModel Subgraph(int[] inputs, int[] outputs)
    {
        FlatOffset tensors = _builder.CreateVector(CollectionsMarshal.AsSpan(_tensors));
        FlatOffset inputVector = _builder.CreateVector<int>(inputs), outputVector = _builder.CreateVector<int>(outputs);
        FlatOffset operators = _builder.CreateVector(CollectionsMarshal.AsSpan(_operators));
        FlatOffset name = _builder.CreateString("main");
        _builder.StartTable(5);
        _builder.Add(0, tensors);
        _builder.Add(1, inputVector);
        _builder.Add(2, outputVector);
        _builder.Add(3, operators);
        _builder.Add(4, name);
        _subgraphs.Add(_builder.EndTable());
        _tensors.Clear();
        _operators.Clear();
        return this;
    }

    public byte[] Build(int[] inputs, int[] outputs) => Subgraph(inputs, outputs).Build();

    /// <summary>The file of the subgraphs that were ended.</summary>
    public byte[] Build()
    {
        var codes = new List<FlatOffset>();
        foreach (BuiltinOperator code in _codes)
        {
            FlatOffset? customCode = code.IsCustom() ? _builder.CreateString(code.CustomCode()) : null;
            int number = customCode is null ? (int)code : (int)BuiltinOperator.Custom;
            _builder.StartTable(4);
            _builder.Add(0, (byte)Math.Min(number, 127));
            if (customCode is { } custom)
                _builder.Add(1, custom);
            _builder.Add(2, 1, 1);
            _builder.Add(3, number);
            codes.Add(_builder.EndTable());
        }
        FlatOffset subgraphs = _builder.CreateVector(CollectionsMarshal.AsSpan(_subgraphs));
        FlatOffset codeVector = _builder.CreateVector(CollectionsMarshal.AsSpan(codes));
        FlatOffset buffers = _builder.CreateVector(CollectionsMarshal.AsSpan(_buffers));
        FlatOffset description = _builder.CreateString("test");
        _builder.StartTable(5);
        _builder.Add(0, 3);
        _builder.Add(1, codeVector);
        _builder.Add(2, subgraphs);
        _builder.Add(3, description);
        _builder.Add(4, buffers);
        return _builder.Finish(_builder.EndTable(), ModelTable.FileIdentifier);
    }

    private FlatOffset Buffer(ReadOnlySpan<byte> data)
    {
        FlatOffset? vector = data.IsEmpty ? null : _builder.CreateVector(data, 16);
        _builder.StartTable(1);
        if (vector is { } offset)
            _builder.Add(0, offset);
        return _builder.EndTable();
    }

    private int Add(string name, TensorType type, int[] shape, int buffer, float[] scales, long[] zeroPoints, int axis,
        bool isVariable = false)
    {
        bool dynamic = shape.Contains(-1);
        FlatOffset signature = _builder.CreateVector<int>(shape);
        FlatOffset actual = dynamic ? _builder.CreateVector<int>([.. shape.Select(size => size < 0 ? 1 : size)]) : signature;
        FlatOffset text = _builder.CreateString(name);
        FlatOffset? quantization = null;
        if (scales.Length > 0)
        {
            FlatOffset scale = _builder.CreateVector<float>(scales), zero = _builder.CreateVector<long>(zeroPoints);
            _builder.StartTable(7);
            _builder.Add(2, scale);
            _builder.Add(3, zero);
            _builder.Add(6, axis);
            quantization = _builder.EndTable();
        }
        _builder.StartTable(8);
        _builder.Add(0, actual);
        _builder.Add(1, (byte)type);
        _builder.Add(2, buffer);
        _builder.Add(3, text);
        if (quantization is { } q)
            _builder.Add(4, q);
        _builder.Add(5, isVariable);
        if (dynamic)
            _builder.Add(7, signature);
        _tensors.Add(_builder.EndTable());
        return _tensors.Count - 1;
    }
}
