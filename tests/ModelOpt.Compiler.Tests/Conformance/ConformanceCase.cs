using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Onnx.Rewrites;

namespace ModelOpt.Compiler.Tests.Conformance;

/// <summary>One of ONNX's conformance cases: a model, inputs and the outputs they must give.</summary>
internal sealed class ConformanceCase
{
    private const string Root = "/usr/share/libonnx-testdata/data";

    /// <summary>The sets of cases: of single operators, and of what PyTorch exported at opset 6.</summary>
    private static readonly string[] Sets = ["node", "simple", "pytorch-operator", "pytorch-converted"];

    /// <summary>The operators that the compiler knows.</summary>
    public static readonly IReadOnlySet<string> Operators = Operator.Names.Concat(NodeRewrites.Names("")).ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// Inputs that say how to compute rather than what with. ONNX lets the caller feed them; a compiled model has them as
    /// constants.
    /// </summary>
    private static readonly Dictionary<string, int> FirstParameter = new(StringComparer.Ordinal)
    {
        ["AffineGrid"] = 1, ["BatchNormalization"] = 1, ["CenterCropPad"] = 1, ["Col2Im"] = 1, ["MaxUnpool"] = 2, ["Clip"] = 1,
        ["ConstantOfShape"] = 0, ["Conv"] = 1, ["ConvInteger"] = 1, ["ConvTranspose"] = 1,
        ["CumProd"] = 1, ["CumSum"] = 1, ["DeformConv"] = 1,
        ["Dropout"] = 1, ["Expand"] = 1, ["Gather"] = 1, ["InstanceNormalization"] = 1, ["LayerNormalization"] = 1,
        ["MatMulInteger"] = 1, ["OneHot"] = 1, ["PRelu"] = 1, ["Pad"] = 1, ["QLinearConv"] = 1, ["QLinearMatMul"] = 1, ["Range"] = 0,
        ["ReverseSequence"] = 1,
        ["ReduceL1"] = 1, ["ReduceL2"] = 1, ["ReduceLogSum"] = 1, ["ReduceLogSumExp"] = 1, ["ReduceMax"] = 1, ["ReduceMean"] = 1,
        ["ReduceMin"] = 1, ["ReduceProd"] = 1, ["ReduceSum"] = 1, ["ReduceSumSquare"] = 1, ["Reshape"] = 1, ["Resize"] = 1,
        ["ScatterElements"] = 1, ["ScatterND"] = 1, ["Slice"] = 1, ["Split"] = 1, ["Squeeze"] = 1, ["Tile"] = 1, ["TopK"] = 1,
        ["Trilu"] = 1,
        ["Unsqueeze"] = 1, ["Upsample"] = 1,
        ["GRU"] = 1, ["LSTM"] = 1, ["RNN"] = 1,
        ["BlackmanWindow"] = 0, ["DFT"] = 1, ["HammingWindow"] = 0, ["HannWindow"] = 0, ["MelWeightMatrix"] = 0, ["STFT"] = 1,
    };

    private ConformanceCase(string name) => Name = name;

    /// <summary>ONNX's name of the case, such as <c>conv_with_strides_padding</c>; its set before it, where that is not "node".</summary>
    public string Name { get; }

    private string Folder
    {
        get
        {
            int set = Name.IndexOf('/');
            return Path.Combine(Root, set < 0 ? "node" : Name[..set], $"test_{Name[(set + 1)..]}");
        }
    }

    /// <summary>Whether Debian's libonnx-testdata is installed.</summary>
    public static bool Installed => Directory.Exists(Root);

    /// <summary>The ONNX file.</summary>
    public string ModelFile => Path.Combine(Folder, "model.onnx");

    /// <summary>The model, not interpreted.</summary>
    public ModelProto Model => ModelProto.Parser.ParseFrom(File.ReadAllBytes(ModelFile));

    /// <summary>The case of a name.</summary>
    public static ConformanceCase Of(string name) => new(name);

    /// <summary>Every case made of nothing but <see cref="Operators"/>, in ordinal order.</summary>
    public static IEnumerable<ConformanceCase> All() =>
        Sets.SelectMany(set => Directory.GetDirectories(Path.Combine(Root, set), "test_*")
                .Select(folder => new ConformanceCase($"{(set == "node" ? "" : $"{set}/")}{Path.GetFileName(folder)["test_".Length..]}")))
            .Where(c => c.Model.Graph.Node is { Count: > 0 } nodes
                && nodes.All(n => n.Domain.Length == 0 && Operators.Contains(n.OpType)))
            .OrderBy(c => c.Name, StringComparer.Ordinal);

