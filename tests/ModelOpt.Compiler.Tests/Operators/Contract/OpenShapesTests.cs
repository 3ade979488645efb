using ModelOpt.Compiler.Tests.Graphs;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

/// <summary>Shapes over open sizes, with numbers in place of the names, are the shapes that those numbers give.</summary>
[TestClass]
internal sealed class OpenShapesTests
{
    private static Dim H => new(-1, "H");

    [TestMethod]
    public void Windows_are_counted()
    {
        Random random = new(1);
        foreach (string type in new[] { "Conv", "ConvTranspose", "MaxPool", "AveragePool" })
        {
            for (int run = 0; run < 60; run++)
            {
                int kernel = random.Next(1, 6);
                List<(string, object)> attributes =
                    [("kernel_shape", new[] { (long)kernel }), ("strides", new[] { (long)random.Next(1, 5) }),
                        ("dilations", new[] { (long)random.Next(1, 3) })];
                string auto = random.Next(3) > 0 ? "NOTSET" : new[] { "SAME_UPPER", "SAME_LOWER", "VALID" }[random.Next(3)];
                if (auto == "NOTSET") attributes.Add(("pads", new long[] { random.Next(kernel), random.Next(kernel) }));
                else attributes.Add(("auto_pad", auto));
                if (type.EndsWith("Pool", StringComparison.Ordinal)) attributes.Add(("ceil_mode", (long)random.Next(2)));
                Value? weights = type[0] == 'C' ? new Value("w", Tensor.Zeros(ElementType.Float32, [4, 4, kernel])) : null;
                Holds(x => Node(type, weights is null ? [x] : [x, weights], 1, [.. attributes]), size => Floats(new Dim(-1, "N"), 4, size),
                    12);
            }
        }
    }

    [TestMethod]
    public void Pieces_are_measured()
    {
        Random random = new(2);
        for (int run = 0; run < 300; run++)
        {
            long start = random.Next(-12, 12), end = random.Next(4) == 0 ? int.MaxValue : random.Next(-12, 12), step = random.Next(1, 4);
            Value[] bounds = [.. new[] { start, end, 1, step }.Select((n, i) => new Value($"b{i}", Tensor.Vector(n)))];
            Holds(x => Node("Slice", [x, .. bounds]), size => Floats(2, size), 24);
        }

        for (int count = 1; count < 5; count++)
        {
            Holds(x => Node("Split", [x], count, ("axis", 1L)), size => Floats(2, size), count * count);
            Holds(x => Node("Split", [x], count, ("axis", 1L)), size => Floats(2, size * count), 1);
        }

        foreach (float scale in new[] { 2f, 0.5f, 0.75f, 1.5f, 1f / 3 })
            Holds(x => Node("Resize", [x, null, new Value("s", Tensor.Vector(1, scale))]), size => Floats(2, size), 1,
                mayBeUnknown: scale == 1f / 3);
        Holds(x => Node("Pad", [x, new Value("p", Tensor.Vector(0L, 3, 0, -1))]), size => Floats(2, size), 1);
    }

    [TestMethod]
    public void What_is_left_of_a_reshape_is_found()
    {
        Holds(x => Node("Reshape", [x, new Value("s", Tensor.Vector(-1L, 8))]), size => Floats(size * 2, 3, 4), 1);
        Holds(x => Node("Reshape", [x, new Value("s", Tensor.Vector(2L, -1))]), size => Floats(size + 1, 2, size - 1), 2);
        Holds(x => Node("Flatten", [x], 1, ("axis", 2L)), size => Floats(size, size + 1, 5), 1);
        Holds(x => Node("Concat", [x, x, Floats(2, 5)], 1, ("axis", 1L)), size => Floats(2, size), 1);
        Assert.AreEqual(new Shape(H - 1, H + 1), Node(
            "Reshape", [Floats((H * H) - 1), Sizes(Dim.Literal(-1), H + 1)]).Infer().Shape);
    }

