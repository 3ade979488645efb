using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>What operators say of themselves is what they do, and all that they do.</summary>
[TestClass]
internal sealed class TfliteOperatorTests
{
    private const int Samples = 3;

    [TestMethod]
    public void Every_operator_is_in_the_table_and_has_cases()
    {
        BuiltinOperator[] supported = [.. Enum.GetValues<BuiltinOperator>().Where(op => OperatorKernels.Find(op) is not null)];
        Type[] classes = [.. typeof(TfliteOperator).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(TfliteOperator)) && !t.IsAbstract)];
        CollectionAssert.AreEquivalent(classes, supported.Select(op => OperatorKernels.Find(op)!.GetType()).Distinct().ToArray());
        // Those that run subgraphs have tests of their own.
        BuiltinOperator[] alone = [.. supported.Except([BuiltinOperator.If, BuiltinOperator.While])];
        CollectionAssert.AreEquivalent(alone, OperatorCases.All.Select(c => c.Operator).Distinct().ToArray());
    }

    [TestMethod]
    public void Samples_stay_apart_where_operators_say_so_and_nowhere_else()
    {
        foreach (OperatorCase sample in OperatorCases.All)
        {
            TestTensor[] inputs = sample.Inputs(1);
            Node node = NodeOf(sample, inputs);
            Assert.IsTrue(node.Outputs.All(t => t.Shape[0] == 1), $"{sample}: {Samples} samples would have no place in the output");
            var batched = new HashSet<Tensor>(node.Inputs.Where((_, i) => !inputs[i].IsConstant)!);
            Assert.AreEqual(KeepsApart(sample), OperatorKernels.Of(node).KeepsSamplesApart(node, batched), sample.ToString());
        }
    }

    [TestMethod]
    public void A_folded_range_clamps_where_operators_say_so_and_nowhere_else()
    {
        const int low = -20, high = 35;
        foreach (OperatorCase sample in OperatorCases.All)
        {
            TestTensor[] inputs = sample.Inputs(Samples);
            if (sample.Outputs > 1 || !inputs.Any(t => t.Type == TensorType.Int8) || TryNode(sample, inputs) is not { } node
                || OperatorKernels.Of(node) is not KernelOperator op)
                continue;
            byte[] free = Compute(node, inputs);
            node.FoldedRange = (low, high);
            byte[] clamped = [.. free.Select(stored => unchecked((byte)Math.Clamp((int)(sbyte)stored, low, high)))];
            Assert.AreEqual(op.Takes(node).Range, !clamped.SequenceEqual(free) && Compute(node, inputs).SequenceEqual(clamped),
                sample.ToString());
        }
    }

    [TestMethod]
    public void Folded_padding_is_a_border_of_the_element_that_operators_say()
    {
        var padded = new HashSet<BuiltinOperator>();
        foreach (OperatorCase sample in OperatorCases.All)
        {
            TestTensor[] inputs = sample.Inputs(2);
            if (TryNode(sample, inputs) is not { } node || OperatorKernels.Of(node) is not KernelOperator op
                || op.Takes(node).Padding is not { } element)
                continue;
            padded.Add(sample.Operator);
            TestTensor[] bordered = [Border(inputs[0], element), .. inputs[1..]];
            Node folded = NodeOf(sample, inputs, new Padding2D(1, 2, 3, 0));
            CollectionAssert.AreEqual(Compute(NodeOf(sample, bordered), bordered), Compute(folded, inputs), sample.ToString());
        }

        CollectionAssert.AreEquivalent(
            (BuiltinOperator[])[BuiltinOperator.Conv2D, BuiltinOperator.DepthwiseConv2D, BuiltinOperator.MaxPool2D], padded.ToArray());
    }

    // Whether a batch gives each sample what it gets alone, in whatever order they lie.
    private static bool KeepsApart(OperatorCase sample)
    {
        TestTensor[] inputs = sample.Inputs(Samples);
        int[] order = [2, 0, 1];
        if (Results(sample, inputs) is not { } together || Results(sample, Pick(inputs, order)) is not { } permuted
            || together.Concat(permuted).Any(t => t.Shape is not [Samples, ..]))
            return false;
        for (int i = 0; i < Samples; i++)
        {
            TestTensor[]? alone = Results(sample, Pick(inputs, [i]));
            if (alone is null || !Same(alone, Pick(together, [i])) || !Same(alone, Pick(permuted, [Array.IndexOf(order, i)])))
                return false;
        }

        return true;
    }

    private static bool Same(TestTensor[] left, TestTensor[] right) =>
        left.Zip(right).All(p => p.First.Bytes().SequenceEqual(p.Second.Bytes()));

    // Samples of what is no constant.
    private static TestTensor[] Pick(TestTensor[] tensors, int[] order) => Array.ConvertAll(tensors, t =>
    {
        if (t.IsConstant)
            return t;
        int length = t.Values.Length / t.Shape[0];
        var values = Array.CreateInstance(t.Values.GetType().GetElementType()!, length * order.Length);
        for (int i = 0; i < order.Length; i++)
            Array.Copy(t.Values, order[i] * length, values, i * length, length);
        return t with { Shape = [order.Length, .. t.Shape[1..]], Values = values };
    });

    // Null where the operator refuses so many samples.
    private static TestTensor[]? Results(OperatorCase sample, TestTensor[] inputs) => TryNode(sample, inputs) is not { } node ? null
        : Run(sample.Operator, sample.Options, inputs,
            Array.ConvertAll(node.Outputs, t => Stored(sample, inputs) with { Shape = t.Shape }));

    private static Node? TryNode(OperatorCase sample, TestTensor[] inputs)
    {
        try
        {
            return NodeOf(sample, inputs);
        }
        catch (InvalidModelException)
        {
            return null;
        }
    }

    private static Node NodeOf(OperatorCase sample, TestTensor[] inputs, Padding2D padding = default)
    {
        TestTensor stored = Stored(sample, inputs);
        byte[] file = Build(sample.Operator, sample.Options, inputs, [.. Enumerable.Repeat(stored with { Shape = [1] }, sample.Outputs)]);
        Node node = GraphReader.Read(file).Nodes[0];
        node.FoldedPadding = padding;
        TensorSpec[] specs = ShapeInference.Infer(node);
        return new Node(sample.Operator, 0, node.Inputs, [.. specs.Select(s => new Tensor("y", s.Type, s.Shape, node.Output.Quantization))])
        {
            Options = node.Options,
            OptionsType = node.OptionsType,
            FoldedPadding = padding,
        };
    }

    private static TestTensor Stored(OperatorCase sample, TestTensor[] inputs)
    {
        TestTensor like = sample.Result ?? inputs.First(t => !t.IsConstant);
        return Output(like.Type, [1], like.Scale, like.ZeroPoint);
    }

    private static byte[] Compute(Node node, TestTensor[] inputs)
    {
        Kernel kernel = OperatorKernels.Create(node, code: null);
        return KernelTesting.Run(kernel, node.Output.Bytes, Array.ConvertAll(inputs, t => t.Bytes()));
    }

    // An image with 1 row above, 2 below and 3 columns to the left of it.
    private static TestTensor Border(TestTensor image, byte[] element)
    {
        (int batch, int height, int width, int channels) = (image.Shape[0], image.Shape[1], image.Shape[2], image.Shape[3]);
        Array value = image.Type == TensorType.Float32 ? new[] { BitConverter.ToSingle(element) } : new[] { (sbyte)element[0] };
        int[] shape = [batch, height + 3, width + 3, channels];
        var values = Array.CreateInstance(value.GetType().GetElementType()!, shape.Aggregate(1, (a, b) => a * b));
        for (int i = 0; i < values.Length; i++)
            Array.Copy(value, 0, values, i, 1);
        for (int row = 0; row < batch * height; row++)
        {
            int y = (row / height * (height + 3)) + 1 + (row % height);
            Array.Copy(image.Values, row * width * channels, values, ((y * (width + 3)) + 3) * channels, width * channels);
        }

        return image with { Shape = shape, Values = values };
    }
}
