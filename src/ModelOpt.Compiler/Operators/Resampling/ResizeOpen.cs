using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// Writes a Resize of sizes that are known only when the model runs: whole scales as TFLite's operators where these compute the same, else
/// axis by axis as a GATHER of positions that are computed.
/// </summary>
internal static class ResizeOpen
{
    // Positions repeat with a whole scale, so that what holds for these lengths holds for all.
    private const int MostTried = 6;

    /// <summary>Writes it.</summary>
    /// <param name="changed">The axes that do not stay as they are.</param>
    /// <param name="scales">A scale for each axis; null where sizes say how large the result is.</param>
    public static void Lower(Lowering context, Node node, int[] changed, float[]? scales)
    {
        Shape to = node.Output.Shape!;
        if (Builtin(node, changed, scales) is { } options)
        {
            TfliteTensor size = new SizeSteps(context, node).Vector([to[2], to[3]]);
            BuiltinOperator op = options.Type == BuiltinOptionsType.ResizeBilinear
                ? BuiltinOperator.ResizeBilinear : BuiltinOperator.ResizeNearestNeighbor;
            context.Emit(op, [context.Input(node, 0, Lowering.Nhwc), size], [context.Output(node, 0, Lowering.Nhwc)], options);
            return;
        }

        string mode = node.String("mode", "nearest");
        bool isFiltered = mode == "linear" && node.Int("antialias", 0) != 0;
        if (mode == "cubic" || isFiltered || changed.Any(axis => ResizeSizes.IsCropped(node, axis))
            || (mode == "linear" && node.Output.Type != ElementType.Float32))
            throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        foreach (int axis in changed)
        {
            var along = new Axis(context, node, axis, Array.IndexOf(order, axis), scales?[axis]);
            TfliteTensor? target = axis == changed[^1] ? y : null;
            x = mode == "nearest" ? along.Nearest(x, target) : along.Linear(x, target);
        }
    }

    /// <summary>The options with which TFLite's operator computes the same, whatever the sizes are; null where none does.</summary>
    /// <param name="changed">The axes that do not stay as they are.</param>
    /// <param name="scales">A scale for each axis; null where sizes say how large the result is.</param>
    public static ResizeOptions? Builtin(Node node, int[] changed, float[]? scales)
    {
        Shape from = node.ShapeOf(0), to = node.Output.Shape!;
        if (from.Rank != 4 || node.Output.Type != ElementType.Float32 || changed.Any(i => i < 2 || ResizeSizes.IsCropped(node, i)))
            return null;
        foreach (int axis in changed)
        {
            if (Dim.Quotient(to[axis], from[axis]) is not { IsKnown: true, Size: > 1 and < 64 } times) return null;
            if (scales is not null && scales[axis] != times.Size) return null;
            if (node.String("mode", "nearest") == "nearest" && !IsFloor(node, axis, (int)times.Size)) return null;
        }

        return (node.String("mode", "nearest"), node.String(ResizeSizes.Place, "half_pixel")) switch
        {
            ("nearest", _) => new ResizeOptions(BuiltinOptionsType.ResizeNearestNeighbor, false, false),
            ("linear", "half_pixel" or "pytorch_half_pixel" or "half_pixel_symmetric") =>
                new ResizeOptions(BuiltinOptionsType.ResizeBilinear, false, true),
            ("linear", "asymmetric") => new ResizeOptions(BuiltinOptionsType.ResizeBilinear, false, false),
            ("linear", "align_corners") => new ResizeOptions(BuiltinOptionsType.ResizeBilinear, true, false),
            _ => null,
        };
    }

    private static bool IsFloor(Node node, int axis, int times) => Enumerable.Range(1, MostTried).All(length =>
        ResizeTaps.Of(node, axis, length, length * times, times).Positions.Select((p, i) => p == i / times).All(same => same));

