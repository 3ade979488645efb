using System.Runtime.InteropServices;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>A tensor of a one-operator model; a constant when <paramref name="IsConstant"/>.</summary>
internal sealed record TestTensor(
    TensorType Type, int[] Shape, Array Values, float Scale = 0, int ZeroPoint = 0, bool IsConstant = false)
{
    public static TestTensor Float(int[] shape, params float[] values) => new(TensorType.Float32, shape, values);

    public static TestTensor Ints(params int[] values) => new(
        TensorType.Int32, [values.Length], values, IsConstant: true);

    public static TestTensor Random(Random random, TensorType type, int[] shape, float scale = 0, int zeroPoint = 0)
    {
        int count = shape.Aggregate(1, (a, b) => a * b);
        Array values = type switch
        {
            TensorType.Float32 => Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 8) - 4).ToArray(),
            TensorType.Int8 => Enumerable.Range(0, count).Select(_ => (sbyte)random.Next(-128, 128)).ToArray(),
            TensorType.UInt8 => Enumerable.Range(0, count).Select(_ => (byte)random.Next(256)).ToArray(),
            TensorType.Int32 => Enumerable.Range(0, count).Select(_ => random.Next(-1000, 1000)).ToArray(),
            TensorType.Int64 => Enumerable.Range(0, count).Select(_ => (long)random.Next(-1000, 1000)).ToArray(),
            TensorType.Int16 => Enumerable.Range(0, count).Select(_ => (short)random.Next(-1000, 1000)).ToArray(),
            TensorType.UInt16 => Enumerable.Range(0, count).Select(_ => (ushort)random.Next(1000)).ToArray(),
            TensorType.UInt32 => Enumerable.Range(0, count).Select(_ => (uint)random.Next(1000)).ToArray(),
            TensorType.UInt64 => Enumerable.Range(0, count).Select(_ => (ulong)random.Next(1000)).ToArray(),
            TensorType.Float16 => Enumerable.Range(0, count).Select(_ => (Half)((random.NextSingle() * 8) - 4)).ToArray(),
            TensorType.Float64 => Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 8) - 4).ToArray(),
            TensorType.Bool => Enumerable.Range(0, count).Select(_ => random.Next(2) == 1).ToArray(),
            _ => throw new ArgumentException($"{type}"),
        };
        return new TestTensor(type, shape, values, scale, zeroPoint);
    }

    public TestTensor AsConstant() => this with { IsConstant = true };

    /// <summary>The values as real numbers.</summary>
    public double[] Real() => [.. Values.Cast<object>().Select(v =>
    {
        double stored = v is bool b ? (b ? 1 : 0) : Convert.ToDouble(v, null);
        return Scale == 0 ? stored : (stored - ZeroPoint) * (double)Scale;
    })];

    public byte[] Bytes() => Values switch
    {
        float[] v => MemoryMarshal.AsBytes(v.AsSpan()).ToArray(),
        Half[] v => MemoryMarshal.AsBytes(v.AsSpan()).ToArray(),
        sbyte[] v => MemoryMarshal.AsBytes(v.AsSpan()).ToArray(),
        byte[] v => v,
        int[] v => MemoryMarshal.AsBytes(v.AsSpan()).ToArray(),
        long[] v => MemoryMarshal.AsBytes(v.AsSpan()).ToArray(),
        bool[] v => MemoryMarshal.AsBytes(v.AsSpan()).ToArray(),
        _ => throw new ArgumentException($"{Values.GetType()}"),
    };
}

/// <summary>Runs models of one operator, and compares with formulas in double precision.</summary>
internal static class OperatorTesting
{
    /// <summary>Builds a model of one operator and runs it. The values of the outputs given are ignored.</summary>
    public static TestTensor[] Run(
        BuiltinOperator op, IOperatorOptions? options, TestTensor?[] inputs, params TestTensor[] outputs)
    {
        TestTensor[] variable = [.. inputs.OfType<TestTensor>().Where(t => !t.IsConstant)];
        using TfliteModel model = TfliteModel.Load(Build(op, options, inputs, outputs));
        return Run(model, variable, outputs);
    }

    /// <summary>A model of one operator.</summary>
    public static byte[] Build(BuiltinOperator op, IOperatorOptions? options, TestTensor?[] inputs, TestTensor[] outputs)
    {
        var m = new TestModel();
        int[] inputIndices = [.. inputs.Select((t, i) => t is null ? -1 : Add(m, t, $"input{i}"))];
        int[] outputIndices = [.. outputs.Select(
            (t, i) => m.Tensor($"output{i}", t.Type, t.Shape, t.Scale, t.ZeroPoint))];
        m.Operator(op, inputIndices, outputIndices, options);
        return m.Build([.. inputIndices.Where((_, i) => inputs[i] is { IsConstant: false })], outputIndices);
    }

