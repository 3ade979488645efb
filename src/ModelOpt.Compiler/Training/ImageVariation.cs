using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>How one training image is varied.</summary>
/// <param name="Down">Move down, as a share of its height.</param>
/// <param name="Right">Move to the right, as a share of its width.</param>
internal readonly record struct ImageVariation(bool Mirrored, float Down, float Right)
{
    /// <summary>A random variation.</summary>
    /// <param name="farthest">Largest move of an image, as a share of its size.</param>
    public static ImageVariation Of(Augmentation augmentation, float farthest, Random random)
    {
        return augmentation switch
        {
            Augmentation.Flip => new(random.Next(2) == 1, 0, 0),
            Augmentation.Crop => new(false, Share(), Share()),
            Augmentation.FlipCrop => new(random.Next(2) == 1, Share(), Share()),
            _ => default,
        };

        float Share() => ((2 * random.NextSingle()) - 1) * farthest;
    }

    /// <summary>Varies an image.</summary>
    /// <param name="image">float32 [1, C, H, W]; other tensors stay as they are.</param>
    public Tensor Apply(Tensor image)
    {
        if (this == default || image.Rank != 4 || image.Type != ElementType.Float32) return image;
        int height = image.Dims[2], width = image.Dims[3];
        int down = (int)MathF.Round(Down * height), right = (int)MathF.Round(Right * width);
        Tensor result = Tensor.Zeros(ElementType.Float32, image.Dims);
        ReadOnlySpan<float> from = image.Span<float>();
        Span<float> to = result.Span<float>();
        for (int row = 0; row < image.Count / width; row++)
        {
            int y = row % height, source = y - down;
            if ((uint)source >= (uint)height) continue;
            ReadOnlySpan<float> line = from.Slice((row - down) * width, width);
            for (int x = 0; x < width; x++)
            {
                int at = x - right;
                if ((uint)at < (uint)width) to[(row * width) + x] = line[Mirrored ? width - 1 - at : at];
            }
        }

        return result;
    }
}
