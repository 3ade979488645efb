using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Conversions between orders and between float and quantized, each written at most once a value.</content>
internal sealed partial class Lowering
{
    private void DefineInput(Value input)
    {
        TfliteTensor tensor = InputGrid(input) is { } grid
            ? DefineStored(input, grid) : Define(input, AxisOrder.Identity(Rank(input)), quantized: false, ExampleOf(input));
        if (_graph.DeclaredType(input) is { } declared)
        {
            TfliteTensor given = new(input.Name, DeclaredType(declared), tensor.Dims, tensor.OpenAxis) { Example = ExampleOf(input) };
            EmitCast(given, tensor);
            tensor = given;
        }

        _model.Inputs.Add(tensor);
    }

    /// <summary>Sizes that the file shall name for an input of open sizes; null for others.</summary>
    private int[]? ExampleOf(Value input) => !IsOpen(input) || _graph.Examples is not [var sizes, ..] ? null
        : [.. input.Shape!.At(sizes).Select(d => d.IsKnown ? checked((int)d.Size) : 1)];

    private void DefineOutput(Value output)
    {
        // An input comes back as it was given, whatever its readers make of it.
        int input = _graph.DeclaredType(output) is null ? _graph.Inputs.IndexOf(output) : -1;
        TfliteTensor tensor = input >= 0 ? _model.Inputs[input] : Demand(output, AxisOrder.Identity(Rank(output)), quantized: false);
        if (_graph.DeclaredType(output) is { } declared)
        {
            TfliteTensor given = new(output.Name, DeclaredType(declared), tensor.Dims, tensor.OpenAxis);
            EmitCast(tensor, given);
            tensor = given;
        }
        else if (_model.Inputs.Contains(tensor) || _model.Outputs.Contains(tensor) || tensor.Data is not null)
        {
            // One tensor cannot bear two names.
            TfliteTensor copy = new(output.Name, tensor.Type, tensor.Dims, tensor.OpenAxis, tensor.Quantization);
            EmitReshape(tensor, copy);
            tensor = copy;
        }

        tensor.Name = output.Name;
        _model.Outputs.Add(tensor);
    }

    private void EmitCast(TfliteTensor from, TfliteTensor to) =>
        Emit(BuiltinOperator.Cast, [from], [to], new CastOptions(from.Type, to.Type));

    private static TensorType DeclaredType(ElementType type) => type == ElementType.Float16 ? TensorType.Float16 : TensorType.Float64;

    /// <summary>The storage in an order (of its own axes) and form.</summary>
    private TfliteTensor Demand(Storage storage, int[] order, bool quantized)
    {
        storage.Materialize?.Invoke();
        Dictionary<string, TfliteTensor> forms = storage.Rounds && quantized ? storage.Quantized : storage.Floats;
        string key = Storage.Key(order);
        if (forms.TryGetValue(key, out TfliteTensor? tensor)) return tensor;
        if (!storage.Rounds)
        {
            tensor = Transpose(storage.Base, storage.Order, order);
        }
        else if (!quantized)
        {
            tensor = Dequantize(Demand(storage, order, quantized: true));
        }
        else if (storage.Order.AsSpan().SequenceEqual(order))
        {
            tensor = storage.Base.Quantization is not null ? storage.Base : Quantize(storage.Base, storage.Quantization!);
        }
        else
        {
            // Rounded first: integers are a quarter of the bytes to move.
            tensor = Transpose(Demand(storage, storage.Order, quantized: true), storage.Order, order);
        }

        forms.Add(key, tensor);
        return tensor;
    }

    /// <summary>Real numbers rounded to a grid.</summary>
    public TfliteTensor Quantize(TfliteTensor real, Quantization quantization)
    {
        if (quantization.Type is not (ElementType.Int8 or ElementType.UInt8) || !quantization.IsPerTensor)
            throw EmitDiagnostics.UnsupportedType.Error(real.Name, real.Name, $"{quantization.Type} with a grid of its own");
        TensorType type = TypeOf(quantization.Type, null);
        TfliteTensor tensor = new($"{real.Name}/quantized", type, real.Dims, real.OpenAxis, quantization);
        EmitQuantize(real, tensor);
        return tensor;
    }

