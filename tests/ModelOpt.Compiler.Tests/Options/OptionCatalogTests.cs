using System.Collections;
using System.Reflection;
using System.Security;
using System.Text;

namespace ModelOpt.Compiler.Tests.Options;

/// <summary>The options, and everything in the repository that lists them.</summary>
[TestClass]
internal sealed class OptionCatalogTests
{
    [TestMethod]
    public void Every_property_of_the_options_is_in_the_catalog_and_is_set_by_it()
    {
        PropertyInfo[] properties = [.. typeof(CompileOptions).GetProperties()
            .Where(p => p.CanWrite && p.Name is not (nameof(CompileOptions.CheckpointFile) or nameof(CompileOptions.Images)))];
        CollectionAssert.AreEquivalent(
            properties.Select(p => p.Name).ToArray(), OptionCatalog.All.Select(o => o.Name).ToArray());
        foreach (OptionDescription option in OptionCatalog.All)
        {
            PropertyInfo property = properties.Single(p => p.Name == option.Name);
            Assert.AreEqual(property.DeclaringType == typeof(LayerOptions), option.IsOfLayers, option.Name);
            Assert.AreEqual(property.DeclaringType != typeof(CompileOptions), option.IsOfRecipes, option.Name);
            object value = Example(option);
            // What is set is set alone, and options stay of their type.
            CompileOptions set = option.In(new CompileOptions { CheckpointFile = "c" }, value);
            Assert.AreEqual("c", set.CheckpointFile);
            foreach (OptionDescription other in OptionCatalog.All)
                Assert.AreEqual(other == option ? value : null, other.Of(set), $"{other.Name} of {option.Name}");
            Assert.AreEqual(value, property.GetValue(set), option.Name);
            if (option.IsOfLayers) Assert.AreEqual(value, option.Of(option.In(new LayerRule("a"), value)));
        }
    }

    [TestMethod]
    public void Options_that_differ_in_anything_are_described_otherwise()
    {
        var silent = new CompileOptions();
        Assert.AreEqual("", OptionCatalog.Describe(silent with { CheckpointFile = "c" }));
        foreach (OptionDescription option in OptionCatalog.All)
        {
            string described = OptionCatalog.Describe(option.In(silent, Example(option)));
            Assert.AreEqual($"{option.Name} {option.Values.Format(Example(option))}\n", described);
            Assert.AreNotEqual(described, OptionCatalog.Describe(option.In(silent, Example(option, other: true))));
        }

        CollectionAssert.AreEqual(
            OptionCatalog.All.Where(o => o.Values is PathValue or PathsValue).Select(o => o.Name).ToArray(),
            OptionCatalog.All.SelectMany(o => OptionCatalog.PathsIn(o.In(silent, Example(o)))).ToArray());
    }

    [TestMethod]
    public void Only_options_of_the_model_are_for_experts() =>
        Assert.IsFalse(OptionCatalog.All.Any(o => o.IsExpert && (o.IsOfLayers || !o.IsOfRecipes)));

    [TestMethod]
    public void What_is_written_is_read_in_every_spelling()
    {
        foreach (OptionDescription option in OptionCatalog.All)
        {
            object value = Example(option);
            string text = option.Values.Format(value);
            AreEqual(value, option.Values.Parse(option.Name, text, option.Values.Choices));
            // Names of files, inputs and outputs are as they are.
            if (option.Values.Paths(value).Count > 0 || option.Values is ValuesValue or StatesValue) continue;
            AreEqual(value, option.Values.Parse(option.Name, $" {text.ToUpperInvariant()} ", option.Values.Choices));
            foreach ((string name, string word) in option.Values.Choices.Zip(option.CommandLineChoices))
                Assert.AreEqual(name, option.Values.Format(option.Values.Parse("--x", word, option.CommandLineChoices)));
        }

        static void AreEqual(object expected, object actual)
        {
            if (expected is ICollection list) CollectionAssert.AreEqual(list, (ICollection)actual);
            else Assert.AreEqual(expected, actual);
        }
    }

