using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Recurrent;

/// <summary>
/// A layer that goes through sequences with a state. Inputs X, W, R, B, sequence_lens, initial_h and, of LSTM, initial_c and the
/// peepholes P; outputs Y, Y_h and, of LSTM, Y_c.
/// </summary>
/// <remarks>
/// Written as an operator of our own: UNIDIRECTIONAL_SEQUENCE_LSTM keeps its state between runs, has no initial states, one direction and
/// fixed activations, and TFLite has no such GRU. It has the samples first, so that batches of any size run, and short sequences have a
/// <see cref="RecurrentDecomposition"/>. Where
/// <see cref="Node.RoundsAtRun"/>, it takes the integers of W and R and multiplies in int8.
/// </remarks>
internal abstract class RecurrentOperator : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, OpsetStep.Without(7, "output_sequence"), 14, 22];

    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 1;

    public sealed override IReadOnlyList<(int Input, int Axis)> Weights(Node node) => [(1, 1), (2, 1)];

    /// <summary>What a step computes.</summary>
    protected abstract RecurrentCell Cell { get; }

    /// <summary>The operator of the file.</summary>
    protected abstract BuiltinOperator Written { get; }

    /// <summary>The activations of one direction where the node names none.</summary>
    protected abstract GateFunction[] DefaultActivations { get; }

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.Recurrent;

    public sealed override IEnumerable<AxisRoute> Axes(Node node)
    {
        int batch = HasBatchFirst(node) ? 0 : 1;
        AxisPlace[] places =
        [
            AxisPlace.In(0, batch), AxisPlace.In(4, 0), AxisPlace.In(5, batch), AxisPlace.In(6, batch),
            AxisPlace.Out(0, batch == 0 ? 0 : 2), AxisPlace.Out(1, batch), AxisPlace.Out(2, batch),
        ];
        yield return new AxisRoute([.. places.Where(p => p.ValueOf(node) is not null)]);
        yield return new AxisRoute(AxisPlace.In(0, 2), AxisPlace.In(1, 2));
    }

    // The first output is optional in these operators only; to the rest of the compiler it is always there.
    public sealed override void Normalize(Graph graph, Node node)
    {
        if (!node.HasOutput(0)) node.SetOutput(0, new Value($"{node.Label}/Y"));
    }

    public sealed override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType(1, 2, 3, 5, 6, 7);
        if (node.InputOrNull(4) is { } lengths && lengths.Type != ElementType.Int32)
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, $"sequence_lens is {lengths.Type}, not Int32");
        RecurrentOptions options = OptionsOf(node);
        Shape x = Ranked(node, 0, 3), r = Ranked(node, 2, 3);
        bool first = HasBatchFirst(node);
        Dim batch = x[first ? 0 : 1], steps = x[first ? 1 : 0], directions = options.Directions;
        long stated = node.Int("hidden_size", r[2].Size);
        if (stated < 1 || stated > int.MaxValue / 8)
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "hidden_size", $"is {stated}");
        Dim hidden = stated, rows = Gates * stated;
        Expect(node, 1, directions, rows, x[2]);
        Expect(node, 2, directions, rows, hidden);
        Expect(node, 3, directions, 2 * Gates * stated);
        Expect(node, 4, batch);
        Dim[] state = first ? [batch, directions, hidden] : [directions, batch, hidden];
        Expect(node, 5, state);
        Expect(node, 6, state);
        Expect(node, 7, directions, 3 * stated);
        node.Define(0, type, first ? new Shape(batch, steps, directions, hidden) : new Shape(steps, directions, batch, hidden));
        node.Define(1, type, new Shape(state));
        node.Define(2, type, new Shape(state));
    }

    // Computed in float32, except for float64.
    public sealed override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        bool first = HasBatchFirst(node);
        ElementType type = context.Input(0).Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        RecurrentOptions options = OptionsOf(node);
        RecurrentTensors operands = Operands(context.InputOrNull, first, type);
        RecurrentShape shape = ShapeOf(operands);
        int[] states = [shape.Batch, options.Directions, shape.Hidden];
        Tensor y = node.Allocate(type, [shape.Batch, shape.Steps, options.Directions, shape.Hidden]);
        Tensor h = node.Allocate(type, states), c = node.Allocate(type, states);
        if (type == ElementType.Float64)
        {
            for (int d = 0; d < options.Directions; d++) new RecurrentTape<double>(shape, options, operands, d, null).Write(y, h, c);
        }
        else
        {
            RecurrentLayer layer = node.RoundsAtRun
                ? new(shape, options, Integers(node.Input(1), operands.W), Integers(node.Input(2), operands.R))
                : new(shape, options, operands.W.As<float>(), operands.R.As<float>());
            Run(layer, operands, y, h, c);
        }

        Tensor[] results = [y, h, c];
        for (int i = 0; i < context.Outputs.Length; i++)
        {
            int[] order = i == 0 ? SequenceOrder(first) : StateOrder(first);
            context.Outputs[i] = Casting.To(AxisOrder.Permute(results[i], AxisOrder.Inverse(order)), context.Input(0).Type);
        }
    }

    public IReadOnlyList<int> Parameters => [1, 2, 3, 7];

    public bool ReadsOutputs => false;

    public void Backward(BackwardContext context)
    {
        bool first = HasBatchFirst(context.Node);
        RecurrentOptions options = OptionsOf(context.Node);
        RecurrentTensors operands = Operands(context.InputOrNull, first, ElementType.Float32);
        RecurrentShape shape = ShapeOf(operands);
        Tensor? y = Ordered(context.OutputGradientOrNull(0), SequenceOrder(first));
        Tensor? h = Output(1), c = Output(2);
        RecurrentGradients gradients = new(
            Zeros(0, operands.X), Zeros(1, operands.W), Zeros(2, operands.R), Zeros(3, operands.Bias), Zeros(5, operands.State),
            Zeros(6, operands.Cell), Zeros(7, operands.Peepholes));
        for (int d = 0; d < options.Directions; d++)
            new RecurrentTape<float>(shape, options, operands, d, context.Pool).Backward(y, h, c, gradients);
        Tensor?[] results =
        [
            Back(gradients.X), gradients.W, gradients.R, gradients.Bias, null, Back(gradients.State), Back(gradients.Cell),
            gradients.Peepholes,
        ];
        for (int i = 0; i < context.InputCount; i++) context.Gradients[i] = results[i];

        Tensor? Output(int index) =>
            index < context.Node.Outputs.Count ? Ordered(context.OutputGradientOrNull(index), StateOrder(first)) : null;

        Tensor? Zeros(int index, Tensor? like) => like is not null && context.Wants(index) ? context.Zeros(like.Dims) : null;

        Tensor? Back(Tensor? gradient) => Ordered(gradient, AxisOrder.Inverse(StateOrder(first)));
    }

    private static IntegerWeights Integers(Value weight, Tensor tensor)
    {
        Quantization grid = weight.Quantization!;
        return new(grid.Quantize(tensor).As<sbyte>(), grid.Scales.ToArray());
    }

    private static void Run(RecurrentLayer layer, RecurrentTensors o, Tensor y, Tensor h, Tensor c)
    {
        layer.Run(
            o.X.As<float>(), o.W.As<float>(), o.R.As<float>(), Elements(o.Bias), o.Lengths is null ? default : o.Lengths.As<int>(),
            Elements(o.State), Elements(o.Cell), Elements(o.Peepholes), y.As<float>(), h.As<float>(), c.As<float>());

        static ReadOnlySpan<float> Elements(Tensor? tensor) => tensor is null ? default : tensor.As<float>();
    }

    private RecurrentShape ShapeOf(RecurrentTensors operands) =>
        new(Cell, operands.X.Dims[0], operands.X.Dims[1], operands.X.Dims[2], operands.R.Dims[2]);

    private static RecurrentTensors Operands(Func<int, Tensor?> input, bool first, ElementType type)
    {
        return new(Of(0, StateOrder(first))!, Of(1)!, Of(2)!, Of(3), input(4), Of(5, StateOrder(first)), Of(6, StateOrder(first)), Of(7));

        Tensor? Of(int index, int[]? order = null) =>
            input(index) is not { } tensor ? null : Ordered(Casting.To(tensor, type), order);
    }

    private static Tensor? Ordered(Tensor? tensor, int[]? order) =>
        tensor is null || order is null ? tensor : AxisOrder.Permute(tensor, order);

    public override bool TakesComputedSizes(Node node) => true;

    public sealed override void Lower(Lowering context, Node node)
    {
        bool first = HasBatchFirst(node);
        RecurrentOptions options = OptionsOf(node);
        TfliteTensor x = context.Input(node, 0, StateOrder(first));
        List<TfliteTensor?> inputs = [x];
        for (int i = 1; i < node.Inputs.Count; i++)
        {
            inputs.Add(node.InputOrNull(i) is null ? null
                : i is 5 or 6 ? context.Input(node, i, StateOrder(first))
                : i is 1 or 2 && node.RoundsAtRun ? context.IntegerInput(node, i)
                : context.Input(node, i));
        }

        while (inputs[^1] is null) inputs.RemoveAt(inputs.Count - 1);
        int hidden = (int)node.Output.Shape![3].Size;
        var outputs = new TfliteTensor[Arity.MostOutputs];
        for (int i = 0; i < outputs.Length; i++)
        {
            int[] dims = i == 0 ? [x.Dims[0], x.Dims[1], options.Directions, hidden] : [x.Dims[0], options.Directions, hidden];
            outputs[i] = node.HasOutput(i)
                ? context.Output(node, i, i == 0 ? SequenceOrder(first) : StateOrder(first))
                : Lowering.Temporary(node, x.Type, dims, i == 0 || x.OpenAxis == 0 ? x.OpenAxis : -1);
        }

        if (!RecurrentDecomposition.Exists(options, [.. inputs]))
        {
            context.Emit(Written, [.. inputs], outputs, options);
            return;
        }

        // A composite has no place for what is left out.
        options = options with { Given = Enumerable.Range(0, inputs.Count).Where(i => inputs[i] is not null).Sum(i => 1 << i) };
        context.EmitComposite(Written, [.. inputs.OfType<TfliteTensor>()], outputs, options, (inner, given) =>
        {
            int next = 0;
            TfliteTensor?[] within = [.. inputs.Select(i => i is null ? null : given[next++])];
            return new RecurrentDecomposition(inner, node, options, Cell, within).Write();
        });
    }

    public sealed override long Macs(Node node) =>
        node.Output.Shape is { } y && node.Input(0).Shape is { } x
            ? y.CountOfOne() * Gates * (Math.Max(1, x[2].Size) + y[3].Size) : 0;

    private int Gates => new RecurrentShape(Cell, 0, 0, 0, 0).Gates;

    private RecurrentOptions OptionsOf(Node node) => RecurrentAttributes.Read(node, Cell, DefaultActivations);

    private static bool HasBatchFirst(Node node) => node.Int("layout", 0) switch
    {
        0 => false,
        1 => true,
        long layout => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "layout", $"is {layout}"),
    };

    /// <summary>The order that has the samples first: of X and of states.</summary>
    private static int[] StateOrder(bool first) => first ? [0, 1, 2] : [1, 0, 2];

    /// <summary>The order that has the samples first: of Y.</summary>
    private static int[] SequenceOrder(bool first) => first ? [0, 1, 2, 3] : [2, 0, 1, 3];

    private static Shape Ranked(Node node, int index, int rank) => node.ShapeOf(index) is var shape && shape.Rank == rank ? shape
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"input {index} is {shape} instead of one of {rank} dimensions");

    private static void Expect(Node node, int index, params Dim[] sizes)
    {
        if (node.InputOrNull(index) is null) return;
        Shape shape = Ranked(node, index, sizes.Length);
        for (int i = 0; i < sizes.Length; i++)
        {
            if (shape[i].IsKnown && sizes[i].IsKnown && shape[i].Size != sizes[i].Size)
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"input {index} is {shape} instead of {new Shape(sizes)}");
        }
    }
}
