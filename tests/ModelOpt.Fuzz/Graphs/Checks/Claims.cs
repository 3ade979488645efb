using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;
using Tensor = ModelOpt.Runtime.Model.Tensor;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>Counts zeros and values in what was written, and compares with what was asked for.</summary>
internal static class Claims
{
    // Layers of fewer weights than this are left alone, and convolutions that read so few channels.
    private const int LeastWeights = 1024, FewChannels = 4;

    /// <summary>Checks sparsity and clusters.</summary>
    /// <exception cref="FindingException">There are fewer zeros or more values.</exception>
    public static void Check(Variant variant, CompiledModel compiled)
    {
        if (variant.Recipe.Sparsity is null && variant.Recipe.Clusters is null) return;
        // A layer that was left as it is says why.
        HashSet<string> excused = [.. compiled.Report.Layers.Where(l => l.Reason is not null).Select(l => l.Name)];
        LayerReport[] layers = [.. compiled.Report.Layers.Where(
            l => l.Operator is "Conv" or "Gemm" && l.Weights >= LeastWeights && !excused.Contains(l.Name))];
        Tensor[] weights = [.. GraphReader.Read(compiled.Tflite).Nodes
            .Where(n => n.Operator is BuiltinOperator.Conv2D or BuiltinOperator.FullyConnected && n.Input(1).IsConstant
                && n.Input(1).Shape[^1] > FewChannels)
            .Select(n => n.Input(1)).Where(w => w.Elements >= LeastWeights)];
        float[][][] stored = [.. weights.Select(ByChannel)];
        // Only where no layer has an excuse is it known which those in the file are.
        if (excused.Count > 0 || stored.Length == 0 || layers.Length != stored.Length) return;
        if (variant.Recipe.Sparsity is { } sparsity)
        {
            double zeros = stored.Sum(w => w.Sum(c => c.Count(x => x == 0))) / (double)stored.Sum(w => w.Sum(c => c.Length));
            // Of a number of channels that is no multiple of the pattern's, the last ones stay.
            bool isWhole = variant.Recipe.SparsityPattern is not { Columns: > 1 and var columns }
                || weights.All(w => w.Shape[^1] % columns == 0);
            if (isWhole && zeros < sparsity - 0.01)
                throw Broken("sparsity", $"{zeros:P1} of the weights are zero, {sparsity:P1} were asked for");
        }

        if (variant.Recipe.Clusters is not { } clusters) return;
        foreach (float[][] weight in stored)
        {
            int most = variant.Recipe.ClusterScope == ClusterScope.Channel
                ? weight.Max(c => c.Distinct().Count()) : weight.SelectMany(c => c).Distinct().Count();
            if (most > clusters) throw Broken("clusters", $"{most} values, {clusters} were asked for");
        }
    }

    private static float[][] ByChannel(Tensor weight)
    {
        ReadOnlySpan<byte> bytes = weight.ConstantBytes();
        float[] values = weight.Type switch
        {
            TensorType.Int8 => Array.ConvertAll(bytes.ToArray(), b => (float)(sbyte)b),
            TensorType.Float16 => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(bytes).ToArray(), h => (float)h),
            _ => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
        };
        return [.. values.Chunk(Math.Max(1, values.Length / weight.Shape[0]))];
    }

    private static FindingException Broken(string what, string detail) => new(new Finding(FindingKind.Wrong, $"claim of {what}", detail));
}
