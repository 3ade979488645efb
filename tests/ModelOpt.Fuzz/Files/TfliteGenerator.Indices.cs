using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Fuzz.Files;

/// <content>Operators that find or take places, that make tensors of numbers, and those that run subgraphs.</content>
internal sealed partial class TfliteGenerator
{
    private void Extreme(int x)
    {
        bool greatest = _random.Next(2) == 0;
        TensorType places = _random.Next(2) == 0 ? TensorType.Int32 : TensorType.Int64;
        if (_random.Next(2) == 0)
            Emit(BuiltinOperator.TopKV2, [x, Ints(_random.Next(Size()))], [Output(x), Output(-1, TensorType.Int32)]);
        else
            Emit(
                greatest ? BuiltinOperator.ArgMax : BuiltinOperator.ArgMin, [x, Ints(Axis(x))], [Output(-1, places)],
                new ArgOptions(greatest, places));
    }

    private void OneHot(int x)
    {
        int indices = Input([Size()], _random.Next(2) == 0 ? TensorType.Int32 : TensorType.Int64), depth = Ints(Size());
        Emit(
            BuiltinOperator.OneHot, [indices, depth, Constant(_type, []), Constant(_type, [])], [Output(x)],
            new OneHotOptions(_random.Next(-1, 2)));
    }

    private void Scatter(int x)
    {
        int[] shape = ShapeOf(x);
        int rows = Size(), indices = Ints([.. Enumerable.Range(0, shape[0]).Select(_ => _random.Next(rows))]);
        if (_random.Next(2) == 0)
        {
            Emit(BuiltinOperator.UnsortedSegmentMax, [x, indices, Ints(rows)], [Output(x)]);
            return;
        }

        _tensors[indices] = _tensors[indices] with { Shape = [shape[0], 1] };
        Emit(BuiltinOperator.ScatterNd, [indices, x, Ints([rows, .. shape[1..]])], [Output(x)]);
    }

    private void Sums(int x) => Emit(
        BuiltinOperator.Cumsum, [x, Ints(Axis(x))], [Output(x)], new CumsumOptions(_random.Next(2) == 0, _random.Next(2) == 0));

    private void Numbers(int x)
    {
        int first = _random.Next(-9, 9);
        int[] numbers = [first, first + _random.Next(20), _random.Next(1, 4)];
        int[] scalars = [.. numbers.Select(n => Ints(n))];
        Emit(BuiltinOperator.Range, scalars, [Output(x, TensorType.Int32)]);
    }

    private void Fill(int x)
    {
        if (_random.Next(4) == 0)
        {
            Emit(
                _random.Next(2) == 0 ? BuiltinOperator.RandomUniform : BuiltinOperator.RandomStandardNormal, [Ints(ShapeOf(x))],
                [Output(-1, TensorType.Float32)], new RandomOptions(_random.Next(), 1));
        }
        else if (_random.Next(2) == 0) Emit(BuiltinOperator.Fill, [Ints(ShapeOf(x)), Constant(_type, [])], [Output(x)]);
        else Emit(BuiltinOperator.BroadcastTo, [x, Ints([_random.Next(1, 3), .. ShapeOf(x)])], [Output(x)]);
    }

    /// <summary>Places of what is not zero, of a constant: else they are counted when the model runs.</summary>
    private void Places(int x) =>
        Emit(BuiltinOperator.Where, [Constant(TensorType.Bool, ShapeOf(x), [])], [Output(-1, TensorType.Int64)]);

    private void Distinct(int x) => Emit(
        BuiltinOperator.Unique, [x], [.. Enumerable.Range(0, 3).Select(_ => Output(-1, TensorType.Int64))],
        new UniqueOptions(_random.Next(2) == 0));

    private void Boxes(int x)
    {
        int samples = Size(), classes = Size(), count = Size();
        Emit(
            BuiltinOperator.NonMaxSuppression, [Input([samples, count, 4], _type), Input([samples, classes, count], _type)],
            [Output(-1, TensorType.Int64)], new NonMaxSuppressionOptions(_random.Next(2) == 0, _random.Next(x + 2)));
    }

    private void Branch(int x)
    {
        OnlyOnce();
        Emit(
            BuiltinOperator.If, [Input([], TensorType.Bool), x], [Output(x)], new SubgraphOptions(BuiltinOptionsType.If, 1, 2));
    }

    private void Loop(int x)
    {
        OnlyOnce();
        Emit(
            BuiltinOperator.While, [Input([], TensorType.Int64), x], [Output(-1, TensorType.Int64), Output(x)],
            new SubgraphOptions(BuiltinOptionsType.While, 1, 2));
    }

    /// <summary>Bodies are floats', and those of one operator.</summary>
    private void OnlyOnce()
    {
        bool isOther = _calls.Any(c => c.Operator is BuiltinOperator.If or BuiltinOperator.While);
        if (isOther || _type != TensorType.Float32) throw new ArgumentException("There are bodies.");
    }

    private void AddBodies(TestModel model, Call call)
    {
        int[] shape = ShapeOf(call.Inputs[1]);
        if (call.Operator == BuiltinOperator.If)
        {
            Body(BuiltinOperator.Abs);
            Body(BuiltinOperator.Neg);
            return;
        }

        int count = model.Tensor("n", TensorType.Int64, []), x = model.Tensor("x", TensorType.Float32, shape);
        int goes = model.Tensor("goes", TensorType.Bool, []);
        model.Operator(BuiltinOperator.Cast, [count], [goes], new CastOptions(TensorType.Int64, TensorType.Bool));
        model.Subgraph([count, x], [goes]);
        count = model.Tensor("n", TensorType.Int64, []);
        x = model.Tensor("x", TensorType.Float32, shape);
        int halved = model.Tensor("half", TensorType.Int64, []), y = model.Tensor("y", TensorType.Float32, shape);
        // Whatever the number is, it ends after a few rounds.
        int two = model.Constant("two", TensorType.Int64, [], new[] { 2L });
        model.Operator(
            BuiltinOperator.Div, [count, two], [halved], new ArithmeticOptions(BuiltinOptionsType.Div, ActivationFunction.None));
        model.Operator(BuiltinOperator.Neg, [x], [y]);
        model.Subgraph([count, x], [halved, y]);

        void Body(BuiltinOperator op)
        {
            int from = model.Tensor("x", TensorType.Float32, shape), to = model.Tensor("y", TensorType.Float32, shape);
            model.Operator(op, [from], [to]);
            model.Subgraph([from], [to]);
        }
    }
}