    /// <summary>What exporters compute with shapes: halves, windows, and a Reshape to them.</summary>
    [TestMethod]
    public void Computations_with_shapes_are_followed()
    {
        TestGraph g = new();
        Value x = g.Input("x", 2, 6, 8);
        x.Shape = new Shape(new Dim(-1, "N"), 6, H);
        Value height = g.Add("Gather", g.Add("Shape", x), g.Longs(2)), batch = g.Add("Gather", g.Add("Shape", x), g.Longs(0));
        Value halves = g.Add("Div", g.Add("Add", height, g.Longs(1)), g.Longs(2));
        Value few = g.Add("Min", g.Add("Sub", height, halves), g.Longs(100));
        g.Output(g.Add("Expand", g.Longs(1), g.Add("Concat", [batch, g.Add("Mul", halves, g.Longs(3)), few], ("axis", 0))));
        Graph graph = g.Graph;
        ShapeInference.Run(graph);
        Dim half = Dim.FloorDivide(H + 1, 2);
        Assert.AreEqual(new Shape(new Dim(-1, "N"), half * 3, Dim.Min(H - half, 100)), graph.Outputs[0].Shape);
    }

    /// <summary>How PyTorch writes pads: by way of a matrix that is turned upside down.</summary>
    [TestMethod]
    public void Pads_that_come_by_way_of_a_matrix_are_followed()
    {
        TestGraph g = new();
        Value x = g.Input("x", -1, 8);
        Value pairs = g.Add("Reshape", g.Add("Concat", [g.Longs(1, 3), g.Longs(0, 0)], ("axis", 0)), g.Longs(-1, 2));
        Value turned = g.Add("Slice", pairs, g.Longs(-1), g.Longs(long.MinValue), g.Longs(0), g.Longs(-1));
        Value pads = g.Add("Reshape", g.Add("Transpose", [turned], ("perm", new[] { 1, 0 })), g.Longs(-1));
        Value padded = g.Output(g.Add("Pad", x, g.Add("Cast", [pads], ("to", 7L))));
        ShapeInference.Run(g.Graph);
        Assert.AreEqual(new Shape(x.Shape![0], 12), padded.Shape);
    }

    /// <summary>An open size is not given up for what the file states, unless the file knows a size that is only known rounded.</summary>
    [TestMethod]
    public void What_the_file_states_completes_what_is_open()
    {
        foreach ((Dim stated, Dim expected) in new[] { (new Dim(-1, "made_up"), Dim.FloorDivide(H, 2)), (5, 5),
            (Dim.Unknown, Dim.FloorDivide(H, 2)) })
        {
            TestGraph g = new();
            Value x = g.Input("x", 1, 8);
            x.Shape = new Shape(1, H);
            Value y = g.Add("Split", [x], ("axis", 1));
            Value z = g.Add("AveragePool", [g.Add("Reshape", y, g.Longs(1, 1, -1))], ("kernel_shape", new[] { 2 }),
                ("strides", new[] { 2 }));
            z.Shape = new Shape(1, 1, stated);
            g.Output(z);
            ShapeInference.Run(g.Graph, useStated: true);
            Assert.AreEqual(new Shape(1, 1, expected), z.Shape);
        }
    }

    /// <summary>Fails the test unless the outputs' shapes for an open size are, with numbers for it, those for the numbers.</summary>
    private static void Holds(Func<Value, Node> node, Func<Dim, Value> input, int least, bool mayBeUnknown = false)
    {
        Node open = node(input(H));
        open.Infer();
        int known = 0;
        for (int size = least; size < least + 40; size++)
        {
            Node closed;
            try
            {
                closed = node(input(size));
                closed.Infer();
            }
            catch (CompilationException)
            {
                // A window that does not fit; a Split that leaves nothing for the last piece.
                continue;
            }

            for (int i = 0; i < open.Outputs.Count; i++)
            {
                Shape expected = closed.Outputs[i]!.Shape!, actual = open.Outputs[i]!.Shape!;
                if (mayBeUnknown && actual.Contains(Dim.Unknown)) continue;
                known++;
                Dictionary<string, Dim> sizes = new() { ["H"] = size };
                Assert.AreEqual(expected, new Shape(actual.Select(d => d.With(sizes))), $"{open.Type}, H = {size}: {actual}");
            }
        }

        if (!mayBeUnknown) Assert.IsGreaterThan(20, known, open.Type);
    }
}