    /// <summary>One axis of a tensor.</summary>
    /// <param name="place">The axis as stored.</param>
    /// <param name="scale">How many times as long the result is; null where the lengths say it.</param>
    private readonly struct Axis(Lowering context, Node node, int axis, int place, float? scale)
    {
        private LoweringSteps Steps => new(context, node);

        public TfliteTensor Nearest(TfliteTensor x, TfliteTensor? to)
        {
            (TfliteTensor position, TfliteTensor last) = Positions();
            TfliteTensor rounded = node.String("nearest_mode", "round_prefer_floor") switch
            {
                "floor" => Steps.Unary(BuiltinOperator.Floor, position),
                "ceil" => Steps.Unary(BuiltinOperator.Ceil, position),
                "round_prefer_ceil" => Steps.Unary(BuiltinOperator.Floor, Steps.Add(position, Number(0.5f))),
                _ => Steps.Unary(BuiltinOperator.Ceil, Steps.Subtract(position, Number(0.5f))),
            };
            return Gather(x, Steps.Cast(Clamped(rounded, last), TensorType.Int32), to);
        }

        public TfliteTensor Linear(TfliteTensor x, TfliteTensor? to)
        {
            (TfliteTensor position, TfliteTensor last) = Positions();
            position = Clamped(position, last);
            TfliteTensor low = Steps.Unary(BuiltinOperator.Floor, position);
            TfliteTensor high = Steps.Binary(BuiltinOperator.Minimum, Steps.Add(low, Number(1)), last);
            int[] dims = [.. Enumerable.Repeat(1, x.Rank)];
            dims[place] = position.Dims[0];
            TfliteTensor share = Steps.Reshape(Steps.Subtract(position, low), dims);
            TfliteTensor before = Steps.Multiply(Gather(x, Steps.Cast(low, TensorType.Int32)), Steps.Subtract(Number(1), share));
            return Steps.Add(before, Steps.Multiply(Gather(x, Steps.Cast(high, TensorType.Int32)), share), to);
        }

        /// <summary>Where each element of the result lies in X, not yet rounded, and the last position of X.</summary>
        private (TfliteTensor Positions, TfliteTensor Last) Positions()
        {
            TfliteTensor length = Length(node.ShapeOf(0)[axis]), result = Length(node.Output.Shape![axis]);
            TfliteTensor last = Steps.Subtract(length, Number(1)), lastOfResult = Steps.Subtract(result, Number(1));
            TfliteTensor i = Steps.Cast(Range(node.Output.Shape[axis]), TensorType.Float32);
            TfliteTensor by = scale is { } factor ? Number(factor) : Divide(result, length);
            TfliteTensor centre = Steps.Subtract(Divide(Steps.Add(i, Number(0.5f)), by), Number(0.5f));
            TfliteTensor position = node.String(ResizeSizes.Place, "half_pixel") switch
            {
                "asymmetric" => Divide(i, by),
                "align_corners" => Divide(Steps.Multiply(i, last), Steps.Binary(BuiltinOperator.Maximum, lastOfResult, Number(1))),
                // A result of one element is the first.
                "pytorch_half_pixel" => Steps.Multiply(centre, Steps.Binary(BuiltinOperator.Minimum, lastOfResult, Number(1))),
                "half_pixel_symmetric" => Steps.Add(centre, Steps.Multiply(
                    Steps.Multiply(length, Number(0.5f)), Steps.Subtract(Number(1), Divide(result, Steps.Multiply(by, length))))),
                "half_pixel" => centre,
                _ => throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0)),
            };
            return (position, last);
        }

        private TfliteTensor Gather(TfliteTensor x, TfliteTensor positions, TfliteTensor? to = null)
        {
            int[] dims = [.. x.Dims];
            dims[place] = positions.Dims[0];
            TfliteTensor result = to ?? Lowering.Temporary(node, x, dims);
            context.Emit(BuiltinOperator.Gather, [x, positions], [result], new GatherOptions(place));
            return result;
        }

        /// <summary>The numbers from 0 to before a size.</summary>
        private TfliteTensor Range(Dim size)
        {
            TfliteTensor limit = Steps.Reshape(new SizeSteps(context, node).Vector([size]), []);
            TfliteTensor result = Lowering.Temporary(node, TensorType.Int32, [checked((int)size.Size)]);
            context.Emit(
                BuiltinOperator.Range,
                [context.Constant("", Tensor.Scalar(0)), limit, context.Constant("", Tensor.Scalar(1))], [result]);
            return result;
        }

        private TfliteTensor Length(Dim size) => Steps.Cast(new SizeSteps(context, node).Vector([size]), TensorType.Float32);

        private TfliteTensor Number(float value) => context.Constant($"{node.Label}/number", Tensor.Vector(value));

        private TfliteTensor Divide(TfliteTensor a, TfliteTensor b) => Steps.Binary(BuiltinOperator.Div, a, b);

        private TfliteTensor Clamped(TfliteTensor position, TfliteTensor last) => Steps.Binary(
            BuiltinOperator.Maximum, Steps.Binary(BuiltinOperator.Minimum, position, last), Number(0));
    }
}
