using System.Text.Json.Nodes;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

[TestClass]
internal sealed class DependOnRuntimeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("modelopt-").FullName;

    [TestMethod]
    [DataRow("""{ "ModelOpt.Build": { "target": "Package", "version": "[1.0.0, )" } }""",
        """{ "ModelOpt.Runtime": { "target": "Package", "version": "[1.0.0, )" } }""")]
    [DataRow("""{ "modelopt.build": { "suppressParent": "All", "version": "[1.0.0, )" }, "Other": { "version": "[2.0.0, )" } }""",
        """{ "Other": { "version": "[2.0.0, )" }, "ModelOpt.Runtime": { "version": "[1.0.0, )" } }""")]
    [DataRow("""{ "ModelOpt.Build": { "version": "[1.0.0, )" }, "ModelOpt.Runtime": { "version": "[1.1.0, )" } }""",
        """{ "ModelOpt.Runtime": { "version": "[1.1.0, )" } }""")]
    [DataRow("""{ "Other": { "version": "[2.0.0, )" } }""", """{ "Other": { "version": "[2.0.0, )" } }""")]
    public void The_runtime_stands_for_the_tasks(string dependencies, string expected)
    {
        string from = Path.Combine(_folder, "from.json"), to = Path.Combine(_folder, "to.json");
        File.WriteAllText(from,
            $$$"""{ "project": { "frameworks": { "net10.0": { "dependencies": {{{dependencies}}} }, "net11.0": {} } } }""");
        Assert.IsTrue(new DependOnRuntime { ProjectDirectory = _folder, HelpFile = from, From = from, To = to }.Execute());
        JsonNode written = JsonNode.Parse(File.ReadAllText(to))!["project"]!["frameworks"]!["net10.0"]!["dependencies"]!;
        Assert.IsTrue(JsonNode.DeepEquals(JsonNode.Parse(expected), written), written.ToJsonString());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
