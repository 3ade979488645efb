using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>The kinds of applications that people have, built in a Turkish locale, where "i" is not the small "I", and run.</summary>
[TestClass]
internal sealed class MatrixTests
{
    private const string Item = """<ModelItem Include="../tiny.onnx" CalibrationData="../data.npy" />""";

    // One package for two frameworks, its version given centrally.
    private const string Library = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFrameworks>net10.0;net10.0-windows</TargetFrameworks>
            <EnableWindowsTargeting>true</EnableWindowsTargeting>
            <DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>
            <PackageId>Pictures</PackageId>
            <!-- As what it depends on is no release here. -->
            <Version>1.0.0-test</Version>
            <RootNamespace>Pictures</RootNamespace>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="ModelOpt.Build" />
            <ModelItem Include="../tiny.onnx" CalibrationData="../data.npy" />
          </ItemGroup>
        </Project>
        """;

    private const string Web = """
        var builder = WebApplication.CreateBuilder(args);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<App.Tiny>();
        var app = builder.Build();
        app.MapGet("/", (App.Tiny model) =>
        {
            using var result = model.Run(new float[App.Tiny.ImageLength]);
            return "scores " + result.Scores.Length;
        });
        await app.StartAsync();
        using var client = new HttpClient();
        Console.WriteLine(await client.GetStringAsync(app.Urls.First()));
        await app.StopAsync();
        """;

    private const string Worker = """
        var builder = Host.CreateApplicationBuilder(args);
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<App.Tiny>();
        builder.Services.AddHostedService<Work>();
        await builder.Build().RunAsync();

        internal sealed class Work(App.Tiny model, IHostApplicationLifetime application) : BackgroundService
        {
            protected override Task ExecuteAsync(CancellationToken stoppingToken)
            {
                using var result = model.Run(new float[App.Tiny.ImageLength]);
                Console.WriteLine("scores " + result.Scores.Length);
                application.StopApplication();
                return Task.CompletedTask;
            }
        }
        """;

    private const string FSharpProject = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <SatelliteResourceLanguages>en</SatelliteResourceLanguages>
          </PropertyGroup>
          <ItemGroup>
            <Compile Include="Program.fs" />
            <PackageReference Include="Pictures" Version="1.0.0-test" />
          </ItemGroup>
        </Project>
        """;

    private const string FSharp = """
        open System

        [<EntryPoint>]
        let main _ =
            use model = new Pictures.Tiny()
            let image = Array.zeroCreate<float32> Pictures.Tiny.ImageLength
            let scores = Array.zeroCreate<float32> Pictures.Tiny.ScoresLength
            model.Run(ReadOnlySpan<float32>(image), Span<float32>(scores))
            printfn "scores %d" scores.Length
            0
        """;

    [TestMethod]
    public void Libraries_and_applications_of_all_kinds_run()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        using var solution = new Consumer("matrix") { Locale = "tr_TR" };
        Write(solution);

        Assert.AreEqual(1, solution.Execute("pack", "library", "-o", solution.PathOf("packages")).Clean().Compressions);
        CheckPackage(solution.PathOf("packages/Pictures.1.0.0-test.nupkg"));

        BuildLog all = solution.Execute("msbuild", "all.proj", "-restore").Clean();
        Assert.AreEqual(0, all.Compressions, "web and worker have the library's model");
        foreach (string application in new[] { "web", "worker", "fsharp" })
            Assert.AreEqual("scores 3", solution.Run($"{application}/bin/Debug/net10.0/{application}.dll"), application);

        // Compressed anew in this locale's own culture: the same bytes.
        string turkish = Convert.ToHexString(File.ReadAllBytes(solution.PathOf("library/obj/Release/modelopt/Tiny.tflite")));
        using Consumer single = Consumer.App("""<ModelItem Include="tiny.onnx" CalibrationData="data.npy" />""");
        string folder = single.PathOf("published");
        single.Execute("publish", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "false", "-p:PublishSingleFile=true",
            "-o", folder).Clean();
        Assert.AreEqual(turkish, Convert.ToHexString(File.ReadAllBytes(single.PathOf("obj/Release/modelopt/Tiny.tflite"))));
        string[] published = [.. Directory.GetFiles(folder).Where(f => !f.EndsWith(".pdb", StringComparison.Ordinal))];
        Assert.HasCount(1, published, string.Join(' ', published));
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(published[0]) { RedirectStandardOutput = true })!;
        Assert.AreEqual(Consumer.Printed, process.StandardOutput.ReadToEnd().Trim());
    }

    private static void Write(Consumer solution)
    {
        TinyModel.Write(solution.PathOf("tiny.onnx"));
        TinyModel.WriteData(solution.PathOf("data.npy"), samples: 4);
        solution.Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="feed" value="{LocalFeed.Folder}" />
                <add key="packages" value="packages" />
              </packageSources>
            </configuration>
            """);
        Directory.CreateDirectory(solution.PathOf("packages"));
        // NuGet extracts a version once.
        string earlier = Path.Combine(LocalFeed.RestoredPackages, "pictures");
        if (Directory.Exists(earlier)) Directory.Delete(earlier, recursive: true);
        solution.Write("library/Directory.Packages.props", $"""
            <Project>
              <PropertyGroup>
                <ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>
              </PropertyGroup>
              <ItemGroup>
                <PackageVersion Include="ModelOpt.Build" Version="{LocalFeed.Version}" />
              </ItemGroup>
            </Project>
            """);
        solution.Write("library/library.csproj", Library);
        foreach ((string name, string sdk, string code) in new[] { ("web", "Web", Web), ("worker", "Worker", Worker) })
        {
            solution.WriteProject($"{name}/{name}.csproj", Item, "<ImplicitUsings>enable</ImplicitUsings>");
            solution.Edit($"{name}/{name}.csproj", "Microsoft.NET.Sdk", $"Microsoft.NET.Sdk.{sdk}");
            solution.Write($"{name}/Program.cs", code);
        }

        // The shared framework has what a worker else takes from a package.
        solution.Edit("worker/worker.csproj", "<ModelItem ", """<FrameworkReference Include="Microsoft.AspNetCore.App" /><ModelItem """);
        solution.Write("fsharp/fsharp.fsproj", FSharpProject);
        solution.Write("fsharp/Program.fs", FSharp);
        solution.Write("all.proj", """
            <Project DefaultTargets="Build">
              <ItemGroup>
                <Application Include="web/web.csproj;worker/worker.csproj;fsharp/fsharp.fsproj" />
              </ItemGroup>
              <Target Name="Restore"><MSBuild Projects="@(Application)" Targets="Restore" /></Target>
              <Target Name="Build"><MSBuild Projects="@(Application)" Targets="Build" /></Target>
            </Project>
            """);
    }

    /// <summary>A library's package needs the runtime, of this version, and nothing of builds.</summary>
    private static void CheckPackage(string file)
    {
        using ZipArchive package = ZipFile.OpenRead(file);
        using Stream nuspec = package.GetEntry("Pictures.nuspec")!.Open();
        XElement[] dependencies = [.. XDocument.Load(nuspec).Descendants().Where(e => e.Name.LocalName == "dependency")];
        Assert.HasCount(2, dependencies);
        foreach (XElement dependency in dependencies)
        {
            Assert.AreEqual("ModelOpt.Runtime", (string?)dependency.Attribute("id"));
            Assert.AreEqual(LocalFeed.Version, (string?)dependency.Attribute("version"));
        }
    }
}
