using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>Chooses the values of a clustered weight that is stored as floats.</summary>
internal static class FloatClustering
{
    /// <summary>The values of each channel, or of all channels together, ascending: k-means of the weights.</summary>
    /// <param name="seed">Where random choices start; each channel has its own.</param>
    /// <param name="half">Whether values are to be float16's.</param>
    public static float[][] Fit(
        LayerWeights layer, int clusters, ClusterScope scope, ClusterInitialization method, int seed, bool half, Workers workers)
    {
        if (scope == ClusterScope.Tensor) return [Levels(Enumerable.Range(0, layer.Channels), seed)];
        float[][] levels = new float[layer.Channels][];
        workers.For(levels.Length, c => levels[c] = Levels([c], unchecked(seed + c)));
        return levels;

        float[] Levels(IEnumerable<int> channels, int start)
        {
            WeightedPoints points = layer.Points(channels, normalized: false);
            if (points.Count == 0) return [0];
            double[] centroids = KMeans.Lloyd(
                points, CentroidInitialization.Of(method, points, clusters, layer.IsMasked, new Random(start)), layer.IsMasked);
            return [.. centroids.Select(c => half && Half.IsFinite((Half)c) ? (float)(Half)c : (float)c).Distinct()];
        }
    }
}