    [TestMethod]
    [DataRow("Sparsity", "1", "MOPT6013", "Sparsity: '1' is not a share from 0 to below 1; the nearest possible value is 0.99.")]
    [DataRow("Sparsity", "1.2", "MOPT6013", "Sparsity: '1.2' is not a share from 0 to below 1; the nearest possible value is 0.99.")]
    [DataRow("Sparsity", "80", "MOPT6013", "the nearest possible value is 0.99. Did you mean 0.8?")]
    [DataRow("Sparsity", "-0.1", "MOPT6013", "the nearest possible value is 0.")]
    [DataRow("Sparsity", "1e999", "MOPT6013", "the nearest possible value is 0.99.")]
    [DataRow("Sparsity", "NaN", "MOPT6002", "Sparsity: 'NaN' is not a share from 0 to below 1.")]
    [DataRow("Sparsity", "50%", "MOPT6002", "Sparsity: '50%' is not a share")]
    [DataRow("Sparsity", "0,5", "MOPT6002", "Sparsity: '0,5' is not a share")]
    [DataRow("ChannelPruning", "1", "MOPT6013", "the nearest possible value is 0.99.")]
    [DataRow("Decomposition", "2", "MOPT6013", "Did you mean 0.02?")]
    [DataRow("SparsityPattern", "4:2", "MOPT6013",
        "'4:2' is not N:M with N below M, both from 1 to 256; the nearest possible value is 2:4.")]
    [DataRow("SparsityPattern", "4:4", "MOPT6013", "the nearest possible value is 3:4.")]
    [DataRow("SparsityPattern", "1:1", "MOPT6013", "the nearest possible value is 1:2.")]
    [DataRow("SparsityPattern", "0:4", "MOPT6013", "the nearest possible value is 1:4.")]
    [DataRow("SparsityPattern", "-2:4", "MOPT6013", "the nearest possible value is 1:4.")]
    [DataRow("SparsityPattern", "999:1000", "MOPT6013", "the nearest possible value is 255:256.")]
    [DataRow("SparsityPattern", "1x0", "MOPT6013", "'1x0' is not RxC with both from 1 to 256; the nearest possible value is 1x1.")]
    [DataRow("SparsityPattern", "1x99999999999999", "MOPT6013", "the nearest possible value is 1x256.")]
    [DataRow("SparsityPattern", "2/4", "MOPT6001", "is not one of Unstructured, N:M (such as 2:4), RxC (such as 1x4). Did you mean '2:4'?")]
    [DataRow("SparsityPattern", "unstructred", "MOPT6001", "Did you mean 'Unstructured'?")]
    [DataRow("Clusters", "1", "MOPT6013", "Clusters: '1' is not a whole number from 2 to 65535; the nearest possible value is 2.")]
    [DataRow("Clusters", "1e9", "MOPT6013", "the nearest possible value is 65535.")]
    [DataRow("Clusters", "15.7", "MOPT6013", "the nearest possible value is 16.")]
    [DataRow("Clusters", "many", "MOPT6002", "Clusters: 'many' is not a whole number from 2 to 65535.")]
    [DataRow("ChannelMultiple", "0", "MOPT6013", "the nearest possible value is 1.")]
    [DataRow("Seed", "-1", "MOPT6013", "Seed: '-1' is not a whole number of at least 0; the nearest possible value is 0.")]
    [DataRow("LearningRate", "0", "MOPT6013",
        "LearningRate: '0' is not a number above 0 and up to 1; the nearest possible value is 1E-08.")]
    [DataRow("LearningRate", "2", "MOPT6013", "the nearest possible value is 1.")]
    [DataRow("CalibrationSamples", "0", "MOPT6013",
        "CalibrationSamples: '0' is not a whole number of at least 1; the nearest possible value is 1.")]
    [DataRow("InputMean", "", "MOPT6002", "InputMean: '' is not a list of numbers such as 123.675,116.28,103.53.")]
    [DataRow("InputMean", "1,,2", "MOPT6002", "InputMean: '1,,2' is not")]
    [DataRow("InputMean", "1 2", "MOPT6002", "InputMean: '1 2' is not")]
    [DataRow("InputMean", "NaN", "MOPT6002", "InputMean: 'NaN' is not")]
    [DataRow("InputMean", "1e99", "MOPT6002", "InputMean: '1e99' is not")]
    [DataRow("InputStd", "255,0,255", "MOPT6002", "InputStd: '255,0,255' is not a list of positive numbers: data is divided by them.")]
    [DataRow("InputType", "int8", "MOPT6001", "is not one of float32, uint8. Did you mean 'uint8'?")]
    [DataRow("ChannelScore", "L3", "MOPT6001", "is not one of Activation, L1, L2, Fpgm, BatchNormScale. Did you mean 'L1'?")]
    public void What_is_not_possible_is_told_with_the_nearest_that_is(string name, string text, string code, string message)
    {
        OptionDescription option = OptionCatalog.All.Single(o => o.Name == name);
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => option.Values.Parse(name, text, option.Values.Choices)).Diagnostic;
        Assert.AreEqual(code, diagnostic.Descriptor.Code);
        StringAssert.Contains(diagnostic.Message, message);
    }

    [TestMethod]
    public void The_nearest_values_are_possible()
    {
        foreach (OptionDescription option in OptionCatalog.All.Where(o => o.Values.IsNumber))
        {
            int refused = 0;
            foreach (string text in new[] { "-1e300", "1e300", "-1", "0.3", "1.5", "70000.5" })
            {
                try
                {
                    option.Values.Parse(option.Name, text, []);
                }
                catch (CompilationException e)
                {
                    string message = e.Diagnostic.Message;
                    string nearest = message[(message.IndexOf("value is ", StringComparison.Ordinal) + 9)..].Split(' ')[0].TrimEnd('.');
                    option.Values.Parse(option.Name, nearest, []);
                    refused++;
                }
            }

            Assert.IsGreaterThan(2, refused, option.Name);
        }
    }

    [TestMethod]
    public void The_documentation_of_recipes_lists_them() => Snapshot.Section("docs/recipes.md",
        RecipeTable(o => !o.IsExpert)
        + "\nOptions that few models need stand in the recipe's section for experts: `\"expert\": { \"calibrationMethod\": \"Mse\" }`.\n\n"
        + RecipeTable(o => o.IsExpert));

    [TestMethod]
    public void The_documentation_of_the_command_line_lists_them() => Snapshot.Section("docs/cli.md", Table(
        "option", OptionCatalog.OfItems, o => $"`{o.CommandLine}`", o => o.CommandLineChoices, o => o.CommandLineDescription));

    [TestMethod]
    public void The_package_lists_them_for_editors()
    {
        var props = new StringBuilder();
        foreach (OptionDescription option in OptionCatalog.OfItems)
        {
            props.Append($"      <!-- {option.Description} Possible: "
                + $"{string.Join(", ", ValuesOf(option, option.Values.Choices)).Replace("`", "")}. -->\n");
            props.Append($"      <{option.Name} />\n");
        }

        Snapshot.Section("buildTransitive/ModelOpt.Build.props", props.ToString());

        var page = new StringBuilder();
        foreach (OptionDescription option in OptionCatalog.OfItems)
        {
            string type = option.Values switch { { Choices.Count: > 0 } => "Enum", WholeValue => "Int", _ => "String" };
            string attributes = $"Name=\"{option.Name}\" DisplayName=\"{Spaced(option)}\" Category=\"{CategoryOf(option)}\" "
                + $"Description=\"{SecurityElement.Escape(option.Description)}\"";
            if (type != "Enum")
            {
                page.Append($"  <{type}Property {attributes} />\n");
                continue;
            }

            page.Append($"  <EnumProperty {attributes}>\n");
            foreach (string name in option.Values.Choices) page.Append($"    <EnumValue Name=\"{name}\" DisplayName=\"{name}\" />\n");
            page.Append("  </EnumProperty>\n");
        }

        Snapshot.Section("buildTransitive/ModelItem.xaml", page.ToString());
        string xaml = File.ReadAllText(Path.Combine(Snapshot.Repository, "buildTransitive/ModelItem.xaml"));
        foreach (OptionDescription option in OptionCatalog.OfItems)
            StringAssert.Contains(xaml, $"<Category Name=\"{CategoryOf(option)}\" ");

        // What Visual Studio asks before it asks MSBuild whether anything changed.
        string[] paths = [.. OptionCatalog.OfItems.Where(o => o.Values is PathValue or PathsValue)
            .Select(o => $"@(ModelItem->'%({o.Name})')")];
        Snapshot.Section("buildTransitive/ModelOpt.Build.targets",
            string.Concat(paths.Select(p => $"    <UpToDateCheckInput Include=\"{p}\" />\n")));

        static string CategoryOf(OptionDescription option)
        {
            string[] words = option.Group.Split(' ', '-');
            return string.Concat(words.Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        }

        static string Spaced(OptionDescription option)
        {
            string words = string.Concat(option.Name.Select(c => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"))[1..];
            return char.ToUpperInvariant(words[0]) + words[1..];
        }
    }

    private static object Example(OptionDescription option, bool other = false) => option.Values switch
    {
        ShareValue => other ? 0.5 : 0.25,
        RateValue => other ? 0.02 : 0.01,
        WholeValue => other ? 13 : 12,
        PatternValue => new SparsityPattern(SparsityKind.NM, other ? 1 : 2, 4),
        NumbersValue => (float[])(other ? [1, 2.5f] : [1, 2]),
        ShapesValue => (InputShape[])(other ? [new("a:0", [1, -1])] : [new(null, [1, 3])]),
        ValuesValue => (InputValue[])(other ? [new("a:0", [1, 0.5])] : [new("a", [1])]),
        StatesValue => (string[])(other ? ["a:b", "c:d"] : ["a:b"]),
        PathValue => option.Name + (other ? "2" : ""),
        PathsValue => (string[])(other ? [option.Name, "b"] : [option.Name]),
        _ => option.Values.Parse(option.Name, option.Values.Choices[other ? 0 : ^1], option.Values.Choices),
    };

    private static string RecipeTable(Func<OptionDescription, bool> filter) => Table(
        "key", OptionCatalog.OfRecipes.Where(filter), o => $"`{o.Key}`", o => o.Values.Choices,
        o => o.IsOfLayers || o.IsExpert ? o.Description : $"{o.Description} Of the model only.");

    private static string Table(
        string heading, IEnumerable<OptionDescription> options, Func<OptionDescription, string> name,
        Func<OptionDescription, IReadOnlyList<string>> choices, Func<OptionDescription, string> description)
    {
        var text = new StringBuilder($"| {heading} | values | meaning |\n| --- | --- | --- |\n");
        foreach (OptionDescription option in options)
        {
            string values = string.Join(", ", ValuesOf(option, choices(option)));
            text.Append($"| {name(option)} | {values} | {description(option)} |\n");
        }

        return text.ToString();
    }

    private static IEnumerable<string> ValuesOf(OptionDescription option, IReadOnlyList<string> choices) => option.Values switch
    {
        { Choices.Count: > 0 } => choices.Select(c => $"`{c}`"),
        PatternValue => ["`Unstructured`", "`N:M`", "`RxC`"],
        NumbersValue => ["`a,b,c`"],
        _ => [option.Values.Possible],
    };
}