    /// <summary>Fails unless a model of one operator is refused when it is loaded, with a message that has a text.</summary>
    public static void AssertRefused(
        string text, BuiltinOperator op, IOperatorOptions? options, TestTensor?[] inputs, params TestTensor[] outputs)
    {
        byte[] file = Build(op, options, inputs, outputs);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file)).Message, text);
    }

    /// <summary>Fails unless the inputs of a model of one operator are refused when it runs, with a message that has a text.</summary>
    public static void AssertRunRefused(
        string text, BuiltinOperator op, IOperatorOptions? options, TestTensor?[] inputs, params TestTensor[] outputs) =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(op, options, inputs, outputs)).Message, text);

    /// <summary>The types of elements that movers take.</summary>
    public static TensorType[] Types { get; } =
        [TensorType.Float32, TensorType.Int8, TensorType.UInt8, TensorType.Int32, TensorType.Int64, TensorType.Bool];

    public static TestTensor Output(TensorType type, int[] shape, float scale = 0, int zeroPoint = 0) =>
        new(type, shape, Array.Empty<byte>(), scale, zeroPoint);

    public static TestTensor[] Run(TfliteModel model, TestTensor[] inputs, TestTensor[] outputs)
    {
        using ModelCall call = model.Begin();
        for (int i = 0; i < inputs.Length; i++)
        {
            switch (inputs[i].Type)
            {
                case TensorType.Float32: Set<float>(call, i, inputs[i]); break;
                case TensorType.Int8: Set<sbyte>(call, i, inputs[i]); break;
                case TensorType.UInt8: Set<byte>(call, i, inputs[i]); break;
                case TensorType.Int32: Set<int>(call, i, inputs[i]); break;
                case TensorType.Int64: Set<long>(call, i, inputs[i]); break;
                case TensorType.Bool: Set<bool>(call, i, inputs[i]); break;
                case TensorType.Int16: Set<short>(call, i, inputs[i]); break;
                case TensorType.UInt16: Set<ushort>(call, i, inputs[i]); break;
                case TensorType.UInt32: Set<uint>(call, i, inputs[i]); break;
                case TensorType.UInt64: Set<ulong>(call, i, inputs[i]); break;
                case TensorType.Float16: Set<Half>(call, i, inputs[i]); break;
                case TensorType.Float64: Set<double>(call, i, inputs[i]); break;
                default: throw new ArgumentException($"{inputs[i].Type}");
            }
        }
        call.Run();
        using ModelOutputs results = call.TakeOutputs();
        var values = new TestTensor[outputs.Length];
        for (int i = 0; i < outputs.Length; i++)
        {
            Array array = outputs[i].Type switch
            {
                TensorType.Float32 => results.Get<float>(i).ToArray(),
                TensorType.Int8 => results.Get<sbyte>(i).ToArray(),
                TensorType.UInt8 => results.Get<byte>(i).ToArray(),
                TensorType.Int32 => results.Get<int>(i).ToArray(),
                TensorType.Int64 => results.Get<long>(i).ToArray(),
                TensorType.Bool => results.Get<bool>(i).ToArray(),
                _ => throw new ArgumentException($"{outputs[i].Type}"),
            };
            values[i] = outputs[i] with { Values = array };
        }
        return values;
    }

    /// <summary>
    /// Asserts that floats are within a relative error of 1e-5, and stored 8-bit values within one step of the expected
    /// real numbers, at least 95 % of them exactly.
    /// </summary>
    public static void AssertClose(double[] expected, TestTensor actual)
    {
        Assert.AreEqual(expected.Length, actual.Values.Length);
        int exact = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            object value = actual.Values.GetValue(i)!;
            if (actual.Scale == 0)
            {
                double stored = value is bool b ? (b ? 1 : 0) : Convert.ToDouble(value, null);
                Assert.AreEqual(expected[i], stored, 1e-5 * Math.Max(1, Math.Abs(expected[i])), $"element {i}");
                exact++;
                continue;
            }
            double step = Step(expected[i], actual), difference = Math.Abs(step - Convert.ToDouble(value, null));
            Assert.IsTrue(difference <= 1, $"element {i}: {value} instead of {step}");
            exact += difference == 0 ? 1 : 0;
        }
        Assert.IsTrue(exact >= 0.95 * expected.Length, $"{exact} of {expected.Length} are exact");
    }

    /// <summary>Each element of <paramref name="part"/> is the element of <paramref name="whole"/> at the index given.</summary>
    public static void AssertMoved(TestTensor whole, TestTensor part, Func<int[], int[]> place)
    {
        for (int flat = 0; flat < part.Values.Length; flat++)
        {
            int[] index = new int[part.Shape.Length];
            for (int d = index.Length - 1, rest = flat; d >= 0; rest /= part.Shape[d], d--)
                index[d] = rest % part.Shape[d];
            int source = 0;
            int[] at = place(index);
            for (int d = 0; d < at.Length; d++)
                source = (source * whole.Shape[d]) + at[d];
            Assert.AreEqual(whole.Values.GetValue(source), part.Values.GetValue(flat), $"{part.Type} element {flat}");
        }
    }

    private static double Step(double real, TestTensor tensor)
    {
        (double low, double high) = tensor.Type == TensorType.UInt8 ? (0, 255) : (-128, 127);
        return Math.Clamp(Math.Round(real / tensor.Scale) + tensor.ZeroPoint, low, high);
    }

    private static void Set<T>(ModelCall call, int index, TestTensor tensor)
        where T : unmanaged => call.SetInput<T>(index, (T[])tensor.Values);

    private static int Add(TestModel m, TestTensor tensor, string name) => tensor.IsConstant
        ? m.Constant(
            name, tensor.Type, tensor.Shape, tensor.Bytes(), tensor.Scale == 0 ? null : [tensor.Scale],
            tensor.ZeroPoint)
        : m.Tensor(name, tensor.Type, tensor.Shape, tensor.Scale, tensor.ZeroPoint);
}