    /// <summary>The tensor that a data file holds.</summary>
    public static Tensor Read(TensorProto tensor)
    {
        // What the graph does not compute with are codes.
        TensorProto read = NarrowFormat.Of(tensor.DataType) is null ? tensor : NarrowTypes.Codes(tensor, new ExternalData(null));
        return OnnxTensors.Read(read, new ExternalData(null), tensor.Name);
    }

    /// <summary>The model with its parameters bound as constants, the inputs left to feed and the outputs to expect.</summary>
    public (byte[] Model, TensorProto[] Inputs, TensorProto[] Outputs) Load()
    {
        ModelProto model = Model;
        HashSet<string> parameters = [.. model.Graph.Node.SelectMany(
            n => n.Input.Skip(FirstParameter.GetValueOrDefault(n.OpType, int.MaxValue)))];
        var inputs = new List<TensorProto>();
        // In the first files, initializers are inputs too.
        HashSet<string> initialized = [.. model.Graph.Initializer.Select(i => i.Name)];
        ValueInfoProto[] asked = [.. model.Graph.Input.Where(i => !initialized.Contains(i.Name))];
        foreach ((ValueInfoProto input, TensorProto data) in asked.Zip(Data("input", asked)))
        {
            if (!parameters.Contains(input.Name))
            {
                inputs.Add(data);
                continue;
            }

            data.Name = input.Name;
            model.Graph.Input.Remove(input);
            model.Graph.Initializer.Add(data);
        }

        return (model.ToByteArray(), [.. inputs], Data("output", model.Graph.Output));
    }

    /// <summary>The tensors of the data set, inputs or outputs in the model's order.</summary>
    private TensorProto[] Data(string kind, IEnumerable<ValueInfoProto> values)
    {
        TensorProto[] data = Data(kind);
        foreach ((TensorProto tensor, ValueInfoProto value) in data.Zip(values))
        {
            // NumPy has no bfloat16: the data sets were written as uint16.
            if (value.Type.TensorType?.ElemType == (int)ElementType.BFloat16) tensor.DataType = (int)ElementType.BFloat16;
        }

        return data;
    }

    private TensorProto[] Data(string kind) =>
        [.. Directory.GetFiles(Path.Combine(Folder, "test_data_set_0"), $"{kind}_*.pb")
            .OrderBy(f => int.Parse(Path.GetFileNameWithoutExtension(f)[(kind.Length + 1)..], null))
            .Select(f => TensorProto.Parser.ParseFrom(File.ReadAllBytes(f)))];

    /// <summary>
    /// Fails the test unless a tensor is what ONNX expects, within the tolerances of ONNX's own backend test:
    /// |actual − expected| ≤ 1e-7 + 1e-3·|expected|, and exactly for integers.
    /// </summary>
    public static void AssertEqual(Tensor expected, Tensor actual, string what)
    {
        Assert.AreEqual(expected.Type, actual.Type, $"{what}: type");
        Assert.AreEqual(expected.Shape, actual.Shape, $"{what}: shape");
        double[] e = ToDoubles(expected), a = ToDoubles(actual);
        for (int i = 0; i < e.Length; i++)
        {
            bool equal = e[i].Equals(a[i])
                || (expected.Type.IsFloat() && Math.Abs(a[i] - e[i]) <= 1e-7 + (1e-3 * Math.Abs(e[i])));
            if (!equal) Assert.Fail($"{what}: element {i} is {a[i]:R}, expected {e[i]:R}");
        }
    }

    private static double[] ToDoubles(Tensor tensor) => tensor.Type switch
    {
        ElementType.Float32 => Convert<float>(tensor, x => x),
        ElementType.Float64 => Convert<double>(tensor, x => x),
        ElementType.Float16 => Convert<Half>(tensor, x => (double)x),
        ElementType.BFloat16 => Convert<ushort>(tensor, x => BitConverter.Int32BitsToSingle(x << 16)),
        ElementType.Int8 => Convert<sbyte>(tensor, x => x),
        ElementType.UInt8 or ElementType.Bool => Convert<byte>(tensor, x => x),
        ElementType.Int16 => Convert<short>(tensor, x => x),
        ElementType.UInt16 => Convert<ushort>(tensor, x => x),
        ElementType.Int32 => Convert<int>(tensor, x => x),
        ElementType.UInt32 => Convert<uint>(tensor, x => x),
        ElementType.Int64 => Convert<long>(tensor, x => x),
        ElementType.UInt64 => Convert<ulong>(tensor, x => x),
        _ => throw new NotSupportedException($"No comparison for {tensor.Type}."),
    };

    private static double[] Convert<T>(Tensor tensor, Converter<T, double> convert) where T : unmanaged =>
        Array.ConvertAll(tensor.Span<T>().ToArray(), convert);

    public override string ToString() => Name;
}
