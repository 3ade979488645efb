using System.Reflection;
using System.Security;
using System.Text;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Tests.Options;

/// <summary>The options, and everything in the repository that lists them.</summary>
[TestClass]
public sealed class OptionCatalogTests
{
    [TestMethod]
    public void Every_property_of_the_options_is_in_the_catalog_and_is_set_by_it()
    {
        PropertyInfo[] properties = [.. typeof(ModelOptions).GetProperties().Where(p => p.CanWrite)];
        CollectionAssert.AreEquivalent(
            properties.Select(p => p.Name).ToArray(), OptionCatalog.All.Select(o => o.Name).ToArray());
        foreach (OptionDescription option in OptionCatalog.All)
        {
            PropertyInfo property = properties.Single(p => p.Name == option.Name);
            Assert.AreEqual(property.DeclaringType == typeof(LayerOptions), option.IsOfLayers, option.Name);
            object value = Example(option);
            // What is set is set alone, and options stay of their type.
            CompileOptions set = option.In(new CompileOptions { CalibrationSamples = 7 }, value);
            Assert.AreEqual(7, set.CalibrationSamples);
            foreach (OptionDescription other in OptionCatalog.All)
                Assert.AreEqual(other == option ? value : null, other.Of(set), $"{other.Name} of {option.Name}");
            Assert.AreEqual(value, property.GetValue(set), option.Name);
            if (option.IsOfLayers) Assert.AreEqual(value, option.Of(option.In(new LayerRule("a"), value)));
        }
    }

    [TestMethod]
    public void What_is_written_is_read_in_every_spelling()
    {
        foreach (OptionDescription option in OptionCatalog.All)
        {
            object value = Example(option);
            string text = option.Values.Format(value);
            Assert.AreEqual(value, option.Values.Parse(option.Name, text, option.Values.Choices));
            Assert.AreEqual(value, option.Values.Parse(option.Name, $" {text.ToUpperInvariant()} ", option.Values.Choices));
            foreach ((string name, string word) in option.Values.Choices.Zip(option.CommandLineChoices))
                Assert.AreEqual(name, option.Values.Parse("--x", word, option.CommandLineChoices).ToString());
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
    [DataRow("SparsityPattern", "4:2", "MOPT6013", "'4:2' is not N:M with N below M, both from 1 to 256; the nearest possible value is 2:4.")]
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
    [DataRow("LearningRate", "0", "MOPT6013", "LearningRate: '0' is not a number above 0 and up to 1; the nearest possible value is 1E-08.")]
    [DataRow("LearningRate", "2", "MOPT6013", "the nearest possible value is 1.")]
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
                }
            }
        }
    }

    [TestMethod]
    public void The_documentation_of_recipes_lists_them() => Snapshot.Section("docs/recipes.md", Table(
        "key", o => $"`{o.Key}`", o => o.Values.Choices, o => o.IsOfLayers ? $"{o.Description}" : $"{o.Description} Of the model only."));

    [TestMethod]
    public void The_documentation_of_the_command_line_lists_them() => Snapshot.Section("docs/cli.md", Table(
        "option", o => $"`{o.CommandLine}`", o => o.CommandLineChoices, o => o.CommandLineDescription));

    [TestMethod]
    public void The_package_lists_them_for_editors()
    {
        var props = new StringBuilder();
        foreach (OptionDescription option in OptionCatalog.All)
        {
            props.Append($"      <!-- {option.Description} Possible: {string.Join(", ", ValuesOf(option, option.Values.Choices)).Replace("`", "")}. -->\n");
            props.Append($"      <{option.Name} />\n");
        }

        Snapshot.Section("buildTransitive/ModelOpt.Build.props", props.ToString());

        var page = new StringBuilder();
        foreach (OptionDescription option in OptionCatalog.All)
        {
            string type = option.Values switch { { Choices.Count: > 0 } => "Enum", WholeValue => "Int", _ => "String" };
            string attributes = $"Name=\"{option.Name}\" DisplayName=\"{Spaced(option)}\" Category=\"{option.Group switch
            {
                "Channel pruning" => "ChannelPruning",
                "Fine-tuning" => "FineTuning",
                "Random choices" => "RandomChoices",
                _ => option.Group,
            }}\" Description=\"{SecurityElement.Escape(option.Description)}\"";
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

        static string Spaced(OptionDescription option)
        {
            string words = option.CommandLine[2..].Replace('-', ' ');
            return char.ToUpperInvariant(words[0]) + words[1..];
        }
    }

    private static object Example(OptionDescription option) => option.Values switch
    {
        ShareValue => 0.25,
        RateValue => 0.01,
        WholeValue => 12,
        PatternValue => new SparsityPattern(SparsityKind.NM, 2, 4),
        _ => option.Values.Parse(option.Name, option.Values.Choices[^1], option.Values.Choices),
    };

    private static string Table(
        string heading, Func<OptionDescription, string> name, Func<OptionDescription, IReadOnlyList<string>> choices,
        Func<OptionDescription, string> description)
    {
        var text = new StringBuilder($"| {heading} | values | meaning |\n| --- | --- | --- |\n");
        foreach (OptionDescription option in OptionCatalog.All)
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
        _ => [option.Values.Possible],
    };
}
