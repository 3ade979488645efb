using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>What is in the package, and that everything that lists the metadata lists the same.</summary>
[TestClass]
internal sealed class PackageTests
{
    [TestMethod]
    public void The_package_holds_the_tasks_with_what_they_need_and_nothing_of_MSBuild()
    {
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(LocalFeed.Folder, $"ModelOpt.Build.{LocalFeed.Version}.nupkg"));
        string[] files = [.. package.Entries.Select(e => e.FullName).Where(n => n.Contains('/', StringComparison.Ordinal)
            && !n.StartsWith("_rels/", StringComparison.Ordinal) && !n.StartsWith("package/", StringComparison.Ordinal))];
        CollectionAssert.AreEquivalent(
            new[]
            {
                "buildMultiTargeting/ModelOpt.Build.props", "buildMultiTargeting/ModelOpt.Build.targets",
                "buildTransitive/ModelItem.xaml", "buildTransitive/ModelOpt.Build.props", "buildTransitive/ModelOpt.Build.targets",
                "docs/diagnostics.md", "docs/recipe.schema.json", "lib/net10.0/_._", "lib/netstandard2.0/_._",
                "tasks/net10.0/Google.Protobuf.dll", "tasks/net10.0/MathNet.Numerics.dll",
                "tasks/net10.0/ModelOpt.Build.dll",
                "tasks/net10.0/ModelOpt.Compiler.dll", "tasks/net10.0/ModelOpt.Runtime.dll",
            },
            files);

        using Stream nuspec = package.GetEntry("ModelOpt.Build.nuspec")!.Open();
        XElement dependency = XDocument.Load(nuspec).Descendants().Single(e => e.Name.LocalName == "dependency");
        Assert.AreEqual("ModelOpt.Runtime", (string?)dependency.Attribute("id"));
        Assert.AreEqual(LocalFeed.Version, (string?)dependency.Attribute("version"));
    }

    [TestMethod]
    public void The_runtime_is_precompiled_for_this_system()
    {
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(LocalFeed.Folder, $"ModelOpt.Runtime.{LocalFeed.Version}.nupkg"));
        const string assembly = "lib/net10.0/ModelOpt.Runtime.dll";
        string[] precompiled =
            [.. package.Entries.Select(e => e.FullName).Where(n => n.StartsWith("runtimes/", StringComparison.Ordinal))];
        (Guid plain, bool hasCode) = Describe(package.GetEntry(assembly)!);
        Assert.IsFalse(hasCode);
        if (precompiled.Length == 0) Assert.Inconclusive("The package of .NET's compiler (crossgen2) cannot be had.");
        Assert.AreEqual(1, precompiled.Length);
        StringAssert.EndsWith(precompiled[0], "/" + assembly, StringComparison.Ordinal);
        Assert.AreEqual((plain, true), Describe(package.GetEntry(precompiled[0])!));
    }

    /// <summary>Which module an assembly is, and whether it has precompiled code.</summary>
    private static (Guid Module, bool HasCode) Describe(ZipArchiveEntry entry)
    {
        using var copy = new MemoryStream();
        using (Stream stream = entry.Open()) stream.CopyTo(copy);
        copy.Position = 0;
        using var assembly = new PEReader(copy);
        MetadataReader metadata = assembly.GetMetadataReader();
        return (metadata.GetGuid(metadata.GetModuleDefinition().Mvid), assembly.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0);
    }

    [TestMethod]
    public void Every_metadatum_is_in_the_props_the_property_page_and_the_README()
    {
        XElement definition = XDocument.Load(Repository.PathOf("buildTransitive/ModelOpt.Build.props"))
            .Descendants("ItemDefinitionGroup").Elements("ModelItem").Single();
        CollectionAssert.AreEquivalent(ModelItem.Metadata.ToArray(), definition.Elements().Select(e => e.Name.LocalName).ToArray());
        foreach (XElement metadatum in definition.Elements())
        {
            XNode? before = metadatum.NodesBeforeSelf().LastOrDefault(n => n is XElement or XComment);
            Assert.IsInstanceOfType<XComment>(before, $"{metadatum.Name} has no comment in the props.");
        }

        string[] page = [.. XDocument.Load(Repository.PathOf("buildTransitive/ModelItem.xaml")).Root!.Elements()
            .Where(e => e.Name.LocalName.EndsWith("Property", StringComparison.Ordinal)).Select(e => (string)e.Attribute("Name")!)];
        CollectionAssert.AreEquivalent(ModelItem.Metadata.ToArray(), page);

        string readme = File.ReadAllText(Repository.PathOf("README.md"));
        foreach (string name in ModelItem.Metadata) StringAssert.Contains(readme, $"`{name}`");
    }
}
