using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <content>Constants of fewer than 8 bits: they are unpacked into int8, or with a scale for each block into float32.</content>
internal sealed partial class GraphReader
{
    private Tensor ReadPacked(TensorTable table, string name, int[] shape)
    {
        var unpacked = new Tensor(name, TensorType.Int8, shape, ReadQuantization(table.Quantization, name));
        ReadOnlyMemory<byte>? stored = table.IsVariable || table.IsSparse ? null : ReadData(table, name);
        if (stored is not { } packed)
            throw unpacked.Error($"has element type {table.Type}, which is supported for constants only");
        Spend(unpacked);
        byte[] bytes = PackedIntegers.Unpack(packed.Span, PackedIntegers.Bits(table.Type), unpacked.Elements)
            ?? throw unpacked.Error($"has {packed.Length} bytes of data, which do not fit its shape");
        if (table.Quantization.Blocks is { } blocks)
            return ReadBlocks(name, shape, bytes, blocks);
        unpacked.Data = bytes;
        return unpacked;
    }

    /// <summary>Weights with a scale for each block of a row: scales are [rows, blocks of a row].</summary>
    private Tensor ReadBlocks(string name, int[] shape, byte[] integers, FlatTable blocks)
    {
        var real = new Tensor(name, TensorType.Float32, shape, null);
        Spend(real);
        int size = blocks.Int32(2), index = blocks.Int32(0, -1);
        int columns = shape.Length == 2 ? shape[1] : 0;
        if (size <= 0 || columns == 0 || columns % size != 0 || (uint)index >= (uint)_subgraph.Tensors.Count)
            throw real.Error("is quantized in blocks that do not fit its shape");
        var table = new TensorTable(_subgraph.Tensors[index]);
        if (PackedIntegers.Bits(table.Type) > 0 || table.Type is not (TensorType.Float16 or TensorType.Float32))
            throw real.Error($"has scales of element type {table.Type}, which is not supported");
        Tensor scales = TensorAt(index, "A scale", -1);
        if (scales.Elements != real.Elements / size || !scales.IsConstant)
            throw real.Error("has scales that do not fit its blocks");
        int zeros = blocks.Int32(1);
        if (zeros > 0 && TensorAt(zeros, "A zero point", -1).Data?.Span.ContainsAnyExcept((byte)0) != false)
            throw real.Error("has blocks that do not lie around zero");
        real.Data = PackedIntegers.Scaled(integers, scales, size);
        return real;
    }

    private void Spend(Tensor tensor)
    {
        _counts.Budget.Folding -= tensor.Bytes;
        if (_counts.Budget.Folding < 0)
            throw tensor.Error("is packed, and is much larger than the file");
    }
}
