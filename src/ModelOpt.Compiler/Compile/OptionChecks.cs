using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Refuses options that are not possible, or not together, before anything is computed; warns of those that have no effect.
/// </summary>
internal static class OptionChecks
{
    // As many as a byte has. Weights use 255 of them, so that the last one is no more than none.
    private const int Int8Values = 256;

    // Zero, and one value of each sign.
    private const int FewestWithZeros = 3;

    /// <summary>Checks the options of the model, and warns of those without effect in any layer.</summary>
    /// <exception cref="CompilationException">A value is not possible, or two do not go together.</exception>
    public static void CheckModel(PassContext context)
    {
        // A caller that uses the compiler as a library has had no check yet.
        IReadOnlyList<LayerRule> rules = context.Recipe.Layers;
        foreach (LayerOptions options in rules.Prepend<LayerOptions>(context.Model))
        {
            foreach (OptionDescription option in OptionCatalog.OfRecipes.Where(o => o.IsOfLayers || options is ModelOptions))
            {
                if (option.Of(options) is { } value) option.Values.Parse(option.Name, option.Values.Format(value), option.Values.Choices);
            }
        }

        Check(context.Model, null);
        foreach (OptionDescription option in OptionCatalog.OfRecipes)
        {
            if (option.Of(context.Model) is not { } value) continue;
            OptionDescription? leader = OptionCatalog.LeaderOf(option);
            bool isLed = leader is null || IsWanted(leader, context.Model) || rules.Any(r => IsWanted(leader, r));
            if (!isLed && option.Name == nameof(LayerOptions.SparsityPattern)) throw SparsityDiagnostics.ShareMissing.Error(null, value);
            if ((isLed ? Lacking(option.Name, context) : leader!.Name) is { } missing)
                context.Diagnostics.Report(OptionDiagnostics.NoEffect.At(null, null, option.Name, option.Values.Format(value), missing));
        }
    }

    /// <summary>What an option needs besides the one that leads its group, and has not; null if nothing.</summary>
    private static string? Lacking(string option, PassContext context)
    {
        ModelOptions model = context.Model;
        bool isGradual = model.PruningSchedule is not (null or PruningSchedule.None);
        return option switch
        {
            nameof(model.PruningSchedule) when isGradual && !Techniques(context).Contains(nameof(model.Sparsity)) => nameof(model.Sparsity),
            nameof(model.PruningEpochs) or nameof(model.PruningBegin) or nameof(model.PruningEnd) or nameof(model.PruningFrequency)
                when !isGradual => nameof(model.PruningSchedule),
            nameof(model.AugmentationShift) when model.Augmentation is not (Augmentation.Crop or Augmentation.FlipCrop) =>
                $"{nameof(model.Augmentation)} {Augmentation.Crop}",
            _ => null,
        };
    }

    /// <summary>
    /// Checks the options of every layer with weights, and warns of those without effect in the layers that a rule names.
    /// </summary>
    /// <exception cref="CompilationException">Two options of a layer do not go together.</exception>
    public static void CheckLayers(Graph graph, PassContext context)
    {
        Node[] layers = [.. graph.Nodes.Where(n => Operator.Find(n)?.Quantization == QuantizationRule.Weighted)];
        foreach (Node node in layers)
        {
            LayerOptions options = context.OptionsOf(node);
            Check(options, node.Label);
            if (options is { SparsityPattern: { Kind: not SparsityKind.NM } pattern, Sparsity: null })
                throw SparsityDiagnostics.ShareMissing.Error(node.Label, pattern);
        }

        foreach (LayerRule rule in context.Recipe.Layers)
        {
            foreach (OptionDescription option in OptionCatalog.OfRecipes.Where(o => o.IsOfLayers))
            {
                if (option.Of(rule) is not { } value || OptionCatalog.LeaderOf(option) is not { } leader) continue;
                if (layers.Any(n => rule.Matches(n.Label) && IsWanted(leader, context.OptionsOf(n)))) continue;
                context.Diagnostics.Report(OptionDiagnostics.NoEffect.At(
                    null, rule.Match, option.Name, option.Values.Format(value), leader.Name));
            }
        }
    }

