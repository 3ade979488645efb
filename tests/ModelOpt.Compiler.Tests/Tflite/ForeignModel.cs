using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Compiler.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Tflite;

/// <summary>TFLite files with operators and forms that others write, read into graphs and compared with LiteRT.</summary>
internal sealed class ForeignModel
{
    // What the compiler writes and does not read back as it was.
    private static readonly BuiltinOperator[] NotRead =
    [
        BuiltinOperator.UnsortedSegmentMax,
        // Other numbers of the same distribution.
        BuiltinOperator.RandomUniform, BuiltinOperator.RandomStandardNormal,
    ];

    private readonly TfliteModelBuilder _builder = new();
    private readonly List<Tensor> _fed = [];
    private readonly Random _random = new(1);

    /// <summary>An input of random numbers.</summary>
    public TfliteTensor Input(params int[] dims) => Input(OperatorTesting.Random(_random, ElementType.Float32, dims));

    /// <summary>An input, and what it is fed.</summary>
    public TfliteTensor Input(Tensor fed, Quantization? grid = null)
    {
        _fed.Add(fed);
        TfliteTensor tensor = new($"x{_fed.Count}", TypeOf(fed.Type), fed.Dims, -1, grid);
        _builder.Inputs.Add(tensor);
        return tensor;
    }

    /// <summary>A constant.</summary>
    public static TfliteTensor Constant(Tensor tensor, Quantization? grid = null) =>
        new("c", TypeOf(tensor.Type), tensor.Dims, -1, grid, tensor.Bytes);

    /// <summary>A constant of random numbers.</summary>
    public TfliteTensor Weights(params int[] dims) => Constant(OperatorTesting.Random(_random, ElementType.Float32, dims));

    /// <summary>A constant vector of int32.</summary>
    public static TfliteTensor Ints(params int[] numbers) => Constant(Tensor.Vector<int>(numbers));

    /// <summary>A result of a type and sizes.</summary>
    public TfliteTensor Add(
        BuiltinOperator op, TfliteTensor?[] inputs, IOperatorOptions? options, TensorType type, int[] dims, Quantization? grid = null)
    {
        TfliteTensor output = new($"y_{op}", type, dims, -1, grid);
        _builder.Add(new TfliteOperator(op, inputs, [output], options));
        return output;
    }

    /// <summary>A result of float32.</summary>
    public TfliteTensor Add(BuiltinOperator op, TfliteTensor?[] inputs, IOperatorOptions? options, params int[] dims) =>
        Add(op, inputs, options, TensorType.Float32, dims);

    /// <summary>The file.</summary>
    public byte[] Write(params TfliteTensor[] outputs)
    {
        _builder.Outputs.AddRange(outputs);
        return _builder.Write();
    }

    /// <summary>Fails the test unless the runtime, the graph of the file and what that is written as give what LiteRT does.</summary>
    /// <returns>The graph's operators.</returns>
    public string AssertReads(params TfliteTensor[] outputs)
    {
        byte[] file = Write(outputs);
        Tensor[] inputs = [.. _fed], expected = TfliteRunner.RunLiteRt(file, inputs);
        GraphTesting.AssertClose(expected, TfliteRunner.Run(file, inputs));
        Graph graph = Read(file);
        GraphTesting.AssertClose(expected, new Interpreter(graph).Run(inputs));
        GraphTesting.AssertClose(expected, TfliteRunner.Run(Lowering.Write(graph), inputs));
        return graph.Types();
    }

    /// <summary>Fails the test unless a file that the compiler wrote is read back into a graph that gives the same.</summary>
    public static void AssertReadsBack(byte[] file, Tensor[] inputs, Action<Tensor> check)
    {
        Runtime.Model.Graph written = Runtime.Model.GraphReader.Read(file);
        // The graph computes in float32 what the runtime computes in float64.
        if (written.Nodes.Exists(n => NotRead.Contains(n.Operator) || n.Output.Type == TensorType.Float64)) return;
        check(new Interpreter(Read(file)).Run([.. inputs.Select(TfliteRunner.Stored)])[0]);
    }

    /// <summary>The graph of a file, with shapes.</summary>
    public static Graph Read(byte[] file, bool foldsPairs = true)
    {
        Graph graph = TfliteReader.Read(file, foldsPairs);
        ShapeInference.Run(graph);
        return graph;
    }

    private static TensorType TypeOf(ElementType type) => Enum.Parse<TensorType>($"{type}");
}
