namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>Models that compute in integers.</summary>
internal static class IntegerCheck
{
    // Fewer levels than this of a grid are a value that the grid was not made for.
    private const int FewestLevels = 8;

    /// <summary>
    /// Whole models agree, ties apart: a mean of four integers is one in every fourth element, and what rounds it otherwise is a step away.
    /// What comes of that is of the size of what rounding itself does; <see cref="NodeCheck"/> has seen to the rest.
    /// </summary>
    /// <exception cref="FindingException">They do not.</exception>
    public static void Same(Subject expected, Dictionary<string, Tensor>[] actual, Dictionary<string, double> noise, string check)
    {
        foreach (string output in expected.Outputs)
        {
            Difference difference = Difference.Of(expected.Values, actual, output, check);
            double step = StepOf(expected.Model, output), ties = Math.Max(0.25, 2.0 / difference.Distinct) * step * step;
            if (difference.Power > (2 * noise[output]) + ties + Math.Pow(1e-4 * difference.Largest, 2) + 1e-12)
                throw Wrong(check, $"rms {difference.Rms:g4}, rounding makes {Math.Sqrt(noise[output]):g4}, a step is {step:g4}; "
                    + $"{difference.Where}");
        }
    }

    /// <summary>What computes a value uses the grid it is stored on.</summary>
    /// <param name="original">The float model. A value that is always zero there has a grid of no data; what rounding before it makes
    /// of it may be a few steps, or a part of one.</param>
    /// <param name="emitted">The QDQ model that was made of it.</param>
    /// <exception cref="FindingException">A grid is too coarse.</exception>
    public static void Grids(Subject original, Subject emitted)
    {
        Grids grids = new(emitted.Model);
        Lazy<Subject> unrounded = new(() => new Subject(Unrounded(emitted.Model), emitted.Inputs));
        foreach (NodeProto quantize in emitted.Model.Graph.Node.Where(n => n.OpType == "QuantizeLinear"))
        {
            if (grids.Of(quantize) is not { } grid || !emitted.Values[0].ContainsKey(quantize.Input[0])) continue;
            string producer = emitted.Model.Graph.Node.FirstOrDefault(n => n.Output.Contains(quantize.Input[0]))?.OpType ?? "an input";
            float[] values = [.. emitted.Values.SelectMany(v => v[quantize.Input[0]].Span<float>().ToArray())];
            // Before a Relu or Clip lies the grid of what comes behind it, and saturation may take its place.
            if (values.All(grid.Has) || IsBounded(emitted.Model, quantize)) continue;
            float levels = (Math.Clamp(values.Max(), 0, grid.High) - Math.Clamp(values.Min(), grid.Low, 0)) / grid.Scale;
            if (levels is > 0.01f and < FewestLevels && !IsZero(original, unrounded, emitted.Model, quantize))
                throw Wrong($"coarse grid of {producer}", $"'{quantize.Input[0]}' takes {levels:g3} steps of its grid, {grid.Scale:g4}");
        }
    }

    /// <summary>
    /// int8 is as near to float as rounding explains: rounding weights and clipping does to the outputs at most a few times what rounding
    /// weights at random does, and rounding activations at most 6 dB more than noise on the same grids.
    /// </summary>
    /// <param name="originals">The float model as it is, and bounded where grids are prescribed: what comes behind may be fitted to
    /// either.</param>
    /// <param name="emitted">The QDQ model that was made of it.</param>
    /// <param name="clean">The outputs of the QDQ model where activations are not rounded.</param>
    /// <param name="noise">What rounding of activations does to the outputs of the QDQ model.</param>
    /// <exception cref="FindingException">It is near to neither.</exception>
    public static void Near(Subject[] originals, Subject emitted, Dictionary<string, Tensor>[] clean, Dictionary<string, double> noise)
    {
        if (FirstFar(Noise.FewDraws) is null) return;
        noise = Noise.OfActivations(emitted, originals[0], Noise.ManyDraws).Power;
        if (FirstFar(Noise.ManyDraws) is { } finding) throw new FindingException(finding);

        Finding? FirstFar(int draws)
        {
            Dictionary<string, double>[] weights = [.. originals.Distinct().Select(o => Noise.OfConstants(o, half: false, draws))];
            return originals[0].Outputs
                .Select(output => weights.Select((w, i) => WhyFar(originals[i], emitted, clean, output, noise, w)).ToArray())
                .FirstOrDefault(f => f.All(x => x is not null))?[^1];
        }
    }

