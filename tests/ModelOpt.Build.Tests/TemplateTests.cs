using System.Text.Json;
using System.Xml.Linq;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>The projects that <c>dotnet new</c> makes.</summary>
[TestClass]
internal sealed class TemplateTests
{
    [TestMethod]
    [DataRow("modelopt-console")]
    [DataRow("modelopt-blazor")]
    public void A_template_asks_for_this_version_and_configures_the_model_as_the_sample_does(string name)
    {
        string folder = Repository.PathOf($"src/ModelOpt.Templates/templates/{name}");
        using JsonDocument template = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, ".template.config/template.json")));
        string version = XDocument.Load(Repository.PathOf("Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.AreEqual(version,
            template.RootElement.GetProperty("symbols").GetProperty("modelopt").GetProperty("defaultValue").GetString());

        XElement made = Item(Directory.GetFiles(folder, "*.csproj").Single());
        XElement sample = Item(Repository.PathOf("sample-app/browser/browser.csproj"));
        foreach (XAttribute attribute in sample.Attributes())
            Assert.AreEqual(attribute.Value.Replace("../", "", StringComparison.Ordinal), (string?)made.Attribute(attribute.Name));

        static XElement Item(string project) => XDocument.Load(project).Descendants("ModelItem").Single();
    }

    [TestMethod]
    public void The_console_application_is_made_and_runs()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        using var consumer = new Consumer("templates");
        Assert.IsNotNull(LocalFeed.Version, "the same folders are not built twice at once");
        Run(Repository.Folder, Dotnet.UserPackages, "pack", "src/ModelOpt.Templates", "-o", consumer.Folder, "-nodeReuse:false");
        string hive = consumer.PathOf("hive"), package = consumer.PathOf("ModelOpt.Templates.1.0.0.nupkg");
        Run(consumer.Folder, LocalFeed.RestoredPackages, "new", "install", package, "--debug:custom-hive", hive);
        foreach (string name in new[] { "console", "blazor" })
        {
            Run(consumer.Folder, LocalFeed.RestoredPackages, "new", $"modelopt-{name}", "-o", $"My{name}", "--modelopt", LocalFeed.Version,
                "--debug:custom-hive", hive);
        }

        Assert.IsTrue(File.Exists(consumer.PathOf("Myblazor/wwwroot/index.html")) && File.Exists(consumer.PathOf("Myblazor/App.razor")));
        Assert.IsTrue(File.Exists(consumer.PathOf("Myconsole/data/LICENSE")));
        string printed = Run(consumer.Folder, LocalFeed.RestoredPackages, "run", "--project", "Myconsole");
        StringAssert.StartsWith(printed.Split('\n').First(line => line.Contains('%', StringComparison.Ordinal)).Trim(), "Trouser");
    }

    private static string Run(string folder, string packages, params string[] arguments)
    {
        (int exitCode, string output) = Dotnet.Run(folder, packages, arguments);
        Assert.AreEqual(0, exitCode, output);
        return output;
    }
}
