using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// A RoiAlign of a known number of points in a bin as TFLite operators: elements and weights along each axis are computed from the regions,
/// and the elements gathered from X as a list of pixels.
/// </summary>
internal readonly struct RegionLowering(
    Lowering context, Node node, int height, int width, int ratio, float scale, bool isHalf, bool isMax)
{
    private readonly LoweringSteps _steps = new(context, node);

    /// <summary>The elements before and behind points along an axis, int32, and how much of each a point has.</summary>
    private readonly record struct Pair(TfliteTensor Before, TfliteTensor Behind, TfliteTensor First, TfliteTensor Second);

    /// <summary>Writes it.</summary>
    public void Run()
    {
        TfliteTensor x = FlatPositions.Closed(node, context.Input(node, 0, Lowering.Nhwc)), y = context.Output(node, 0, Lowering.Nhwc);
        TfliteTensor rois = FlatPositions.Closed(node, context.Input(node, 1)), images = context.Input(node, 2);
        (int count, int high, int wide, int channels) = (rois.Dims[0], x.Dims[1], x.Dims[2], x.Dims[3]);
        TfliteTensor pixels = _steps.Reshape(x, [x.Dims[0] * high * wide, channels]);
        TfliteTensor numbers = _steps.Reshape(_steps.Cast(images, TensorType.Int32), [count, 1, 1]);
        TfliteTensor begin = _steps.Multiply(numbers, _steps.Scalar(high * wide, numbers));
        Pair rows = Along(rois, 1, height, high), columns = Along(rois, 0, width, wide);
        int down = height * ratio, over = width * ratio;
        TfliteTensor? sum = null;
        foreach ((TfliteTensor row, TfliteTensor rowWeight) in
            ((TfliteTensor, TfliteTensor)[])[(rows.Before, rows.First), (rows.Behind, rows.Second)])
        {
            TfliteTensor line = _steps.Add(begin, _steps.Multiply(_steps.Reshape(row, [count, down, 1]), _steps.Scalar(wide, row)));
            foreach ((TfliteTensor column, TfliteTensor weight) in
                ((TfliteTensor, TfliteTensor)[])[(columns.Before, columns.First), (columns.Behind, columns.Second)])
            {
                TfliteTensor places = _steps.Reshape(_steps.Add(line, _steps.Reshape(column, [count, 1, over])), [count * down * over]);
                TfliteTensor picked = Lowering.Temporary(node, x.Type, [count * down * over, channels]);
                context.Emit(BuiltinOperator.Gather, [pixels, places], [picked], new GatherOptions(0));
                TfliteTensor weights = _steps.Multiply(
                    _steps.Reshape(rowWeight, [count, down, 1]), _steps.Reshape(weight, [count, 1, over]));
                TfliteTensor part = _steps.Multiply(picked, _steps.Reshape(weights, [count * down * over, 1]));
                sum = sum is null ? part : isMax ? _steps.Binary(BuiltinOperator.Maximum, sum, part) : _steps.Add(sum, part);
            }
        }

        // The points of a bin are a window of an image.
        TfliteTensor image = _steps.Reshape(sum!, [count, down, over, channels]);
        if (ratio == 1) context.EmitReshape(image, y);
        else
            context.Emit(
                isMax ? BuiltinOperator.MaxPool2D : BuiltinOperator.AveragePool2D, [image], [y],
                new Pool2DOptions(Padding.Valid, ratio, ratio, ratio, ratio, ActivationFunction.None));
    }

    /// <summary>What takes part along an axis: [regions, bins · points].</summary>
    /// <param name="corner">The column of the regions with the first corner; the second is two behind.</param>
    private Pair Along(TfliteTensor rois, int corner, int bins, int size)
    {
        TfliteTensor first = Corner(rois, corner), length = _steps.Subtract(Corner(rois, corner + 2), first);
        if (!isHalf) length = _steps.Binary(BuiltinOperator.Maximum, length, Number(1, length));
        int points = bins * ratio;
        float[] shares = [.. Enumerable.Range(0, points).Select(i => (i + 0.5f) / points)];
        TfliteTensor way = _steps.Multiply(length, context.Constant("shares", Tensor.Of<float>([1, points], shares)));
        TfliteTensor position = _steps.Add(first, way);
        TfliteTensor bounded = Clamp(position, -1, size), inside = Clamp(position, 0, size - 1);
        // 1 further than one element outside, where nothing takes part.
        TfliteTensor outside = _steps.Cast(
            _steps.Compare(BuiltinOperator.NotEqual, position, bounded), TensorType.Float32);
        TfliteTensor before = _steps.Unary(BuiltinOperator.Floor, inside), rest = _steps.Subtract(inside, before);
        TfliteTensor behind = _steps.Binary(BuiltinOperator.Minimum, _steps.Add(before, Number(1, before)), Number(size - 1, before));
        TfliteTensor part = _steps.Subtract(Number(1, outside), outside), second = _steps.Multiply(rest, part);
        return new(
            _steps.Cast(before, TensorType.Int32), _steps.Cast(behind, TensorType.Int32), _steps.Subtract(part, second), second);
    }

    private TfliteTensor Corner(TfliteTensor rois, int column)
    {
        TfliteTensor corner = _steps.Gather(rois, 1, [column]);
        if (scale != 1) corner = _steps.Multiply(corner, Number(scale, corner));
        return isHalf ? _steps.Subtract(corner, Number(0.5f, corner)) : corner;
    }

    private TfliteTensor Clamp(TfliteTensor x, float least, float most) => _steps.Binary(
        BuiltinOperator.Maximum, _steps.Binary(BuiltinOperator.Minimum, x, Number(most, x)), Number(least, x));

    private TfliteTensor Number(float value, TfliteTensor like) => _steps.Scalar(value, like);
}
