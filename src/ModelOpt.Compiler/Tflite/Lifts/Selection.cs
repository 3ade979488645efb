using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tflite.Lifts;

/// <summary>Operators that pick elements by their positions or values.</summary>
internal static class Selection
{
    /// <summary>GATHER; with a batch, the positions of each sample.</summary>
    public static void Gather(Lifting at)
    {
        GatherOptions options = GatherOptions.Read(at.Options);
        int rank = at.Input(0).Rank, axis = options.Axis < 0 ? options.Axis + rank : options.Axis;
        int batch = options.BatchDimensions < 0 ? options.BatchDimensions + at.Input(1).Rank : options.BatchDimensions;
        if (batch == 0)
        {
            at.Finish(at.AddLayer("Gather", [at.Last(0), at.Last(1)], ("axis", (long)axis)));
            return;
        }

        if (batch != axis) throw at.Refusal("positions of samples along an axis behind the first of a sample");
        Value tuples = at.Add("Unsqueeze", [at.LongsOf(1), at.Longs(-1)]);
        at.Finish(at.AddLayer("GatherND", [at.Last(0), tuples], ("batch_dims", (long)batch)));
    }

    /// <summary>GATHER_ND.</summary>
    public static void GatherNd(Lifting at) => at.Finish(at.AddLayer("GatherND", [at.Last(0), at.LongsOf(1)]));

    /// <summary>EMBEDDING_LOOKUP: positions, and rows.</summary>
    public static void EmbeddingLookup(Lifting at) => at.Finish(at.AddLayer("Gather", [at.Last(1), at.Last(0)], ("axis", 0L)));

    /// <summary>SCATTER_ND: positions, updates and sizes; updates of one position are summed.</summary>
    public static void ScatterNd(Lifting at)
    {
        Value zeros = at.Add("Expand", [at.Number(0), at.LongsOf(2)]);
        at.Finish(at.AddLayer("ScatterND", [zeros, at.LongsOf(0), at.Last(1)], ("reduction", "add")));
    }

    /// <summary>ONE_HOT: positions, depth, the number of a hit and that of others.</summary>
    public static void OneHot(Lifting at)
    {
        Value Single(int index) => at.Add("Reshape", [at.Last(index), at.Longs(1)]);
        Value numbers = at.Add("Concat", [Single(3), Single(2)], ("axis", 0L));
        // In ONNX, positions below zero count from the end; here they hit nothing.
        Value depth = at.LongsOf(1), positions = at.LongsOf(0);
        positions = at.Add("Where", [at.Add("Less", [positions, at.Constant(Tensor.Scalar(0L))]), depth, positions]);
        at.Finish(at.AddLayer("OneHot", [positions, depth, numbers], ("axis", (long)OneHotOptions.Read(at.Options).Axis)));
    }

    /// <summary>WHERE: the positions of what is not zero, one a row.</summary>
    public static void Where(Lifting at) =>
        at.FinishLongs(at.Add("Transpose", [at.Add("NonZero", [at.Last(0)])], ("perm", new long[] { 1, 0 })));

    /// <summary>RANGE.</summary>
    public static void Range(Lifting at) => at.Finish(at.AddLayer("Range", [at.Last(0), at.Last(1), at.Last(2)]));
}
