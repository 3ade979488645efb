using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>
/// Where the results of a MaxPool are in X seen as one row of elements: of equal ones the first. With <c>storage_order</c> 1 the first
/// axis of a plane is the innermost.
/// </summary>
internal sealed class MaxPoolIndices
{
    private const int MostTaps = 256;

    private readonly WindowAxis _d, _v, _h;
    private readonly bool _isColumnMajor;

    /// <summary>Prepares a node.</summary>
    /// <param name="axes">Its windows, along one to three axes.</param>
    public MaxPoolIndices(Node node, WindowAxis[] axes)
    {
        axes = [.. Enumerable.Repeat(WindowAxis.None, 3 - axes.Length), .. axes];
        (_d, _v, _h) = (axes[0], axes[1], axes[2]);
        _isColumnMajor = IsColumnMajor(node);
    }

    /// <summary>Whether the first axis of a plane is the innermost.</summary>
    /// <exception cref="CompilationException">The attribute is neither 0 nor 1.</exception>
    public static bool IsColumnMajor(Node node) => node.Int("storage_order", 0) switch
    {
        0 => false,
        1 => true,
        long order => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "storage_order", $"is {order}"),
    };

    private int Plane => _d.Input * _v.Input * _h.Input;

    private int Results => _d.Output * _v.Output * _h.Output;

    private int Taps => _d.Kernel * _v.Kernel * _h.Kernel;

    /// <summary>The indices of a pool's results.</summary>
    /// <param name="dims">The sizes of these.</param>
    public Tensor Of(Node node, Tensor x, int[] dims)
    {
        Tensor indices = node.Allocate(ElementType.Int64, dims);
        double[] elements = Casting.To(x, ElementType.Float64).As<double>().ToArray();
        Span<long> to = indices.As<long>();
        for (int i = 0; i < to.Length; i++)
        {
            int plane = i / Results * Plane, largest = -1;
            for (int tap = 0; tap < Taps; tap++)
            {
                int place = Place(i % Results, tap);
                if (place >= 0 && (largest < 0 || elements[plane + place] > elements[plane + largest])) largest = place;
            }

            to[i] = plane + Index(Math.Max(0, largest));
        }

        return indices;
    }

    /// <summary>
    /// Writes both outputs: the elements under each tap of all windows are a strided slice, and those that are greater than what was found
    /// before take its place, and their index that of its index.
    /// </summary>
    public void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = FlatPositions.Closed(node, context.Input(node, 0));
        if (Taps > MostTaps)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, $"indices of windows of more than {MostTaps} elements");
        int planes = x.Dims[0] * x.Dims[1];
        TfliteTensor floats = steps.Reshape(steps.Cast(x, TensorType.Float32), [planes, _d.Input, _v.Input, _h.Input]);
        TfliteTensor padded = Padded(context, node, floats);
        TfliteTensor? largest = null, indices = null;
        for (int tap = 0; tap < Taps; tap++)
        {
            TfliteTensor here = Slice(context, node, padded, tap), index = Indices(context, node, tap);
            indices = indices is null ? index : steps.Select(steps.Compare(BuiltinOperator.Greater, here, largest!), index, indices);
            largest = largest is null ? here : steps.Binary(BuiltinOperator.Maximum, largest, here);
        }

        TfliteTensor y = context.Output(node, 0);
        if (y.Type == TensorType.Float32) context.EmitReshape(largest!, y);
        else context.EmitReshape(steps.Cast(largest!, y.Type), y);
        int[] starts = [.. Enumerable.Range(0, planes).Select(plane => plane * Plane)];
        TfliteTensor places = steps.Add(indices!, context.Constant("planes", Tensor.Of<int>([planes, 1, 1, 1], starts)));
        context.EmitReshape(steps.Cast(places, TensorType.Int64), context.Output(node, 1));
    }

    /// <summary>The planes with −∞ around them, as far as windows reach.</summary>
    private TfliteTensor Padded(Lowering context, Node node, TfliteTensor planes)
    {
        int[] pads = [0, 0, _d.PadBegin, Math.Max(0, _d.Reach), _v.PadBegin, Math.Max(0, _v.Reach), _h.PadBegin, Math.Max(0, _h.Reach)];
        if (Array.TrueForAll(pads, pad => pad == 0)) return planes;
        TfliteTensor padded = Lowering.Temporary(node, planes, [.. planes.Dims.Select((d, i) => d + pads[2 * i] + pads[(2 * i) + 1])]);
        TfliteTensor least = context.Constant("least", Tensor.Vector(float.NegativeInfinity));
        context.Emit(
            BuiltinOperator.PadV2, [planes, context.Constant("pads", Tensor.Of<int>([4, 2], pads)), least], [padded],
            new EmptyOptions(BuiltinOptionsType.PadV2));
        return padded;
    }

    private TfliteTensor Slice(Lowering context, Node node, TfliteTensor padded, int tap)
    {
        (int z, int row, int column) = Split(tap, _v.Kernel, _h.Kernel);
        int[] begin = [0, z * _d.Dilation, row * _v.Dilation, column * _h.Dilation], strides = [1, _d.Stride, _v.Stride, _h.Stride];
        int[] dims = [padded.Dims[0], _d.Output, _v.Output, _h.Output];
        int[] end = [.. begin.Select((b, i) => b + ((dims[i] - 1) * strides[i]) + 1)];
        TfliteTensor slice = Lowering.Temporary(node, padded, dims);
        context.Emit(
            BuiltinOperator.StridedSlice, [padded, Ints("begin", begin), Ints("end", end), Ints("strides", strides)],
            [slice], new StridedSliceOptions(0, 0, 0, 0, 0));
        return slice;

        TfliteTensor Ints(string name, int[] values) => context.Constant(name, Tensor.Vector<int>(values));
    }

    private TfliteTensor Indices(Lowering context, Node node, int tap)
    {
        int[] indices = [.. Enumerable.Range(0, Results).Select(result => Index(Math.Max(0, Place(result, tap))))];
        return context.Constant($"{node.Label}/indices", Tensor.Of<int>([1, _d.Output, _v.Output, _h.Output], indices));
    }

    /// <summary>The place in its plane of the element under a tap; −1 where that is padding.</summary>
    private int Place(int result, int tap)
    {
        (int oz, int oy, int ox) = Split(result, _v.Output, _h.Output);
        (int kz, int ky, int kx) = Split(tap, _v.Kernel, _h.Kernel);
        int z = Along(_d, oz, kz), row = Along(_v, oy, ky), column = Along(_h, ox, kx);
        return z < 0 || row < 0 || column < 0 ? -1 : (((z * _v.Input) + row) * _h.Input) + column;
    }

    private static int Along(WindowAxis axis, int window, int tap)
    {
        int place = (window * axis.Stride) - axis.PadBegin + (tap * axis.Dilation);
        return place < axis.Input ? place : -1;
    }

    private int Index(int place)
    {
        (int z, int row, int column) = Split(place, _v.Input, _h.Input);
        return _isColumnMajor ? z + (((column * _v.Input) + row) * _d.Input) : place;
    }

    private static (int Z, int Row, int Column) Split(int place, int height, int width) =>
        (place / width / height, place / width % height, place % width);
}