    /// <summary>Warns of data, and of options about data, that have no use.</summary>
    public static void CheckData(Graph graph, PassContext context)
    {
        CompileOptions options = context.Options;
        ModelOptions model = context.Model;
        bool isInt8 = graph.Nodes.Any(
            n => Operator.Find(n)?.Quantization != QuantizationRule.Float && context.QuantizationOf(n) == QuantizationMode.Int8);
        bool isTrained = model.FineTune is not null and not FineTuneMode.None;
        string missing = isInt8 ? nameof(options.CalibrationData) : $"{nameof(model.Quantization)} {QuantizationMode.Int8}";
        if (!isInt8 || !context.IsCalibrated)
        {
            if (model.CalibrationMethod is { } method) NoEffect(nameof(model.CalibrationMethod), method, missing);
            if (model.Rounding is WeightRounding.Adaptive) NoEffect(nameof(model.Rounding), model.Rounding, missing);
        }

        bool hasData = context.IsCalibrated || options.TrainingData.Count > 0 || options.EvaluationData.Count > 0;
        foreach (OptionDescription option in OptionCatalog.All.Where(o => !o.IsOfRecipes))
        {
            if (option.Of(options) is not { } value) continue;
            bool isUsed = option.Name is nameof(options.EvaluationData) or nameof(options.EvaluationLabels)
                ? options.EvaluationData.Count > 0 && IsCompressed(context)
                : OptionCatalog.LeaderOf(option)?.Name switch
            {
                nameof(model.FineTune) => isTrained,
                null => true,
                _ => option.Name switch
                {
                    nameof(options.InputType) or nameof(options.InputShape) or nameof(options.InputValues) => true,
                    nameof(options.CalibrationSamples) => context.IsCalibrated,
                    nameof(options.InputMean) or nameof(options.InputStd) => hasData || options.InputType == ElementType.UInt8,
                    _ => hasData,
                },
            };
            if (!isUsed) NoEffect(option.Name, option.Values.Format(value), OptionCatalog.LeaderOf(option)!.Name);
        }

        if (options.InputType == ElementType.UInt8 && !graph.Inputs.Exists(i => i.Type == ElementType.Float32))
            context.Diagnostics.Report(OptionDiagnostics.NoPixels.At(null, null));
        if (context.IsCalibrated && !isInt8 && Techniques(context).Length == 0)
            context.Diagnostics.Report(OptionDiagnostics.UnusedData.At(null, null));

        void NoEffect(string option, object value, string leader) =>
            context.Diagnostics.Report(OptionDiagnostics.NoEffect.At(null, null, option, value, leader));
    }

    /// <summary>Whether options ask for anything that changes what the model computes.</summary>
    public static bool IsCompressed(PassContext context) => Techniques(context).Length > 0
        || context.Model.Quantization != QuantizationMode.None
        || context.Recipe.Layers.Any(l => l.Quantization is not null and not QuantizationMode.None);

    /// <summary>The leading options of the techniques that the model or a rule asks for, besides quantization.</summary>
    public static string[] Techniques(PassContext context)
    {
        LayerOptions[] all = [context.Model, .. context.Recipe.Layers];
        (string Name, bool IsWanted)[] techniques =
        [
            (nameof(LayerOptions.Sparsity), all.Any(o => o.Sparsity > 0 || o.SparsityPattern is not null)),
            (nameof(LayerOptions.Clusters), all.Any(o => o.Clusters is not null)),
            (nameof(LayerOptions.ChannelPruning), all.Any(o => o.ChannelPruning > 0)),
            (nameof(LayerOptions.Decomposition),
                all.Any(o => o.Decomposition > 0 || o is ModelOptions { RankSelection: RankSelection.Evbmf })),
            (nameof(ModelOptions.FineTune), context.Model.FineTune is not null and not FineTuneMode.None),
        ];
        return [.. techniques.Where(t => t.IsWanted).Select(t => t.Name)];
    }

    /// <summary>Checks the options of the model or of a layer.</summary>
    /// <param name="options">The options, all that is said of the model or the layer.</param>
    /// <param name="layer">The layer, or null for the model.</param>
    /// <exception cref="CompilationException">Two of them do not go together.</exception>
    public static void Check(LayerOptions options, string? layer)
    {
        if (options.Clusters is not { } clusters) return;
        QuantizationMode stored = options.Quantization ?? QuantizationMode.Int8;
        if (clusters > Int8Values && stored is QuantizationMode.Int8 or QuantizationMode.WeightOnlyInt8)
        {
            throw OptionDiagnostics.Contradiction.Error(layer, nameof(options.Clusters), clusters, nameof(options.Quantization), stored,
                $"int8 has {Int8Values} values", Int8Values);
        }

        bool byPattern = options is { SparsityPattern.Kind: SparsityKind.NM, Sparsity: null };
        if (clusters < FewestWithZeros && (options.Sparsity > 0 || byPattern))
        {
            throw OptionDiagnostics.Contradiction.Error(layer, nameof(options.Clusters), clusters,
                byPattern ? nameof(options.SparsityPattern) : nameof(options.Sparsity),
                byPattern ? options.SparsityPattern : options.Sparsity,
                "one value is zero, and weights of both signs need two more", FewestWithZeros);
        }
    }

    /// <summary>Whether options ask for a technique: by its leading option, or by a choice that says how much by itself.</summary>
    private static bool IsWanted(OptionDescription leader, LayerOptions options) => leader.Of(options) is not null || leader.Name switch
    {
        nameof(LayerOptions.Sparsity) => options.SparsityPattern is { Kind: SparsityKind.NM },
        nameof(LayerOptions.Decomposition) => options is ModelOptions { RankSelection: RankSelection.Evbmf },
        _ => false,
    };
}
