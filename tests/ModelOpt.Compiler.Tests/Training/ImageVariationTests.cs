using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class ImageVariationTests
{
    [TestMethod]
    public void Pixels_are_mirrored_and_moved_and_zero_comes_in()
    {
        Tensor image = Tensor.Of<float>([1, 2, 2, 4], [.. Enumerable.Range(1, 16).Select(i => (float)i)]);
        Check(new ImageVariation(true, 0, 0), [4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13]);
        Check(new ImageVariation(false, 0.5f, 0), [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11, 12]);
        Check(new ImageVariation(false, 0, -0.25f), [2, 3, 4, 0, 6, 7, 8, 0, 10, 11, 12, 0, 14, 15, 16, 0]);
        Check(new ImageVariation(true, -0.5f, 0.25f), [0, 8, 7, 6, 0, 0, 0, 0, 0, 16, 15, 14, 0, 0, 0, 0]);

        void Check(ImageVariation variation, float[] expected) =>
            CollectionAssert.AreEqual(expected, variation.Apply(image).Span<float>().ToArray());
    }

    [TestMethod]
    public void Chance_varies_within_bounds_and_only_what_is_asked_for()
    {
        var random = new Random(1);
        ImageVariation[] crops = [.. Enumerable.Range(0, 400).Select(_ => ImageVariation.Of(Augmentation.FlipCrop, 0.125f, random))];
        Assert.AreEqual(200, crops.Count(c => c.Mirrored), 40);
        Assert.IsTrue(crops.All(c => MathF.Abs(c.Down) <= 0.125f && MathF.Abs(c.Right) <= 0.125f));
        Assert.IsLessThan(-0.1f, crops.Min(c => c.Down));
        Assert.IsGreaterThan(0.1f, crops.Max(c => c.Right));
        Assert.IsTrue(Enumerable.Range(0, 100).Select(_ => ImageVariation.Of(Augmentation.Flip, 0.125f, random))
            .All(v => v.Down == 0 && v.Right == 0));
        ImageVariation[] moves = [.. Enumerable.Range(0, 100).Select(_ => ImageVariation.Of(Augmentation.Crop, 0.125f, random))];
        Assert.IsTrue(moves.All(v => !v.Mirrored) && moves.Any(v => v.Down != 0) && moves.Any(v => v.Right != 0));
        Assert.IsTrue(Enumerable.Range(0, 100).Select(_ => ImageVariation.Of(Augmentation.Crop, 0.04f, random))
            .All(v => MathF.Abs(v.Down) <= 0.04f && MathF.Abs(v.Right) <= 0.04f));
        Assert.AreEqual(default, ImageVariation.Of(Augmentation.None, 0.125f, random));
    }
}
