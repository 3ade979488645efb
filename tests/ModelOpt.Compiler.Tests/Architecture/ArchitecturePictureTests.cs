namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>docs/architecture.svg shows the arrows of the built assemblies.</summary>
[TestClass]
internal sealed class ArchitecturePictureTests
{
    [TestMethod]
    public void The_picture_shows_the_built_assemblies() => Snapshot.Equal("docs/architecture.svg", ArchitecturePicture.Draw());

    [TestMethod]
    public void Arrows_that_follow_from_others_are_left_out()
    {
        (int, int)[] arrows = [(1, 0), (2, 1), (2, 0), (3, 0), (3, 2), (3, 2)];
        Assert.AreSequenceEqual([(1, 0), (2, 1), (3, 2)], FamilyGraph.Reduce(arrows, 4));
    }

    [TestMethod]
    [DataRow("ModelOpt.Compiler", 710.0)]
    [DataRow("ModelOpt.Runtime", 420.0)]
    public void No_box_lies_on_another_and_no_arrow_crosses_one(string assembly, double width)
    {
        FamilyGraph graph = FamilyGraph.Read(assembly);
        var layout = new LayeredLayout(
            [.. graph.Families.Select(ArchitecturePicture.Measure).Select(s => (s.Width, s.Height))], graph.Arrows, width);
        for (int i = 0; i < layout.Boxes.Count; i++)
        {
            Box box = layout.Boxes[i];
            Assert.IsTrue(box.X >= 0 && box.X + box.Width <= width, $"{graph.Families[i].Name} leaves its frame");
            for (int k = 0; k < i; k++) Assert.IsFalse(
                Meet(box, layout.Boxes[k]), $"{graph.Families[i].Name} lies on {graph.Families[k].Name}");
            foreach (IReadOnlyList<(double X, double Y)> arrow in layout.Arrows)
            {
                for (int p = 1; p < arrow.Count; p++)
                    Assert.IsFalse(Meet(box, Between(arrow[p - 1], arrow[p])), $"an arrow crosses {graph.Families[i].Name}");
            }
        }
    }

    // Arrows that slant do so between rows, where the rectangle around them is free as well.
    private static Box Between((double X, double Y) a, (double X, double Y) b) =>
        new(Math.Min(a.X, b.X), Math.Min(a.Y, b.Y), Math.Abs(a.X - b.X), Math.Abs(a.Y - b.Y));

    private static bool Meet(Box a, Box b) => a.X < b.X + b.Width && b.X < a.X + a.Width && a.Y < b.Y + b.Height && b.Y < a.Y + a.Height;
}
