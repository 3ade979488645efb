using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>Files whose operators run subgraphs.</summary>
internal static class SubgraphModels
{
    /// <summary>flag ? x + x : x · x, of 4 floats.</summary>
    /// <param name="then">The subgraph to run if the flag is set.</param>
    /// <param name="other">The subgraph to run if it is not.</param>
    public static TestModel If(int then = 1, int other = 2)
    {
        var m = new TestModel();
        int flag = m.Tensor("flag", TensorType.Bool, []), x = m.Tensor("x", TensorType.Float32, [4]);
        int y = m.Tensor("y", TensorType.Float32, [4]);
        m.Operator(BuiltinOperator.If, [flag, x], [y], new SubgraphOptions(BuiltinOptionsType.If, then, other));
        m.Subgraph([flag, x], [y]);
        Branch(m, BuiltinOperator.Add, BuiltinOptionsType.Add);
        Branch(m, BuiltinOperator.Mul, BuiltinOptionsType.Mul);
        return m;
    }

    /// <summary>While n: x = x + c, n = n − 1; of an int64 and 4 floats, and c = x at first. It gives x.</summary>
    public static TestModel While()
    {
        var m = new TestModel();
        int[] values = Values(m), results = Values(m);
        m.Operator(BuiltinOperator.While, [values[0], values[1], values[1]], results, new SubgraphOptions(BuiltinOptionsType.While, 1, 2));
        m.Subgraph(values[..2], [results[1]]);

        values = Values(m);
        int goes = m.Tensor("goes", TensorType.Bool, []);
        m.Operator(BuiltinOperator.Cast, [values[0]], [goes], new CastOptions(TensorType.Int64, TensorType.Bool));
        m.Subgraph(values, [goes]);

        values = Values(m);
        results = Values(m);
        int one = m.Constant("one", TensorType.Int64, [], new[] { 1L });
        m.Operator(BuiltinOperator.Sub, [values[0], one], [results[0]],
            new ArithmeticOptions(BuiltinOptionsType.Sub, ActivationFunction.None));
        m.Operator(BuiltinOperator.Add, [values[1], values[2]], [results[1]],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        // What stays as it is comes out as it went in.
        m.Subgraph(values, [results[0], results[1], values[2]]);
        return m;
    }

    /// <summary>Runs <see cref="If"/>.</summary>
    public static float[] RunIf(bool flag, float[] x)
    {
        using TfliteModel model = TfliteModel.Load(If().Build());
        using ModelCall call = model.Begin();
        call.SetInput<bool>(0, [flag]);
        call.SetInput<float>(1, x);
        call.Run();
        var y = new float[4];
        call.GetOutput<float>(0, y);
        return y;
    }

    /// <summary>Runs <see cref="While"/>.</summary>
    public static float[] RunWhile(long n, float[] x)
    {
        using TfliteModel model = TfliteModel.Load(While().Build());
        using ModelCall call = model.Begin();
        call.SetInput<long>(0, [n]);
        call.SetInput<float>(1, x);
        call.Run();
        var y = new float[4];
        call.GetOutput<float>(0, y);
        return y;
    }

    private static int[] Values(TestModel m) =>
        [m.Tensor("n", TensorType.Int64, []), m.Tensor("x", TensorType.Float32, [4]), m.Tensor("c", TensorType.Float32, [4])];

    private static void Branch(TestModel m, BuiltinOperator op, BuiltinOptionsType type)
    {
        int x = m.Tensor("x", TensorType.Float32, [4]), y = m.Tensor("y", TensorType.Float32, [4]);
        m.Operator(op, [x, x], [y], new ArithmeticOptions(type, ActivationFunction.None));
        m.Subgraph([x], [y]);
    }
}