    /// <summary>The real numbers that integers stand for.</summary>
    public TfliteTensor Dequantize(TfliteTensor quantized)
    {
        TfliteTensor tensor = new($"{quantized.Name}/float", TensorType.Float32, quantized.Dims, quantized.OpenAxis);
        Emit(BuiltinOperator.Dequantize, [quantized], [tensor], new EmptyOptions(BuiltinOptionsType.Dequantize));
        return tensor;
    }

    private TfliteTensor Transpose(TfliteTensor tensor, int[] from, int[] to)
    {
        if (from.AsSpan().SequenceEqual(to)) return tensor;
        int[] permutation = AxisOrder.Between(from, to);
        TfliteTensor result = new(
            $"{tensor.Name}/transposed",
            tensor.Type,
            AxisOrder.Apply(tensor.Dims, permutation),
            Array.IndexOf(permutation, tensor.OpenAxis),
            tensor.Quantization);
        if (!tensor.IsComputed && AxisOrder.KeepsElements(Sizes(tensor), permutation))
        {
            EmitReshape(tensor, result);
        }
        else
        {
            Emit(
                BuiltinOperator.Transpose,
                [tensor, Constant($"{tensor.Name}/permutation", Tensor.Vector<int>(permutation))],
                [result],
                new EmptyOptions(BuiltinOptionsType.Transpose));
        }

        return result;
    }

    /// <summary>The sizes with a prime that divides no other in place of the open one.</summary>
    private static long[] Sizes(TfliteTensor tensor) =>
        [.. tensor.Dims.Select((dim, axis) => axis == tensor.OpenAxis ? int.MaxValue : (long)dim)];

    private static TensorType TypeOf(ElementType type, Value? value) => type switch
    {
        ElementType.Float32 or ElementType.Float16 or ElementType.Float64 or ElementType.BFloat16 => TensorType.Float32,
        ElementType.Int8 => TensorType.Int8,
        ElementType.UInt8 => TensorType.UInt8,
        ElementType.Int16 => TensorType.Int16,
        ElementType.UInt16 => TensorType.UInt16,
        ElementType.Int32 => TensorType.Int32,
        ElementType.UInt32 => TensorType.UInt32,
        ElementType.UInt64 => TensorType.UInt64,
        ElementType.Int64 => TensorType.Int64,
        ElementType.Bool => TensorType.Bool,
        _ => throw EmitDiagnostics.UnsupportedType.Error(value?.Name, value?.Name, type),
    };

    /// <summary>Where elements are stored: once as they were produced, and in the orders and forms asked for since.</summary>
    private sealed class Storage
    {
        private TfliteTensor? _made;

        /// <summary>Creates the storage of a value; its axes are the value's.</summary>
        public Storage(Value value, int[] order, TfliteTensor? made)
        {
            Order = order;
            Quantization = value.Quantization;
            if (made is not null) Fill(order, made);
        }

        /// <summary>The order in which it was produced.</summary>
        public int[] Order { get; private set; }

        /// <summary>The grid it is rounded to, if any.</summary>
        public Quantization? Quantization { get; }

        /// <summary>Whether it is rounded to a grid.</summary>
        public bool Rounds => Quantization is not null;

        /// <summary>The tensor that was produced; float where a float node produced it, although it is to be rounded.</summary>
        public TfliteTensor Base => _made ?? throw new InvalidOperationException("The storage is not filled yet.");

        /// <summary>Fills it, where that was put off; null once it is done.</summary>
        public Action? Materialize { get; set; }

        /// <summary>The value that it flattens, if the flattening was put off; rows are axis 0.</summary>
        public View? FlattenOf { get; set; }

        /// <summary>Float forms by order; the plain ones where nothing is rounded.</summary>
        public Dictionary<string, TfliteTensor> Floats { get; } = [];

        /// <summary>Quantized forms by order.</summary>
        public Dictionary<string, TfliteTensor> Quantized { get; } = [];

        /// <summary>A text for an order.</summary>
        public static string Key(ReadOnlySpan<int> order) => string.Join(',', order.ToArray());

        /// <summary>Whether the order is stored already.</summary>
        public bool Has(ReadOnlySpan<int> order) =>
            order.SequenceEqual(Order) || Floats.ContainsKey(Key(order)) || Quantized.ContainsKey(Key(order));

        /// <summary>Takes what was produced.</summary>
        public void Fill(int[] order, TfliteTensor tensor)
        {
            Order = order;
            _made = tensor;
            if (!Rounds) Floats.Add(Key(order), tensor);
        }
    }
}
