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
        // Native code comes for this system alone in the feed of tests.
        string native = files.Single(f => f.StartsWith("tasks/net10.0/decoder/runtimes/", StringComparison.Ordinal));
        StringAssert.Contains(native, "/native/libSkiaSharp.", StringComparison.Ordinal);
        CollectionAssert.AreEquivalent(
            new[]
            {
                "buildMultiTargeting/ModelOpt.Build.props", "buildMultiTargeting/ModelOpt.Build.targets",
                "buildTransitive/ModelItem.xaml", "buildTransitive/ModelOpt.Build.props", "buildTransitive/ModelOpt.Build.targets",
                "docs/diagnostics.md", "docs/recipe.schema.json", "lib/net10.0/_._", "lib/netstandard2.0/_._",
                "tasks/net10.0/Google.Protobuf.dll", "tasks/net10.0/MathNet.Numerics.dll",
                "tasks/net10.0/ModelOpt.Build.dll",
                "tasks/net10.0/ModelOpt.Compiler.dll", "tasks/net10.0/ModelOpt.Runtime.dll",
                "tasks/net10.0/decoder/SkiaSharp-NOTICES.txt", "tasks/net10.0/decoder/SkiaSharp.dll",
                "tasks/net10.0/decoder/modelopt-decode.deps.json", "tasks/net10.0/decoder/modelopt-decode.dll",
                "tasks/net10.0/decoder/modelopt-decode.runtimeconfig.json", native,
            },
            files);

        XElement dependency = Nuspec(package).Descendants().Single(e => e.Name.LocalName == "dependency");
        Assert.AreEqual("ModelOpt.Runtime", (string?)dependency.Attribute("id"));
        Assert.AreEqual(LocalFeed.Version, (string?)dependency.Attribute("version"));
    }

    [TestMethod]
    [DataRow("ModelOpt.Build")]
    [DataRow("ModelOpt.Runtime")]
    public void A_package_says_what_it_is_where_it_comes_from_and_whose_files_are_in_it(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(LocalFeed.Folder, $"{id}.{LocalFeed.Version}.nupkg"));
        Check(package, isPublished: false);
    }

    [TestMethod]
    public void The_documented_command_packs_the_tool_and_the_symbols_and_the_tool_runs()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        Assert.IsNotNull(LocalFeed.Version, "the same folders are not built twice at once");
        string folder = Directory.CreateTempSubdirectory("modelopt-").FullName;
        try
        {
            foreach (string project in new[] { "Runtime", "Cli" })
            {
                (int exitCode, string output) = Dotnet.Run(Repository.Folder, Dotnet.UserPackages, "pack", $"src/ModelOpt.{project}", "-c",
                    "Release", "-o", folder, "-p:ProjectUrl=https://modelopt.example/source", "-p:PrecompiledRuntimes=own",
                    "-p:RunAnalyzers=false", "-nodeReuse:false");
                Assert.AreEqual(0, exitCode, output);
            }

            CollectionAssert.AreEquivalent(
                new[]
                {
                    "ModelOpt.Cli.1.0.0.nupkg", "ModelOpt.Cli.1.0.0.snupkg", "ModelOpt.Runtime.1.0.0.nupkg",
                    "ModelOpt.Runtime.1.0.0.snupkg",
                },
                Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
            foreach (string file in Directory.GetFiles(folder, "*.nupkg"))
            {
                using ZipArchive package = ZipFile.OpenRead(file);
                Check(package, isPublished: true);
            }

            Dotnet.Run(folder, Path.Combine(folder, "restored"),
                "tool", "install", "ModelOpt.Cli", "--tool-path", Path.Combine(folder, "tool"), "--add-source", folder);
            using var tool = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
                Path.Combine(folder, "tool", OperatingSystem.IsWindows() ? "modelopt.exe" : "modelopt"), ["inspect", "--help"])
            {
                RedirectStandardOutput = true,
            })!;
            StringAssert.Contains(tool.StandardOutput.ReadToEnd(), "modelopt inspect MODEL");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Holds a package against what users of a registry expect.</summary>
    private static void Check(ZipArchive package, bool isPublished)
    {
        foreach (string file in new[] { "README.md", "icon.png", "THIRD-PARTY-NOTICES.txt" })
            Assert.IsGreaterThan(0, package.GetEntry(file)!.Length, file);
        Dictionary<string, XElement> said = Nuspec(package).Descendants().GroupBy(e => e.Name.LocalName)
            .ToDictionary(e => e.Key, e => e.First());
        foreach (string name in new[] { "description", "authors", "copyright", "tags" })
            Assert.AreNotEqual("", said[name].Value, name);
        Assert.AreEqual(("MIT", "icon.png", "README.md"), (said["license"].Value, said["icon"].Value, said["readme"].Value));
        if (Directory.Exists(Repository.PathOf(".git")))
            Assert.AreEqual(40, ((string?)said["repository"].Attribute("commit"))?.Length, "the commit");
        if (isPublished)
        {
            Assert.AreEqual("https://modelopt.example/source", said["projectUrl"].Value);
            Assert.AreEqual("https://modelopt.example/source", (string?)said["repository"].Attribute("url"));
        }

        using var notices = new StreamReader(package.GetEntry("THIRD-PARTY-NOTICES.txt")!.Open());
        string text = notices.ReadToEnd();
        foreach (ZipArchiveEntry entry in package.Entries.Where(e => e.Name.EndsWith(".dll", StringComparison.Ordinal)))
        {
            string name = Path.GetFileNameWithoutExtension(entry.Name);
            if (name.StartsWith("modelopt", StringComparison.OrdinalIgnoreCase)) continue;
            StringAssert.Matches(text, new System.Text.RegularExpressions.Regex(
                $@"(^|, ){System.Text.RegularExpressions.Regex.Escape(name)}(,|$)", System.Text.RegularExpressions.RegexOptions.Multiline));
        }
    }

    private static XDocument Nuspec(ZipArchive package)
    {
        using Stream nuspec = package.Entries.Single(e => e.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(nuspec);
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
