using System.Runtime.InteropServices;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Where constants lie in a TFLite file.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="Rows">How many rows the first axis has; 1 where the rows are not of one size.</param>
/// <param name="ElementBytes">Bytes of an element as far as codings know any: 1, 2 or 4.</param>
internal readonly record struct WeightRun(int Start, int Length, int Rows, int ElementBytes)
{
    /// <summary>The buffers and the scales of a file, ascending, without overlaps.</summary>
    public static List<WeightRun> Find(byte[] tflite)
    {
        ModelTable model = ModelTable.Open(tflite);
        List<WeightRun> runs = [];
        for (int g = 0; g < model.Subgraphs.Count; g++)
        {
            var tensors = new SubgraphTable(model.Subgraphs[g]).Tensors;
            for (int i = 0; i < tensors.Count; i++)
            {
                var tensor = new TensorTable(tensors[i]);
                int rows = tensor.Shape.Length > 1 ? tensor.Shape[0] : 1;
                Add(new BufferTable(model.Buffers[(int)tensor.Buffer]).Data, rows, Size(tensor.Type));
                Add(tensor.Quantization.Scales, 1, sizeof(float));
            }
        }

        runs.Sort((a, b) => a.Start.CompareTo(b.Start));
        List<WeightRun> apart = [];
        foreach (WeightRun run in runs)
            if (apart.Count == 0 || run.Start >= apart[^1].Start + apart[^1].Length) apart.Add(run);
        return apart;

        void Add(ReadOnlyMemory<byte> data, int rows, int size)
        {
            if (data.Length > 0 && MemoryMarshal.TryGetArray(data, out ArraySegment<byte> place))
                runs.Add(new WeightRun(place.Offset, place.Count, rows > 0 && place.Count % rows == 0 ? rows : 1, size));
        }
    }

    private static int Size(TensorType type) => type switch
    {
        TensorType.Int8 or TensorType.UInt8 or TensorType.Bool => 1,
        TensorType.Int16 or TensorType.Float16 => 2,
        _ => 4,
    };
}