    private static Finding? WhyFar(Subject original, Subject emitted, Dictionary<string, Tensor>[] clean, string output,
        Dictionary<string, double> noise, Dictionary<string, double> weights)
    {
        Difference rounded = Difference.Of(original.Values, clean, output, "int8 weights");
        Difference difference = Difference.Of(original.Values, emitted.Values, output, "int8");
        double few = Math.Pow(1e-4 * difference.Largest, 2) + 1e-12;
        string explained = $"noise of weights {Math.Sqrt(weights[output]):g4}, of activations {Math.Sqrt(noise[output]):g4}";
        if (rounded.Power > (16 * (noise[output] + weights[output])) + few)
            return new Finding(FindingKind.Wrong, "int8 weights or saturation", $"rms {rounded.Rms:g4}; {explained}; {rounded.Where}");
        if (difference.Power > (4 * (noise[output] + rounded.Power)) + few)
            return new Finding(FindingKind.Wrong, "int8 against float", $"rms {difference.Rms:g4}; {explained}; {difference.Where}");
        return null;
    }

    private static bool IsZero(Subject original, Lazy<Subject> unrounded, ModelProto emitted, NodeProto quantize)
    {
        // The value has its name behind the pair where that is an output, else before it; a part of an operator has none in the original.
        string[] names =
            [quantize.Input[0], .. emitted.Graph.Node.Where(n => n.Input.Contains(quantize.Output[0])).Select(n => n.Output[0])];
        Subject subject = names.Any(original.Values[0].ContainsKey) ? original : unrounded.Value;
        return subject.Values.All(values =>
            names.Where(values.ContainsKey).All(name => Difference.Numbers(values[name]).All(x => x == 0)));
    }

    /// <summary>A QDQ model that rounds no value.</summary>
    private static ModelProto Unrounded(ModelProto emitted)
    {
        ModelProto model = emitted.Clone();
        HashSet<string> kept = [.. model.Graph.Output.Select(o => o.Name),
            .. model.Graph.Node.Where(n => n.OpType != "DequantizeLinear").SelectMany(n => n.Input)];
        HashSet<string> pairs = [.. model.Graph.Node.Where(n => n.OpType == "QuantizeLinear").Select(n => n.Output[0]).Except(kept)];
        foreach (NodeProto node in model.Graph.Node.Where(n => n.Input.Concat(n.Output).Any(pairs.Contains)))
        {
            node.OpType = "Identity";
            node.Attribute.Clear();
            while (node.Input.Count > 1) node.Input.RemoveAt(1);
        }

        return model;
    }

    private static bool IsBounded(ModelProto model, NodeProto quantize) => model.Graph.Node.Any(restore =>
        restore.OpType == "DequantizeLinear" && restore.Input[0] == quantize.Output[0]
        && model.Graph.Node.Any(n => n.OpType is "Relu" or "Clip" && n.Input[0] == restore.Output[0]));

    /// <summary>The step of an output that is rounded; 0 where it is not.</summary>
    private static double StepOf(ModelProto model, string output)
    {
        NodeProto? producer = model.Graph.Node.FirstOrDefault(n => n.Output.Contains(output));
        if (producer is not { OpType: "DequantizeLinear" }) return producer is { OpType: "QuantizeLinear" } ? 1 : 0;
        NodeProto? quantize = model.Graph.Node.FirstOrDefault(n => n.OpType == "QuantizeLinear" && n.Output.Contains(producer.Input[0]));
        return quantize is null ? 0 : new Grids(model).Of(quantize)?.Scale ?? 0;
    }

    private static FindingException Wrong(string check, string detail) => new(new Finding(FindingKind.Wrong, check, detail));
}
