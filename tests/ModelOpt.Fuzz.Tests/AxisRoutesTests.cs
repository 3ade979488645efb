using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Resampling;
using ModelOpt.Fuzz.Operators;
using static ModelOpt.Fuzz.Tests.TensorAxes;

namespace ModelOpt.Fuzz.Tests;

/// <summary>What operators say of themselves, against what they compute: the same few random nodes of each every time.</summary>
[TestClass]
internal sealed class AxisRoutesTests
{
    private const int Draws = 30;
    private const int Least = 8;
    private const double Tolerance = 1e-4;

    public static IEnumerable<object[]> Names =>
        OperatorGenerators.OfGraphs.Where(n => !IsReplaced(n)).Select(n => new object[] { n });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void An_operator_says_how_axes_travel(string name)
    {
        OperatorNode[] nodes = [.. Nodes(name)];
        Assert.IsGreaterThanOrEqualTo(Least, nodes.Length, $"only {nodes.Length} nodes can be drawn");
        for (int i = 0; i < nodes.Length; i++)
        {
            var random = new Draw(i);
            AxisRoute[] routes = [.. nodes[i].Operator.Axes(nodes[i].Node)];
            CheckInfluence(nodes[i], routes, random);
            foreach (AxisRoute route in routes) CheckRoute(nodes[i], route, random);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void An_operator_says_what_holds_for_its_function(string name)
    {
        foreach (OperatorNode node in Nodes(name))
        {
            OperatorTraits traits = node.Operator.Traits(node.Node);
            if (traits.HasFlag(OperatorTraits.Moves))
            {
                HashSet<double> read = [.. node.Inputs.Take(node.Operator.DataInputs).OfType<Tensor>().SelectMany(Numbers)];
                if (name == "Pad") read.Add(node.Operator.Fill(node.Node)?.Constant is { } fill ? Numbers(fill).Single() : 0);
                Assert.IsTrue(Numbers(node.Outputs[0]!).All(read.Contains), $"{Text(node)} writes what it does not read");
            }

            Value[] data = [.. node.Node.Inputs.OfType<Value>().Where(v => !v.IsConstant)];
            if (!traits.HasFlag(OperatorTraits.Homogeneous) || data.Length == 0 || data.Any(v => v.Type != ElementType.Float32)) continue;
            Tensor?[] doubled = [.. node.Inputs.Select((t, i) => node.Node.InputOrNull(i) is { IsConstant: false } ? Doubled(t!) : t)];
            IEnumerable<double> expected = Numbers(Doubled(node.Outputs[0]!)), actual = Numbers(OperatorNode.Run(node.Node, doubled)[0]!);
            Assert.IsTrue(expected.SequenceEqual(actual), $"{Text(node)} is not homogeneous");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void An_operator_says_whether_it_adds(string name)
    {
        OperatorNode[] nodes = [.. Nodes(name).Where(n => n.Node.Inputs.Count > 1 && n.Operator.DataInputs > 1
            && n.Inputs.All(t => t is { Type: ElementType.Float32 }))];
        bool says = Nodes(name).Any(n => n.Operator.Traits(n.Node).HasFlag(OperatorTraits.Adds));
        Assert.AreEqual(nodes.Length > 0 && Array.TrueForAll(nodes, IsSum), says);
    }

    /// <summary>Whether nothing but the sign of an input's elements changes where the others are zero.</summary>
    private static bool IsSum(OperatorNode node) => Enumerable.Range(0, node.Inputs.Length).All(i =>
    {
        Tensor?[] inputs = [.. node.Inputs.Select((t, j) => i == j ? t : Tensor.Zeros(t!.Type, t.Dims))];
        Tensor sum = OperatorNode.Run(node.Build(inputs).Node, inputs)[0]!;
        return Numbers(sum).Select(Math.Abs).ToHashSet().SetEquals(Numbers(inputs[i]!).Select(Math.Abs));
    });

    private static IEnumerable<OperatorNode> Nodes(string name) =>
        Enumerable.Range(0, Draws).Select(i => OperatorNode.Draw(name, i)).OfType<OperatorNode>();

    /// <summary>Whether the reader puts something else in the place of such a node.</summary>
    private static bool IsReplaced(string name) => Operator.Find(new Node(name, "", [], [])) is ComposedOperator or Constant;

    /// <summary>
    /// Changes each index of each axis of the data. What changes of the outputs must be on the index's route; and an axis each of whose
    /// indices changes indices of its own must be on one.
    /// </summary>
    private static void CheckInfluence(OperatorNode node, AxisRoute[] routes, Draw random)
    {
        for (int input = 0; input < Math.Min(node.Inputs.Length, node.Operator.DataInputs); input++)
        {
            if (node.Inputs[input] is not { } tensor || tensor.Type is ElementType.Bool || IsIndex(node.Node, input)) continue;
            for (int axis = 0; axis < tensor.Rank; axis++)
            {
                Dictionary<(int, int), HashSet<int>[]> influence = Influence(node, input, axis, random);
                foreach (((int output, int along), HashSet<int>[] changed) in influence)
                {
                    bool joins = false;
                    foreach (AxisRoute route in routes)
                    {
                        if (Find(route, false, input, axis) is not { } from || Find(route, true, output, along) is not { } to) continue;
                        joins = true;
                        for (int i = 0; i < changed.Length; i++)
                        {
                            bool isRight = changed[i].All(k => to.LabelOf(k) >= 0 && to.LabelOf(k) == from.LabelOf(i));
                            Assert.IsTrue(isRight, $"{Text(node)}: input {input} axis {axis} reaches {output} axis {along} otherwise");
                        }
                    }

                    bool isTold = joins || IsLeftOut(node.Node, input, axis) || !Travels(changed)
                        || !Travels(Influence(node, input, axis, random, 30)[(output, along)]);
                    Assert.IsTrue(isTold, $"{Text(node)}: input {input} axis {axis} travels to output {output} axis {along}, undeclared");
                }
            }
        }
    }

    /// <summary>Windows may or may not overlap; and a filter's place in its group counts results, too, beside its group.</summary>
    private static bool IsLeftOut(Node node, int input, int axis) => node.Type switch
    {
        // An index of the pool's second output counts the planes before its own.
        "MaxPool" when node.HasOutput(1) => true,
        "AveragePool" or "Conv" or "ConvTranspose" or "LpPool" or "MaxPool" => axis >= 2 || input == 1,
        // Which elements it takes is known only when it runs.
        "Compress" => !node.Attributes.ContainsKey("axis") || node.Axis(node.Int("axis", 0), node.ShapeOf(0).Rank) == axis,
        "NonMaxSuppression" or "Unique" => true,
        // Axes that indices have, too, would be cut there as well.
        "GatherElements" or "GatherND" or "ScatterElements" or "ScatterND" => true,
        // Rows and columns count from the diagonal.
        "Trilu" => axis >= node.ShapeOf(0).Rank - 2,
        "Resize" => true,
        _ => false,
    };

    /// <summary>Whether an input among the data says places, of which not every one exists.</summary>
    private static bool IsIndex(Node node, int input) => node.Type is "ScatterElements" or "ScatterND" && input == 1;

    private static bool Travels(HashSet<int>[] changed) =>
        changed.Count(set => set.Count > 0) >= 3 && changed.Sum(set => set.Count) == changed.SelectMany(set => set).Distinct().Count();

    /// <summary>For each output and axis of it, which of its indices each index of an input's axis changes.</summary>
    private static Dictionary<(int Output, int Axis), HashSet<int>[]> Influence(
        OperatorNode node, int input, int axis, Draw random, int trials = 3)
    {
        Tensor tensor = node.Inputs[input]!;
        Dictionary<(int, int), HashSet<int>[]> found = [];
        for (int output = 0; output < node.Outputs.Length; output++)
        {
            for (int along = 0; node.Outputs[output] is { } y && along < y.Rank; along++)
                found[(output, along)] = [.. Enumerable.Range(0, tensor.Dims[axis]).Select(_ => new HashSet<int>())];
        }

        for (int index = 0; index < tensor.Dims[axis]; index++)
        {
            for (int trial = 0; trial < trials; trial++)
            {
                Tensor?[] inputs = [.. node.Inputs];
                inputs[input] = Changed(tensor, axis, index, random, isDivided: node.Node.Type is "Div" or "Mod");
                Node changed = node.Node.Input(input).IsConstant ? node.Build(inputs).Node : node.Node;
                Tensor?[] outputs = OperatorNode.Run(changed, inputs);
                foreach (((int output, int along), HashSet<int>[] sets) in found)
                    AddDifferences(node.Outputs[output]!, outputs[output]!, along, sets[index]);
            }
        }

        return found;
    }

    /// <summary>Leaves some elements of a route out, or swaps two of one that is rigid: the outputs must follow.</summary>
    private static void CheckRoute(OperatorNode node, AxisRoute route, Draw random)
    {
        AxisPlace[] places = [.. route.Places.Where(p => p.ValueOf(node.Node) is not null)];
        foreach (AxisPlace place in places)
            Assert.IsLessThan(Of(node, place).Rank, place.Axis, $"{Text(node)}: {place} has no such axis");
        int[] labels = [.. places.Where(p => !p.IsOutput).SelectMany(p => Labels(node, p)).Where(l => l >= 0).Distinct().Order()];
        if (labels.Length < 2) return;
        if (!route.IsRigid) CheckCut(node, places, [.. labels.Where(_ => random.Chance(0.6)).DefaultIfEmpty(labels[0])]);
        int a = random.Pick<int>(labels), b = random.Pick<int>(labels);
        if (places.All(p => Labels(node, p).Count(l => l == a) == Labels(node, p).Count(l => l == b))) CheckSwap(node, places, a, b);
    }

    private static void CheckCut(OperatorNode node, AxisPlace[] places, HashSet<int> stay)
    {
        int[] Kept(AxisPlace place) =>
            [.. Labels(node, place).Index().Where(p => p.Item < 0 || stay.Contains(p.Item)).Select(p => p.Index)];
        Tensor?[] inputs = [.. node.Inputs];
        Tensor?[] expected = [.. node.Outputs];
        if (!Array.Exists(places, p => p.IsOutput))
        {
            // What is left out added nothing.
            AxisPlace first = places[0];
            inputs[first.Position] = Zeroed(inputs[first.Position]!, first.Axis, Kept(first));
            expected = OperatorNode.Run(node.Build(inputs).Node, inputs);
        }

        (Graph graph, Node cut) = node.Build(inputs);
        int[]? KeptOf(Value value, int axis) => places.Where(p => p.ValueOf(cut) == value && p.Axis == axis).Select(Kept).FirstOrDefault();
        node.Operator.Narrow(graph, cut, new AxisCut(KeptOf));
        foreach (AxisPlace place in places)
        {
            if (place.IsOutput)
            {
                expected[place.Position] = Taken(expected[place.Position]!, place.Axis, Kept(place));
                continue;
            }

            Tensor taken = Taken(inputs[place.Position]!, place.Axis, Kept(place));
            inputs[place.Position] = taken;
            if (cut.Input(place.Position).IsConstant) graph.ReplaceConstant(cut, place.Position, taken);
            else cut.Input(place.Position).Shape = taken.Shape;
        }

        ShapeInference.Run(graph);
        AssertSame(node, expected, OperatorNode.Run(cut, inputs), "with elements left out");
    }

    private static void CheckSwap(OperatorNode node, AxisPlace[] places, int a, int b)
    {
        Tensor?[] inputs = [.. node.Inputs], expected = [.. node.Outputs];
        foreach (AxisPlace place in places)
        {
            int[] labels = Labels(node, place), order = [.. Enumerable.Range(0, labels.Length)];
            int[] first = [.. order.Where(i => labels[i] == a)], second = [.. order.Where(i => labels[i] == b)];
            for (int i = 0; i < first.Length; i++) (order[first[i]], order[second[i]]) = (second[i], first[i]);
            Tensor?[] tensors = place.IsOutput ? expected : inputs;
            tensors[place.Position] = Taken(tensors[place.Position]!, place.Axis, order);
        }

        AssertSame(node, expected, OperatorNode.Run(node.Build(inputs).Node, inputs), $"with elements {a} and {b} swapped");
    }

    private static void AssertSame(OperatorNode node, Tensor?[] expected, Tensor?[] actual, string how)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] is not { } wanted) continue;
            Assert.AreEqual(wanted.Shape, actual[i]!.Shape, $"{Text(node)} {how}");
            double[] numbers = [.. Numbers(wanted)];
            // A Resize of integers cuts the fraction off of a sum in float32, whose last bit depends on how many corners there are.
            bool isCutOff = node.Node.Type == "Resize" && !wanted.Type.IsFloat();
            double most = isCutOff ? 1 : Tolerance * (1 + numbers.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max());
            bool isSame = numbers.Zip(Numbers(actual[i]!)).All(p => p.First.Equals(p.Second) || Math.Abs(p.First - p.Second) <= most);
            Assert.IsTrue(isSame, $"{Text(node)} {how}: output {i} differs");
        }
    }

    private static AxisPlace? Find(AxisRoute route, bool isOutput, int position, int axis) => route.Places
        .Where(p => p.IsOutput == isOutput && p.Position == position && p.Axis == axis).Select(p => (AxisPlace?)p).FirstOrDefault();

    private static Tensor Of(OperatorNode node, AxisPlace place) => (place.IsOutput ? node.Outputs : node.Inputs)[place.Position]!;

    private static int[] Labels(OperatorNode node, AxisPlace place) =>
        place.Labels ?? [.. Enumerable.Range(0, Of(node, place).Dims[place.Axis])];

    private static string Text(OperatorNode node)
    {
        IEnumerable<string> attributes = node.Node.Attributes.Select(a =>
            $"{a.Key}: {(a.Value is long[] list ? string.Join(' ', list) : a.Value)}");
        string inputs = string.Join(", ", node.Inputs.Select(t => $"{t}")), outputs = string.Join(", ", node.Outputs.Select(t => $"{t}"));
        return $"{node.Node.Type} ({inputs}) {{{string.Join(", ", attributes)}}} → {outputs}";
    }
}
