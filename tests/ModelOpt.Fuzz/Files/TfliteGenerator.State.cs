using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Fuzz.Files;

/// <content>Recurrent layers of TFLite, and variables.</content>
internal sealed partial class TfliteGenerator
{
    private int Variable(TensorType of, params int[] shape) =>
        Add(new Made(of, shape, null, of == TensorType.Float32 ? [] : [0.01f], 0, 0, _random.Next(10) > 0));

    private int Result(params int[] shape) => Add(new Made(_type, shape, null, ScalesOf(_type), ZeroOf(_type), 0));

    private int Matrix(params int[] shape) => _type == TensorType.Float32 && _random.Next(4) > 0 ? Constant(_type, shape)
        : Constant(TensorType.Int8, shape, [0.01f]);

    private int Vector(params int[] shape) => _type == TensorType.Float32 ? Constant(_type, shape)
        : Constant(TensorType.Int32, shape, [0.001f]);

    private void Sequence(int x)
    {
        int[] shape = ShapeOf(x);
        int cells = _random.Next(1, 20), outputs = _random.Next(3) == 0 ? _random.Next(1, 20) : cells;
        bool timeMajor = _random.Next(3) == 0, isStep = shape.Length == 2, isCoupled = _random.Next(4) == 0;
        int batch = timeMajor && !isStep ? shape[1] : shape[0], inputs = shape[^1];
        TensorType state = _type == TensorType.Float32 ? _type : TensorType.Int8, cell = _type == TensorType.Float32 ? _type
            : TensorType.Int16;
        List<int> operands = [x];
        for (int i = 0; i < 8; i++) operands.Add(isCoupled && i % 4 == 0 ? -1 : Matrix(cells, i < 4 ? inputs : outputs));
        bool sees = _type == TensorType.Float32 && _random.Next(3) == 0, norms = _type == TensorType.Float32 && _random.Next(3) == 0;
        for (int i = 0; i < 3; i++) operands.Add(sees && !(isCoupled && i == 0) ? Vector(cells) : -1);
        for (int i = 0; i < 4; i++) operands.Add(isCoupled && i == 0 ? -1 : Vector(cells));
        operands.Add(outputs != cells ? Matrix(outputs, cells) : -1);
        operands.Add(outputs != cells && _random.Next(2) == 0 ? Vector(outputs) : -1);
        operands.AddRange([Variable(state, batch, outputs), Variable(cell, batch, cells)]);
        for (int i = 0; i < 4; i++) operands.Add(norms && !(isCoupled && i == 0) ? Vector(cells) : -1);
        int y = isStep ? Result(shape[0], outputs) : Result(shape[0], shape[1], outputs);
        if (isStep)
            Emit(BuiltinOperator.Lstm, [.. operands], [y], new NumberOptions(BuiltinOptionsType.Lstm, (byte)4, 1f, 1f, (byte)0), true);
        else
            Emit(BuiltinOperator.UnidirectionalSequenceLstm, [.. operands], [y],
                new SequenceLstmOptions(ActivationFunction.Tanh, _random.Next(2), _random.Next(2), timeMajor), true);
    }

    private void History(int x)
    {
        int[] shape = ShapeOf(x);
        int units = _random.Next(1, 8), rank = _random.Next(1, 3), steps = _random.Next(1, 6);
        if (shape.Length == 2 && _random.Next(2) == 0)
        {
            int state = Variable(_type == TensorType.Float32 ? _type : TensorType.Int16, shape[0], units * rank * steps);
            int times = _type == TensorType.Float32 ? Constant(_type, [units * rank, steps])
                : Constant(TensorType.Int16, [units * rank, steps], [0.001f]);
            Emit(BuiltinOperator.Svdf, [x, Matrix(units * rank, shape[1]), times, Vector(units), state], [Result(shape[0], units)],
                new NumberOptions(BuiltinOptionsType.Svdf, rank, (byte)_random.Next(2)), true);
            return;
        }

        bool timeMajor = shape.Length > 2 && _random.Next(3) == 0;
        int batch = timeMajor ? shape[1] : shape[0];
        List<int> operands = [x, .. Direction()];
        if (shape.Length == 2)
        {
            Emit(BuiltinOperator.Rnn, [.. operands], [Result(shape[0], units)],
                new NumberOptions(BuiltinOptionsType.Rnn, (byte)ActivationFunction.Tanh), true);
            return;
        }

        bool both = _random.Next(2) == 0, merges = _random.Next(2) == 0;
        if (both) operands.AddRange(Direction());
        int[] outputs = [Result(shape[0], shape[1], both && merges ? 2 * units : units)];
        if (both && !merges) outputs = [.. outputs, Result(shape[0], shape[1], units)];
        Emit(
            both ? BuiltinOperator.BidirectionalSequenceRnn : BuiltinOperator.UnidirectionalSequenceRnn, [.. operands], outputs,
            new NumberOptions(
                both ? BuiltinOptionsType.BidirectionalSequenceRnn : BuiltinOptionsType.SequenceRnn, timeMajor,
                (byte)ActivationFunction.Relu, merges), true);

        int[] Direction() =>
            [Matrix(units, shape[^1]), Matrix(units, units), Vector(units),
                Variable(_type == TensorType.UInt8 ? TensorType.Int8 : _type, batch, units)];
    }

    // What a run leaves, the next adds.
    private void Memory(int x)
    {
        int handle = Add(new Made(TensorType.Resource, [], null, [], 0, 0));
        int read = Add(_tensors[x] with { Data = null }), sum = Add(_tensors[x] with { Data = null });
        int[][] calls = [[handle, x], [handle, read]];
        Emit(BuiltinOperator.VarHandle, [], [handle], new VariableOptions($"v{handle}"), true);
        Emit(BuiltinOperator.ReadVariable, [handle], [read], null, true);
        Emit(BuiltinOperator.Add, [x, read], [sum], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None), true);
        Emit(BuiltinOperator.AssignVariable, calls[_random.Next(2)], [], null, true);
        Emit(BuiltinOperator.Add, [sum, read], [Add(_tensors[x] with { Data = null })],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None), true);
    }

    private void Detect(int x)
    {
        const TensorType floats = TensorType.Float32;
        int count = _random.Next(1, 12), columns = _random.Next(1, 5);
        int boxes = Input([1, count, _random.Next(4, 6)], floats), scores = Input([1, count, columns], floats);
        int[] outputs = [.. Enumerable.Range(0, 4).Select(_ => Output(of: floats))];
        var options = new DetectionOptions(
            _random.Next(8), _random.Next(1, columns + 1), _random.Next(1, 3), _random.Next(5), _random.Next(2) == 0, 0.1f, 0.5f,
                (10, 10, 5, 5));
        Emit(BuiltinOperator.DetectionPostProcess, [boxes, scores, Constant(floats, [count, 4])], outputs, options);
    }

    private void AddBeginnings(TestModel model)
    {
        foreach (Call call in _calls.Where(c => c.Operator == BuiltinOperator.ReadVariable))
        {
            Made value = _tensors[call.Outputs[0]];
            int handle = model.Tensor("v", TensorType.Resource, []);
            model.Operator(BuiltinOperator.VarHandle, [], [handle], new VariableOptions($"v{call.Inputs[0]}"));
            byte[] begins = new byte[value.Type.Size() * value.Shape.Aggregate(1, (a, b) => a * b)];
            int constant = model.Constant(
                "begins", value.Type, value.Shape, begins, value.Scales.Length > 0 ? value.Scales : null, value.Zero, value.Axis);
            model.Operator(BuiltinOperator.AssignVariable, [handle, constant], []);
        }

        model.Subgraph([], []);
    }
}
